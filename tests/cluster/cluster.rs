//! A cluster of some nodes, with three clients, for one case.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pintle_tests::{PATIENCE, RealSocket, within};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::adapter::Adapter;
use crate::stage::Stage;

/// How many clients there are in each namespace, whatever the number of nodes: the third is on the first node where there are two.
pub(crate) const CLIENTS: usize = 3;

/// Whose server a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Maker {
    Node,
    Pintle,
}

/// What a case wants besides three clients of `/`.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The namespaces, with three clients in each.
    pub(crate) nsps: &'static [&'static str],
    /// Options of the adapter besides its own.
    pub(crate) options: Value,
    /// Options of the servers.
    pub(crate) server: Value,
    /// The events for servers that each node has a handler for, by their names, and what it answers.
    pub(crate) heard: fn(node: usize) -> Value,
}

impl Default for Plan {
    fn default() -> Self {
        Self { nsps: &["/"], options: json!({}), server: json!({}), heard: |_| json!({}) }
    }
}

/// Nodes over a broker, and their clients. The first node is the one that begins.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) adapter: Adapter,
    pub(crate) stage: Arc<Stage>,
    pub(crate) nodes: Vec<Node>,
    /// Of `/`, or the first namespace of the plan. Client `k` is on node `k`, modulo the number of nodes.
    pub(crate) clients: Vec<RealSocket>,
    /// Those of further namespaces.
    pub(crate) others: HashMap<&'static str, Vec<RealSocket>>,
    /// What all channels of this cluster begin with.
    pub(crate) prefix: String,
    pub(crate) url: String,
    /// On how many nodes somebody is in a room, where that is to be known.
    rooms: HashMap<(String, String), Vec<usize>>,
    fences: u64,
}

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) maker: Maker,
    number: u64,
    stage: Arc<Stage>,
    pub(crate) address: SocketAddr,
    heard: mpsc::UnboundedReceiver<Value>,
}

impl Node {
    /// Has it do something.
    pub(crate) async fn run(&self, what: &str, command: Value) -> Value {
        self.try_run(what, command).await.unwrap_or_else(|error| panic!("a node of {:?}: {error}", self.maker))
    }

    /// Has it do something that may fail.
    pub(crate) async fn try_run(&self, what: &str, mut command: Value) -> Result<Value, String> {
        command["node"] = self.number.into();
        self.stage.run(self.maker, what, command).await
    }

    /// The next thing that it hears of another server, as `[namespace, event, argument, ...]`.
    pub(crate) async fn heard(&mut self) -> Value {
        within("a server to hear of another", self.heard.recv()).await.expect("the program runs")
    }

    /// What it has heard of other servers until now.
    pub(crate) fn heard_by_now(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }
}

impl Cluster {
    /// Opens the nodes, connects three clients to each namespace, and waits until all hear each other. `None`, said loudly, if
    /// something is missing.
    pub(crate) async fn open(adapter: Adapter, makers: &[Maker], plan: &Plan) -> Option<Self> {
        static CLUSTERS: AtomicU64 = AtomicU64::new(0);

        let stage = Stage::get().await?;
        let (command, url) = (adapter.command(&stage).await?, adapter.url(&stage).await?);
        let prefix = format!("c{}", CLUSTERS.fetch_add(1, Ordering::Relaxed));
        let mut cluster = Self {
            adapter,
            nodes: Vec::new(),
            clients: Vec::new(),
            others: HashMap::new(),
            prefix,
            url,
            rooms: HashMap::new(),
            fences: 0,
            stage,
        };
        for (index, maker) in makers.iter().enumerate() {
            let mut command = command.clone();
            let options = command["options"].as_object_mut().expect("options");
            options.extend(plan.options.as_object().expect("options").clone());
            command["server"] = plan.server.clone();
            command["nsps"] = json!(plan.nsps);
            command["heard"] = (plan.heard)(index);
            cluster.add_node(*maker, command).await;
        }
        for (index, nsp) in plan.nsps.iter().enumerate() {
            let mut clients = Vec::with_capacity(CLIENTS);
            for client in 0..CLIENTS {
                clients.push(cluster.connect(client % makers.len(), nsp).await);
            }
            cluster.ready(nsp, &mut clients).await;
            match index {
                0 => cluster.clients = clients,
                _ => drop(cluster.others.insert(nsp, clients)),
            }
        }
        Some(cluster)
    }

    async fn add_node(&mut self, maker: Maker, mut command: Value) {
        static NODES: AtomicU64 = AtomicU64::new(0);

        let number = NODES.fetch_add(1, Ordering::Relaxed);
        command["node"] = number.into();
        command["prefix"] = json!(self.prefix);
        let heard = match maker {
            Maker::Node => self.stage.node.listen(number),
            Maker::Pintle => self.stage.pintle.listen(number),
        };
        let port =
            self.stage.run(maker, "open", command).await.unwrap_or_else(|error| panic!("a node of {maker:?}: {error}"));
        let port = u16::try_from(port.as_u64().expect("a port")).expect("a port");
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        self.nodes.push(Node { maker, number, stage: self.stage.clone(), address, heard });
    }

    /// One more client of a node.
    pub(crate) async fn connect(&mut self, node: usize, nsp: &str) -> RealSocket {
        self.connect_with(node, nsp, json!({ "transports": ["websocket"] })).await
    }

    /// One more client of a node, with options of its own.
    pub(crate) async fn connect_with(&mut self, node: usize, nsp: &str, options: Value) -> RealSocket {
        let mut client = self.stage.clients.open_at(self.nodes[node].address, nsp, options).await;
        client.connected().await;
        let id = client.id().to_owned();
        self.joined(node, nsp, &id).await;
        client
    }

    /// Waits until all nodes hear each other in a namespace, and count each other.
    async fn ready(&mut self, nsp: &str, clients: &mut [RealSocket]) {
        let nodes = self.nodes.len();
        let mut heard = vec![vec![false; nodes]; clients.len()];
        let ready = async {
            while heard.iter().flatten().any(|heard| !heard) {
                for (index, node) in self.nodes.iter().enumerate() {
                    node.run("emit", json!({ "nsp": nsp, "args": ["ready", index] })).await;
                }
                sleep(Duration::from_millis(10)).await;
                for (client, heard) in clients.iter_mut().zip(&mut heard) {
                    for event in client.heard_by_now().await {
                        heard[usize::try_from(event[1].as_u64().expect("a node")).expect("a node")] = true;
                    }
                }
            }
            for node in &self.nodes {
                loop {
                    match node.try_run("fetch", json!({ "nsp": nsp })).await {
                        Ok(sockets) if sockets.as_array().is_some_and(|all| all.len() == clients.len()) => break,
                        _ => sleep(Duration::from_millis(10)).await,
                    }
                }
            }
        };
        within("all nodes to hear each other", ready).await;
        for from in 0..nodes {
            self.fence_of(from, nsp, clients).await;
        }
    }

    /// Has a client's socket join a room, and waits until its node hears what is sent there.
    pub(crate) async fn join(&mut self, client: usize, room: &str) {
        let node = client % self.nodes.len();
        self.clients[client].ask("join", json!([room])).await;
        self.joined(node, "/", room).await;
    }

    async fn joined(&mut self, node: usize, nsp: &str, room: &str) {
        if !self.adapter.has_channel(room) {
            return;
        }
        let nodes = self.rooms.entry((nsp.to_owned(), room.to_owned())).or_default();
        if !nodes.contains(&node) {
            nodes.push(node);
        }
        let (channel, nodes) = (format!("{}#{nsp}#{room}#", self.prefix), nodes.len());
        let listening = async {
            while self.listeners("SHARDNUMSUB", &channel).await < nodes as u64 {
                sleep(Duration::from_millis(1)).await;
            }
        };
        within(&format!("{nodes} nodes to listen to {channel}"), listening).await;
    }

    /// How many listen to a channel of Redis.
    pub(crate) async fn listeners(&self, count: &str, channel: &str) -> u64 {
        let counted = self.broker("redis", json!({ "args": ["PUBSUB", count, channel] })).await;
        counted[1].as_u64().expect("a count")
    }

    /// Has the hand on the broker do something.
    pub(crate) async fn broker(&self, what: &str, mut command: Value) -> Value {
        command["url"] = json!(self.url);
        self.stage.broker.run(what, command).await.unwrap_or_else(|error| panic!("the broker: {error}"))
    }

    /// Has the first node do something.
    pub(crate) async fn first(&self, what: &str, command: Value) -> Value {
        self.nodes[0].run(what, command).await
    }

    /// What each client of `/` has heard of what the first node sent before this.
    pub(crate) async fn heard(&mut self) -> Vec<Vec<Value>> {
        let mut clients = std::mem::take(&mut self.clients);
        let heard = self.fence_of(0, "/", &mut clients).await;
        self.clients = clients;
        heard
    }

    /// What each client of another namespace has heard of what the first node sent there before this.
    pub(crate) async fn heard_in(&mut self, nsp: &'static str) -> Vec<Vec<Value>> {
        let mut clients = self.others.remove(nsp).expect("a namespace of the plan");
        let heard = self.fence_of(0, nsp, &mut clients).await;
        self.others.insert(nsp, clients);
        heard
    }

    /// What clients have heard of what a node sent before this. It sends something after it, which everybody hears: what one
    /// node sends is heard in order.
    pub(crate) async fn fence_of(&mut self, node: usize, nsp: &str, clients: &mut [RealSocket]) -> Vec<Vec<Value>> {
        self.fences += 1;
        let fence = json!(["fence", self.fences]);
        self.nodes[node].run("emit", json!({ "nsp": nsp, "args": fence })).await;
        let mut all = Vec::with_capacity(clients.len());
        for client in clients {
            let mut heard = Vec::new();
            loop {
                match client.heard().await {
                    // Where clients may come back, something follows.
                    event if event[0] == fence[0] && event[1] == fence[1] => break,
                    // Another one's, or of when the nodes did not all hear each other.
                    event if event[0] == "fence" || event[0] == "ready" => {}
                    event => heard.push(event),
                }
            }
            all.push(heard);
        }
        all
    }

    /// Asserts that these clients of `/`, and no others, hear this and nothing else.
    #[track_caller]
    pub(crate) fn assert_heard(&mut self, event: Value, by: &[usize]) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            // Over PostgreSQL what is large or binary may come after what was sent later: so it is waited for first.
            for client in by {
                let heard = self.clients[*client].heard().await;
                assert!(heard == event, "at {caller}: client {client} heard {heard}, not {event}");
            }
            let heard = self.heard().await;
            assert!(heard.iter().all(Vec::is_empty), "at {caller}: besides {event} clients heard {heard:?}");
        }
    }

    /// The id of a client's socket.
    pub(crate) fn id(&self, client: usize) -> String {
        self.clients[client].id().to_owned()
    }

    /// The node that a client is on.
    pub(crate) fn node_of(&self, client: usize) -> &Node {
        &self.nodes[client % self.nodes.len()]
    }

    /// The rooms of a client's socket, in order, but for that of its id.
    pub(crate) async fn rooms(&self, client: usize) -> Vec<String> {
        let id = self.id(client);
        let rooms = self.node_of(client).run("rooms", json!({ "id": id })).await;
        let mut rooms: Vec<String> = serde_json::from_value(rooms).expect("names");
        rooms.retain(|room| *room != id);
        rooms.sort();
        rooms
    }

    /// Waits until each client of `/` is in these rooms.
    pub(crate) async fn settled(&self, expected: [&[&str]; CLIENTS]) {
        for (client, expected) in expected.into_iter().enumerate() {
            let mut rooms = self.rooms(client).await;
            let settled = async {
                while rooms != expected {
                    sleep(Duration::from_millis(2)).await;
                    rooms = self.rooms(client).await;
                }
            };
            if timeout(PATIENCE, settled).await.is_err() {
                panic!("client {client} is in {rooms:?}, expected {expected:?}");
            }
        }
    }

    /// Closes all nodes.
    pub(crate) async fn close(self) {
        for node in &self.nodes {
            node.run("close", json!({})).await;
        }
    }
}
