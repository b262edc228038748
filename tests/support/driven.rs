//! `socket.io-client` under Node.js, led by a Rust test step by step: what the server does and what a client hears stand in
//! one place.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::{mpsc, oneshot};

use crate::scripts;
use crate::time::within;

/// Node.js with official clients of one server. It ends when this and all its sockets are dropped.
#[derive(Clone, Debug)]
pub struct Driver(Arc<Node>);

#[derive(Debug)]
struct Node {
    _process: Child,
    input: tokio::sync::Mutex<ChildStdin>,
    told: Arc<Mutex<Told>>,
}

/// Where to put what Node tells.
#[derive(Debug, Default)]
struct Told {
    sockets: Vec<mpsc::UnboundedSender<Value>>,
    done: HashMap<u64, oneshot::Sender<Value>>,
    tickets: u64,
}

impl Driver {
    /// Starts Node.js; `None`, said loudly, when the packages of `interop/package.json` are not installed.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start(address: SocketAddr) -> Option<Self> {
        Self::start_with(&[("PORT", &address.port().to_string())])
    }

    /// Starts Node.js, for clients that are each told [which server](Self::open_at) they are for.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_for_many() -> Option<Self> {
        Self::start_with(&[])
    }

    fn start_with(variables: &[(&str, &str)]) -> Option<Self> {
        let mut command = scripts::node_command()?;
        command.arg("driven.mjs").envs(variables.iter().copied());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Node starts");
        let input = process.stdin.take().expect("its input is piped");
        let output = process.stdout.take().expect("its output is piped");
        let told = Arc::<Mutex<Told>>::default();
        let hear = told.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let line: Value = serde_json::from_str(&line).expect("a line of JSON");
                lock(&hear).hear(line);
            }
            // Whoever waits for something waits in vain.
            *lock(&hear) = Told::default();
        });
        Some(Self(Arc::new(Node { _process: process, input: input.into(), told })))
    }

    /// A client that is about to connect to a namespace, with options of the client's own.
    pub async fn open(&self, namespace: &str, options: Value) -> RealSocket {
        self.open_beside(None, None, namespace, options).await
    }

    /// A client that is about to connect to a namespace of the server at `address`.
    pub async fn open_at(&self, address: SocketAddr, namespace: &str, options: Value) -> RealSocket {
        self.open_beside(None, Some(address), namespace, options).await
    }

    /// A client that has connected to `/`, over a WebSocket from the start.
    pub async fn connect(&self) -> RealSocket {
        self.connect_to("/").await
    }

    /// So many of them.
    pub async fn connect_all<const N: usize>(&self) -> [RealSocket; N] {
        let mut sockets = Vec::with_capacity(N);
        for _ in 0..N {
            sockets.push(self.connect().await);
        }
        sockets.try_into().expect("as many as were opened")
    }

    /// A client that has connected to a namespace, over a WebSocket from the start.
    pub async fn connect_to(&self, namespace: &str) -> RealSocket {
        let mut socket = self.open(namespace, json!({ "transports": ["websocket"] })).await;
        socket.connected().await;
        socket
    }

    async fn open_beside(
        &self,
        beside: Option<usize>,
        address: Option<SocketAddr>,
        namespace: &str,
        options: Value,
    ) -> RealSocket {
        let (sender, heard) = mpsc::unbounded_channel();
        let number = {
            let mut told = lock(&self.0.told);
            told.sockets.push(sender);
            told.sockets.len() - 1
        };
        let socket = RealSocket { driver: self.clone(), number, id: String::new(), heard };
        let server = address.map(|address| format!("http://{address}"));
        let open = json!({ "server": server, "namespace": namespace, "options": options, "beside": beside });
        socket.run("open", open).await;
        socket
    }
}

/// A socket of the official client.
#[derive(Debug)]
pub struct RealSocket {
    driver: Driver,
    number: usize,
    id: String,
    heard: mpsc::UnboundedReceiver<Value>,
}

impl RealSocket {
    /// Its id of the last time that it was waited for to [connect](Self::connected).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The next thing that it hears, as `[event, argument, ...]`: `connect` with the id, `connect_error` with message and
    /// data, `disconnect` with the reason, and events of the server.
    pub async fn heard(&mut self) -> Value {
        within("the client to hear something", self.heard.recv()).await.expect("Node runs")
    }

    /// Waits for the connection, which must be what it hears next.
    pub async fn connected(&mut self) {
        let heard = self.heard().await;
        assert_eq!(heard[0], "connect", "{heard}");
        heard[1].as_str().expect("an id").clone_into(&mut self.id);
    }

    /// What it has heard by now. The server must acknowledge `sync`: it answers in order, so that all that it emitted
    /// before is here by then.
    pub async fn heard_by_now(&mut self) -> Vec<Value> {
        self.ask("sync", json!([])).await;
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    /// Asserts that it has heard nothing by now. As for [`heard_by_now`](Self::heard_by_now).
    pub async fn assert_silent(&mut self) {
        let heard = self.heard_by_now().await;
        assert!(heard.is_empty(), "{heard:?}");
    }

    /// Emits an event. The arguments are a list.
    pub async fn emit(&self, event: &str, args: Value) {
        self.run("emit", json!({ "event": event, "args": args })).await;
    }

    /// Emits an event and gives the first argument of the acknowledgement.
    pub async fn ask(&self, event: &str, args: Value) -> Value {
        self.run("ask", json!({ "event": event, "args": args })).await
    }

    /// Acknowledges an event with these arguments from now on.
    pub async fn answer(&self, event: &str, args: Value) {
        self.run("answer", json!({ "event": event, "args": args })).await;
    }

    /// A socket of another namespace on the same connection.
    pub async fn beside(&self, namespace: &str) -> Self {
        self.driver.open_beside(Some(self.number), None, namespace, json!({})).await
    }

    /// Connects again.
    pub async fn connect(&self) {
        self.run("connect", json!({})).await;
    }

    /// Has it connect to the server at `address` the next time.
    pub async fn move_to(&self, address: SocketAddr) {
        self.run("move", json!({ "server": format!("http://{address}") })).await;
    }

    /// Leaves the namespace.
    pub async fn disconnect(&self) {
        self.run("disconnect", json!({})).await;
    }

    /// Closes the connection under it.
    pub async fn cut(&self) {
        self.run("cut", json!({})).await;
    }

    /// Whether it is `connected` and `recovered`, and the name of its `transport`.
    pub async fn state(&self) -> Value {
        self.run("state", json!({})).await
    }

    /// Has Node do something, and gives what comes of it.
    async fn run(&self, what: &str, mut command: Value) -> Value {
        let (sender, done) = oneshot::channel();
        let ticket = {
            let mut told = lock(&self.driver.0.told);
            told.tickets += 1;
            let ticket = told.tickets;
            told.done.insert(ticket, sender);
            ticket
        };
        command["do"] = what.into();
        command["socket"] = self.number.into();
        command["ticket"] = ticket.into();
        let line = format!("{command}\n");
        self.driver.0.input.lock().await.write_all(line.as_bytes()).await.expect("Node runs");
        within(what, done).await.expect("Node runs")
    }
}

impl Told {
    fn hear(&mut self, mut line: Value) {
        let socket = line["socket"].as_u64().and_then(|number| self.sockets.get(usize::try_from(number).ok()?));
        if let (Some(socket), Some(_)) = (socket, line.get("heard")) {
            // Nobody may be interested any more.
            let _ = socket.send(line["heard"].take());
        } else if let Some(done) = line["done"].as_u64().and_then(|ticket| self.done.remove(&ticket)) {
            let _ = done.send(line["value"].take());
        }
    }
}

// Nothing under these locks can panic half-way.

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
