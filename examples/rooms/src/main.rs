//! Rooms: who is in them, and who hears what. A room is a name; it is there as long as somebody is in it.
//!
//! To try it: `cargo run -p example-rooms`, and in a folder with npm's `socket.io-client`, in `node`, twice:
//!
//! ```js
//! const socket = require("socket.io-client")("http://localhost:3000");
//! socket.onAny(console.log);
//! socket.emit("join", "tea", console.log);
//! socket.emit("say", "tea", "hello");
//! socket.emit("rooms", console.log);
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use pintle::{Ack, ClientError, Data, DisconnectReason, EmitError, Socket, SocketId, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;

fn rooms() -> SocketIoLayer {
    SocketIoLayer::new()
        .on("join", join)
        .on("leave", leave)
        .on("say", say)
        .on("say to all but", say_to_all_but)
        .on("whisper", whisper)
        .on("who", who)
        .on("my rooms", my_rooms)
        .on("rooms", all_rooms)
        .on_disconnect(goodbye)
}

/// The answer is who is there, the newcomer included. `socket.to` is the others in the room.
async fn join(socket: Socket, io: SocketIo, Data(room): Data<String>) -> Result<Ack<Vec<SocketId>>, ClientError> {
    socket.join(&room)?;
    socket.to(&room).emit("joined", (&room, socket.id()))?;
    Ok(Ack(members(&io, &room)))
}

async fn leave(socket: Socket, Data(room): Data<String>) -> Result<Ack<()>, EmitError> {
    socket.leave(&room);
    socket.to(&room).emit("left", (&room, socket.id(), "left")).map(Ack)
}

/// To the others in a room. The library lets a socket speak to a room that it is not in; here that is not wanted.
async fn say(socket: Socket, Data((room, text)): Data<(String, String)>) -> Result<Ack<()>, ClientError> {
    if !socket.is_in(&room) {
        return Err(ClientError::new("join the room first"));
    }
    Ok(Ack(socket.to(&room).emit("said", (&room, socket.id(), text))?))
}

/// To all others, wherever they are, but those in some rooms. Who is in several of them is left out all the same.
async fn say_to_all_but(
    socket: Socket,
    Data((rooms, text)): Data<(Vec<String>, String)>,
) -> Result<Ack<()>, EmitError> {
    socket.except(rooms).emit("said", ("", socket.id(), text)).map(Ack)
}

/// To one: each socket is in a room that is called by its id.
async fn whisper(socket: Socket, Data((to, text)): Data<(String, String)>) -> Result<Ack<()>, EmitError> {
    socket.to(to).emit("whispered", (socket.id(), text)).map(Ack)
}

async fn who(io: SocketIo, Data(room): Data<String>) -> Ack<Vec<SocketId>> {
    Ack(members(&io, &room))
}

/// The first is the socket's own.
async fn my_rooms(socket: Socket) -> Ack<Vec<Arc<str>>> {
    Ack(socket.rooms())
}

/// All rooms that somebody joined, and how many are in each. The sockets' own are not among them.
async fn all_rooms(io: SocketIo) -> Ack<BTreeMap<Arc<str>, usize>> {
    let with_members = |room: Arc<str>| {
        let members = io.in_(&room).sockets().len();
        (room, members)
    };
    Ack(io.rooms().into_iter().map(with_members).collect())
}

/// The socket is in no room any more, so nothing reaches it; but it still says in which ones it was.
async fn goodbye(socket: Socket, reason: DisconnectReason) -> Result<(), EmitError> {
    // Nobody else is in the first, which is its own.
    for room in socket.rooms().iter().skip(1) {
        socket.to(room).emit("left", (room, socket.id(), reason.as_str()))?;
    }
    Ok(())
}

fn members(io: &SocketIo, room: &str) -> Vec<SocketId> {
    io.in_(room).sockets().iter().map(Socket::id).collect()
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let app = Router::new().layer(rooms());
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
