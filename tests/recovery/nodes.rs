//! Two nodes of a cluster, and a client that is cut off from one and comes back to the other.

use std::time::Duration;

use axum::Router;
use pintle::{ClusterStatus, Namespace, Socket, SocketIo, SocketIoLayer, StateRecovery};
use pintle_redis::StreamsAdapter;
use pintle_tests::{Client, Redis, TestServer, Transport, eventually};
use serde_json::{Value, json};

/// Two nodes, and the Redis between them.
pub(crate) struct Cluster {
    pub(crate) redis: Redis,
    pub(crate) nodes: Vec<Node>,
}

/// A server among others.
pub(crate) struct Node {
    server: TestServer,
    pub(crate) io: SocketIo,
}

/// A client, and what it knows of before.
pub(crate) struct Guest {
    pub(crate) client: Client,
    pub(crate) sid: String,
    pub(crate) pid: String,
    pub(crate) offset: Option<String>,
}

impl Cluster {
    /// Nothing, said loudly, when there is no redis-server.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with(|adapter| adapter).await
    }

    pub(crate) async fn start_with(options: impl Fn(StreamsAdapter) -> StreamsAdapter) -> Option<Self> {
        let redis = Redis::start_persistent().await?;
        let mut nodes = Vec::new();
        for _ in 0..2 {
            let adapter = StreamsAdapter::connect(&redis.url()).await.expect("a server that is there");
            nodes.push(Node::start(options(adapter)).await);
        }
        Some(Self { redis, nodes })
    }
}

impl Node {
    pub(crate) async fn start(adapter: StreamsAdapter) -> Self {
        let realtime = SocketIoLayer::new()
            .adapter(adapter)
            .recovery(StateRecovery::new().max_disconnection(Duration::from_secs(60)))
            .on_connect(async |socket: Socket| {
                if !socket.is_recovered() {
                    socket.set_data(json!({ "name": "Ada" }));
                    socket.join("room").expect("a room");
                }
            })
            .on("bye", async |socket: Socket| {
                socket.emit("last", "word")?;
                socket.disconnect();
                Ok::<_, pintle::EmitError>(())
            })
            .namespace("/other", Namespace::new());
        let io = realtime.io();
        let server = TestServer::start(Router::new().layer(realtime)).await;
        eventually("the broker to be there", || io.cluster_status() == ClusterStatus::Connected).await;
        Self { server, io }
    }

    /// A client that is new.
    pub(crate) async fn visit(&self) -> Guest {
        let mut client = Client::open(self.server.socket_io(), Transport::WebSocket).await;
        client.send("40").await;
        let answer = client.text().await;
        let mut guest = Guest { client, sid: String::new(), pid: String::new(), offset: None };
        guest.learn(&answer);
        eventually("the client to be in the room", || self.sockets_in("room").contains(&guest.sid)).await;
        guest
    }

    /// A client that comes back, with what it says for itself. What it is sent first, its CONNECT last.
    pub(crate) async fn visit_again(&self, pid: &str, offset: &str) -> (Guest, Vec<Value>) {
        let mut client = Client::open(self.server.socket_io(), Transport::WebSocket).await;
        client.send(&format!("40{}", json!({ "pid": pid, "offset": offset }))).await;
        let mut missed = Vec::new();
        loop {
            let text = client.text().await;
            if text.starts_with("40") {
                let mut guest = Guest { client, sid: String::new(), pid: String::new(), offset: None };
                guest.learn(&text);
                return (guest, missed);
            }
            missed.push(event(&text));
        }
    }

    pub(crate) fn sockets_in(&self, room: &str) -> Vec<String> {
        self.io.to(room).local().sockets().iter().map(|socket| socket.id().to_string()).collect()
    }

    /// Cuts a client off, and waits until this node has said what there is of it.
    pub(crate) async fn cut_off(&self, guest: Guest, redis: &Redis) -> (String, String, String) {
        let Guest { client, sid, pid, offset } = guest;
        drop(client);
        let key = format!("sio:session:{pid}");
        while redis.cli(&["exists", &key]).await != "1" {
            tokio::task::yield_now().await;
        }
        (sid, pid, offset.expect("a client that has got something"))
    }
}

impl Guest {
    fn learn(&mut self, answer: &str) {
        let said: Value = serde_json::from_str(answer.strip_prefix("40").expect("a CONNECT")).expect("JSON");
        let text = |key: &str| said[key].as_str().expect("an id").to_owned();
        (self.sid, self.pid) = (text("sid"), text("pid"));
    }

    /// The next event, without its place, which the client remembers.
    pub(crate) async fn next(&mut self) -> Value {
        let mut event = event(&self.client.text().await);
        let last = event.as_array_mut().expect("an event").pop();
        self.offset = last.and_then(|last| last.as_str().map(str::to_owned));
        assert!(self.offset.as_deref().is_some_and(is_place), "{event} has {:?}", self.offset);
        event
    }

    /// The next event, whole.
    pub(crate) async fn next_whole(&mut self) -> Value {
        event(&self.client.text().await)
    }
}

pub(crate) fn is_place(text: &str) -> bool {
    text.split_once('-').is_some_and(|(millis, seq)| millis.parse::<u64>().is_ok() && seq.parse::<u64>().is_ok())
}

/// Events without their places.
pub(crate) fn without_places(events: Vec<Value>) -> Vec<Value> {
    let strip = |mut event: Value| {
        let last = event.as_array_mut().and_then(Vec::pop).unwrap_or_default();
        assert!(last.as_str().is_some_and(is_place), "{event} has {last}");
        event
    };
    events.into_iter().map(strip).collect()
}

fn event(text: &str) -> Value {
    serde_json::from_str(text.strip_prefix("42").unwrap_or_else(|| panic!("an event, not {text}"))).expect("JSON")
}
