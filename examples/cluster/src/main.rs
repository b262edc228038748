//! A chat on three nodes behind a load balancer. This is the node: what makes it one of several is one line, `adapter`.
//!
//! `cargo xtask demo --cluster` starts all of it. What starts Redis, the nodes and the load balancer is in `start.rs`.

mod page;
mod start;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use pintle::{Ack, Auth, ClientError, Data, DisconnectReason, EmitError, Socket, SocketIo, SocketIoLayer};
use pintle_redis::RedisAdapter;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// The name of this node.
#[derive(Clone)]
struct Node(String);

/// What all nodes know of a socket.
#[derive(Clone, Serialize, Deserialize)]
struct Person {
    name: String,
    node: String,
}

async fn node(name: String, redis: &str, client_dir: Option<String>) -> Result<(), Box<dyn Error>> {
    let adapter = RedisAdapter::connect(redis).await?;
    let realtime = SocketIoLayer::new()
        .adapter(adapter)
        .on_connect(came)
        .on("say", say)
        .on("who", who)
        .on_disconnect(went)
        .with_state(Node(name));
    let io = realtime.io();

    let app = Router::new().merge(page::routes(client_dir)).route("/health", get(async || "ok")).layer(realtime);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    start::ready(listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            start::interrupted().await;
            io.close().await;
        })
        .await?;
    Ok(())
}

#[derive(Deserialize)]
struct Introduction {
    name: String,
}

async fn came(
    socket: Socket,
    State(Node(node)): State<Node>,
    Auth(Introduction { name }): Auth<Introduction>,
) -> Result<(), ClientError> {
    let name = name.chars().take(24).collect();
    let person = Person { name, node };
    socket.emit("welcome", &person)?;
    socket.set_data(person);
    Ok(socket.everybody().emit("changed", ())?)
}

/// To everybody, on whichever node they are.
async fn say(socket: Socket, Data(text): Data<String>) -> Result<Ack<()>, ClientError> {
    if text.is_empty() || text.chars().count() > 500 {
        return Err(ClientError::new("a message has 1 to 500 characters"));
    }
    Ok(Ack(socket.everybody().emit("said", (socket.data::<Person>(), text))?))
}

/// Who is there, on all nodes: each is asked. Those that have just died do not answer.
async fn who(io: SocketIo) -> Ack<Vec<Person>> {
    let sockets = io.fetch_sockets().await.unwrap_or_else(|error| error.found);
    Ack(sockets.iter().filter_map(|socket| socket.data().map(|person| Person::clone(&person))).collect())
}

async fn went(socket: Socket, _: DisconnectReason) -> Result<(), EmitError> {
    socket.broadcast().emit("changed", ())
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let args: Vec<String> = env::args().skip(1).collect();
    let done = match args.as_slice() {
        [command, name, redis, rest @ ..] if command == "node" => {
            node(name.clone(), redis, rest.first().cloned()).await.map_err(|error| error.to_string())
        }
        args => start::cluster(args).await,
    };
    start::exit(done)
}
