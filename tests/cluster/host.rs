//! Nodes of this library, which take the commands that those of Node.js take (`node.mjs`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use pintle::{
    Ack, Args, Broadcast, BroadcastAckError, Data, Namespace, RemoteSocket, Socket, SocketId, SocketIo, SocketIoLayer,
    StateRecovery,
};
use pintle_postgres::PostgresAdapter;
use pintle_redis::{RedisAdapter, ShardedRedisAdapter, StreamsAdapter, SubscriptionMode};
use pintle_tests::TestServer;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::host::data::{Arguments, Shown};

mod data;

/// Declares what each namespace has: that of `/` is declared on the layer itself, which has the same methods.
macro_rules! declare {
    ($place:expr, $nsp:expr, $heard:expr, $ear:expr) => {{
        let mut place =
            $place.on("sync", async || Ack(())).on("join", async |socket: Socket, Data(room): Data<Value>| {
                // As Node has it, where a room may be a number.
                let _ = socket.join(name_of(&room));
                Ack(())
            });
        for (event, answer) in $heard {
            let (nsp, told, ear, answer) = ($nsp.to_owned(), event.clone(), $ear.clone(), answer.clone());
            place = place.on_server_event(event, async move |args: Args| {
                let mut heard = vec![json!(nsp), json!(told)];
                heard.extend(Shown::all(&args));
                // Nobody may be interested any more.
                let _ = ear.send(Value::Array(heard));
                match answer {
                    Some(answer) => Ack(Arguments(answer)),
                    None => std::future::pending().await,
                }
            });
        }
        place
    }};
}
type Outcome = Result<Value, String>;

/// Any number of nodes.
#[derive(Debug, Default)]
pub(crate) struct Host {
    nodes: Mutex<HashMap<u64, Node>>,
    ears: Mutex<HashMap<u64, mpsc::UnboundedSender<Value>>>,
}

/// A server. It listens as long as this is there.
#[derive(Debug)]
struct Node {
    io: SocketIo,
    _server: TestServer,
}

/// What a command says; which of it, depends on what is to be done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Command {
    node: u64,
    nsp: Option<String>,
    from: Option<String>,
    id: String,
    to: Vec<Value>,
    except: Vec<Value>,
    local: bool,
    volatile: bool,
    timeout: Option<u64>,
    close: bool,
    rooms: Vec<Value>,
    args: Vec<Value>,
    data: Value,
}

/// How a node is made.
#[derive(Debug, Deserialize)]
struct Opening {
    kind: String,
    url: String,
    prefix: String,
    options: Value,
    server: Value,
    nsps: Vec<String>,
    heard: HashMap<String, Option<Vec<Value>>>,
}

impl Host {
    /// What the server of this number, which is about to be opened, hears of others.
    pub(crate) fn listen(&self, node: u64) -> mpsc::UnboundedReceiver<Value> {
        let (sender, heard) = mpsc::unbounded_channel();
        lock(&self.ears).insert(node, sender);
        heard
    }

    /// Has a node do something.
    pub(crate) async fn run(&self, what: &str, command: Value) -> Outcome {
        if what == "open" {
            return self.open(command).await;
        }
        let command: Command = serde_json::from_value(command).map_err(|error| error.to_string())?;
        if what == "close" {
            let node = lock(&self.nodes).remove(&command.node).ok_or("no such node")?;
            node.io.close().await;
            return Ok(Value::Null);
        }
        let io = lock(&self.nodes).get(&command.node).ok_or("no such node")?.io.clone();
        command.run(what, &io).await
    }

    async fn open(&self, command: Value) -> Outcome {
        let number = command["node"].as_u64().ok_or("a node has a number")?;
        let opening: Opening = serde_json::from_value(command).map_err(|error| error.to_string())?;
        let ear = lock(&self.ears).remove(&number).ok_or("nobody listens to the node")?;
        let mut layer = opening.adapted(SocketIoLayer::new()).await?;
        if let Some(recovery) = opening.server["connectionStateRecovery"].as_object() {
            let duration = recovery["maxDisconnectionDuration"].as_u64().ok_or("a duration")?;
            layer = layer.recovery(StateRecovery::new().max_disconnection(Duration::from_millis(duration)));
        }
        for name in &opening.nsps {
            layer = match &**name {
                "/" => declare!(layer, "/", &opening.heard, ear),
                name => layer.namespace(name, declare!(Namespace::new(), name, &opening.heard, ear)),
            };
        }
        let io = layer.io();
        let server = TestServer::start(Router::new().layer(layer)).await;
        let port = server.address().port();
        lock(&self.nodes).insert(number, Node { io, _server: server });
        Ok(port.into())
    }
}

impl Opening {
    /// The same adapters with the same options.
    async fn adapted(&self, layer: SocketIoLayer) -> Result<SocketIoLayer, String> {
        let Self { url, prefix, options, .. } = self;
        Ok(match &*self.kind {
            "classic" => {
                let adapter = RedisAdapter::connect(url).await.map_err(|error| error.to_string())?;
                let specific = options["publishOnSpecificResponseChannel"] == true;
                layer.adapter(adapter.key(prefix).publish_on_specific_response_channel(specific))
            }
            "sharded" => {
                let adapter = ShardedRedisAdapter::connect(url).await.map_err(|error| error.to_string())?;
                let mode = match options["subscriptionMode"].as_str() {
                    Some("static") => SubscriptionMode::Static,
                    Some("dynamic-private") => SubscriptionMode::DynamicPrivate,
                    _ => SubscriptionMode::Dynamic,
                };
                layer.adapter(adapter.channel_prefix(prefix).subscription_mode(mode))
            }
            "streams" => {
                let adapter = StreamsAdapter::connect(url).await.map_err(|error| error.to_string())?;
                let mut adapter = adapter.stream_name(format!("{prefix}-stream")).channel_prefix(prefix);
                if let Some(most) = options["maxLen"].as_u64() {
                    adapter = adapter.max_len(most.try_into().map_err(|_| "a length")?);
                }
                layer.adapter(adapter.session_key_prefix(format!("{prefix}-session:")))
            }
            "postgres" => {
                let builder = PostgresAdapter::builder().channel_prefix(prefix).table_name("attachments");
                layer.adapter(builder.connect(url).await.map_err(|error| error.to_string())?)
            }
            other => return Err(format!("no adapter is called {other}")),
        })
    }
}

impl Command {
    async fn run(self, what: &str, io: &SocketIo) -> Outcome {
        let nsp = io.of(self.nsp());
        match what {
            "emit" => done(self.select(io)?.emit(self.event()?, self.arguments())),
            "emit_to" => done(self.socket(io, &self.id)?.emit(self.event()?, self.arguments())),
            "ask" => Ok(answers(self.select(io)?.emit_with_ack(self.event()?, self.arguments()).await)),
            "join" => {
                self.select(io)?.join(self.names(&self.rooms));
                Ok(Value::Null)
            }
            "leave" => {
                self.select(io)?.leave(self.names(&self.rooms));
                Ok(Value::Null)
            }
            "disconnect" if self.close => {
                self.select(io)?.close_connections();
                Ok(Value::Null)
            }
            "disconnect" => {
                self.select(io)?.disconnect();
                Ok(Value::Null)
            }
            "fetch" => {
                let found = self.select(io)?.fetch_sockets().await.map_err(|error| error.to_string())?;
                Ok(found.iter().map(described).collect())
            }
            "all_rooms" => {
                let rooms = nsp.fetch_rooms().await.map_err(|error| error.to_string())?;
                Ok(rooms.iter().map(|room| &**room).collect())
            }
            "side_emit" => done(nsp.server_side_emit(self.event()?, self.arguments())),
            "side_ask" => Ok(answers(nsp.server_side_emit_with_ack(self.event()?, self.arguments()).await)),
            "rooms" => match self.socket(io, &self.id) {
                Ok(socket) => Ok(socket.rooms().iter().map(|room| &**room).collect()),
                Err(_) => Ok(json!([])),
            },
            "set_data" => {
                self.socket(io, &self.id)?.set_data(self.data);
                Ok(Value::Null)
            }
            _ => match what.strip_prefix("remote_") {
                Some(what) => self.run_remote(what, &nsp).await,
                None => Err(format!("unknown: {what}")),
            },
        }
    }

    /// Does something to a socket that was fetched.
    async fn run_remote(&self, what: &str, nsp: &Broadcast) -> Outcome {
        let found = nsp.clone().to(&self.id).fetch_sockets().await.map_err(|error| error.to_string())?;
        let socket = found.into_iter().next().ok_or("no such socket")?;
        match what {
            "emit" => done(socket.emit(self.event()?, self.arguments())),
            "ask" => {
                let socket = socket.timeout(Duration::from_millis(self.timeout.unwrap_or(5000)));
                let answer = socket.emit_with_ack::<Shown>(self.event()?, self.arguments()).await;
                answer.map(|Shown(answer)| answer).map_err(|error| error.to_string())
            }
            "join" => done(socket.join(self.names(&self.rooms))),
            "leave" => {
                socket.leave(self.names(&self.rooms));
                Ok(Value::Null)
            }
            "disconnect" if self.close => {
                socket.close();
                Ok(Value::Null)
            }
            "disconnect" => {
                socket.disconnect();
                Ok(Value::Null)
            }
            _ => Err(format!("unknown: remote_{what}")),
        }
    }

    fn nsp(&self) -> &str {
        self.nsp.as_deref().unwrap_or("/")
    }

    fn select(&self, io: &SocketIo) -> Result<Broadcast, String> {
        let mut chosen = match &self.from {
            Some(from) => self.socket(io, from)?.broadcast(),
            None => io.of(self.nsp()),
        };
        chosen = chosen.to(self.names(&self.to)).except(self.names(&self.except));
        if self.local {
            chosen = chosen.local();
        }
        if self.volatile {
            chosen = chosen.volatile();
        }
        if let Some(timeout) = self.timeout {
            chosen = chosen.timeout(Duration::from_millis(timeout));
        }
        Ok(chosen)
    }

    fn socket(&self, io: &SocketIo, id: &str) -> Result<Socket, String> {
        let id = SocketId::parse(id).ok_or("an id")?;
        let mut here = io.of(self.nsp()).to(id).sockets();
        here.pop().ok_or_else(|| format!("no socket {id} here"))
    }

    fn names(&self, rooms: &[Value]) -> Vec<String> {
        rooms.iter().map(name_of).collect()
    }

    fn event(&self) -> Result<&str, String> {
        self.args.first().and_then(Value::as_str).ok_or_else(|| "an event has a name".to_owned())
    }

    fn arguments(&self) -> Arguments {
        Arguments(self.args[1..].to_vec())
    }
}

fn name_of(room: &Value) -> String {
    room.as_str().map_or_else(|| room.to_string(), str::to_owned)
}

fn done<T, E: ToString>(outcome: Result<T, E>) -> Outcome {
    outcome.map(|_| Value::Null).map_err(|error| error.to_string())
}

fn answers(done: Result<Vec<Option<Shown>>, BroadcastAckError<Option<Shown>>>) -> Value {
    match done {
        Ok(responses) => json!({ "responses": values(responses) }),
        Err(BroadcastAckError::Missing(missing)) => {
            json!({ "error": missing.to_string(), "responses": values(missing.responses) })
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

/// An answer that says nothing is none, as in Node.
fn values(answers: Vec<Option<Shown>>) -> Vec<Value> {
    answers.into_iter().map(|answer| answer.map_or(Value::Null, |Shown(value)| value)).collect()
}

fn described(socket: &RemoteSocket) -> Value {
    let data = socket.data::<Value>().map_or_else(|| json!({}), |data| (*data).clone());
    json!({ "id": socket.id(), "handshake": socket.handshake(), "rooms": socket.rooms(), "data": data })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
