//! Namespaces: each has handlers, sockets and rooms of its own, and a client is in several of them over one connection. Some
//! are always there; others come to be when somebody wants in, and go with the last.
//!
//! - `/tenant/{id}`, by a pattern: one for each customer, who does not notice that there are others.
//! - The boards, by a predicate: they have the names that the database says.
//! - `/admin`, by its name: from there one sees the others, speaks to them, and sends people away.
//!
//! To try it: `cargo run -p example-namespaces`, and in a folder with npm's `socket.io-client`, in `node`:
//!
//! ```js
//! const { io } = require("socket.io-client");
//! const url = "http://localhost:3000";
//! const acme = io(`${url}/tenant/1`, { auth: { token: "key of acme" } });
//! acme.onAny(console.log);
//! io(`${url}/tenant/2`, { auth: { token: "key of acme" } }).on("connect_error", console.log);
//! const admin = io(`${url}/admin`, { auth: { token: "master key" } });
//! admin.emit("namespaces", console.log);
//! admin.emit("announce", "we close at six", console.log);
//! io(`${url}/plans`).emit("pin", "buy a ladder", console.log);
//! ```

mod database;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use pintle::{
    Ack, Auth, ClientError, Data, EmitError, Namespace, NewNamespaces, Params, Socket, SocketId, SocketIo,
    SocketIoLayer,
};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::database::{Database, TenantId};

/// The namespaces of the tenants, as a pattern. To [`SocketIo::of`] it means all of them.
const TENANTS: &str = "/tenant/{id}";

fn namespaces(database: Database) -> SocketIoLayer {
    let tenant = Namespace::new()
        .middleware(require_tenant)
        .on("who am i", async |Params(id): Params<TenantId>| Ack(id))
        .on("sit", async |socket: Socket, Data(desk): Data<String>| socket.join(desk).map(Ack))
        .on("say", say);
    let board = Namespace::new().on("pin", pin);
    let admin = Namespace::new()
        .middleware(require_admin)
        .on("namespaces", how_many)
        .on("announce", announce)
        .on("kick", kick)
        .on("open board", open_board)
        .on("close board", close_board);
    SocketIoLayer::new()
        .namespace("/admin", admin)
        .namespace(TENANTS, tenant)
        // After the pattern, so that the database is asked only for what is of no other form.
        .dynamic_namespace(is_board, board)
        .with_state(database)
}

#[derive(Deserialize)]
struct Credentials {
    #[serde(default)]
    token: String,
}

/// A token is good for one tenant. Who has none of this one is not told whether there is such a tenant.
async fn require_tenant(
    Params(id): Params<TenantId>,
    State(database): State<Database>,
    Auth(Credentials { token }): Auth<Credentials>,
) -> Result<(), ClientError> {
    if database.tenant_of(&token).await == Some(id) { Ok(()) } else { Err(ClientError::new("not authorized")) }
}

/// To the others at a desk. Another tenant may have a desk of the same name: it is another room.
async fn say(socket: Socket, Data((desk, text)): Data<(String, String)>) -> Result<Ack<()>, EmitError> {
    socket.to(&desk).emit("said", (&desk, text)).map(Ack)
}

/// Whether there is a board of the name that somebody asks for. Only the first one who comes makes it ask: as long as
/// somebody is there, so is the namespace. What is to be asked of everybody is for a middleware.
async fn is_board(socket: Socket, State(database): State<Database>) -> bool {
    database.has_board(socket.namespace()).await
}

/// To all at the board. `SocketIo` alone speaks to `/`.
async fn pin(socket: Socket, io: SocketIo, Data(note): Data<String>) -> Result<Ack<()>, EmitError> {
    io.of(socket.namespace()).emit("pinned", note).map(Ack)
}

async fn require_admin(
    State(database): State<Database>,
    Auth(Credentials { token }): Auth<Credentials>,
) -> Result<(), ClientError> {
    if database.is_admin(&token).await { Ok(()) } else { Err(ClientError::new("not authorized")) }
}

/// The namespaces that there are, and how many sockets are in each.
async fn how_many(io: SocketIo) -> Ack<BTreeMap<Arc<str>, usize>> {
    let with_sockets = |name: Arc<str>| {
        let sockets = io.of(&name).sockets().len();
        (name, sockets)
    };
    Ack(io.namespace_names().into_iter().map(with_sockets).collect())
}

/// To the sockets of all tenants, and to nobody else.
async fn announce(io: SocketIo, Data(text): Data<String>) -> Result<Ack<()>, EmitError> {
    io.of(TENANTS).emit("announcement", text).map(Ack)
}

/// Sends somebody away from a namespace; the connection stays, with the other namespaces on it. Answers how many that were.
async fn kick(io: SocketIo, Data((namespace, id)): Data<(String, SocketId)>) -> Ack<usize> {
    let sockets = io.of(&namespace).to(id).sockets();
    sockets.iter().for_each(Socket::disconnect);
    Ack(sockets.len())
}

async fn open_board(State(database): State<Database>, Data(name): Data<String>) -> Ack<()> {
    database.add_board(name).await;
    Ack(())
}

/// Nobody comes in any more, and who is in goes.
async fn close_board(
    io: SocketIo,
    State(database): State<Database>,
    Data(name): Data<String>,
) -> Result<Ack<()>, ClientError> {
    // It must be a board: this admin may not close `/admin`, or with the pattern all tenants.
    if !database.remove_board(&name).await {
        return Err(ClientError::new("there is no such board"));
    }
    io.of(&name).disconnect();
    Ok(Ack(()))
}

/// Tells the log and the admins which namespaces come to be. The names are the clients' own: they are quoted.
async fn watch(mut created: NewNamespaces, io: SocketIo) {
    while let Some(name) = created.recv().await {
        tracing::info!(?name, "a namespace has come to be");
        if let Err(error) = io.of("/admin").emit("namespace", &name) {
            tracing::info!(%error, "the admins are not told any more");
            break;
        }
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let realtime = namespaces(Database::default());
    let io = realtime.io();
    tokio::spawn(watch(io.new_namespaces(), io));
    let app = Router::new().layer(realtime);
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
