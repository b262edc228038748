//! `cargo run --release -p bench-host -- --port 3000`: the server that benchmarks load.
//!
//! Nothing is logged on the path of a message, and the arguments of an event are passed on unparsed, so that what is
//! measured is the server. It stands as users would run it: default options, axum, a good allocator.

use std::io;
use std::process::ExitCode;

use axum::Router;
use pintle::{Ack, Args, Data, EmitError, JoinError, Namespace, Socket, SocketIo, SocketIoLayer};
use serde_json::value::RawValue;

fn main() -> io::Result<ExitCode> {
    bench_stand::run(async |listener| axum::serve(listener, Router::new().layer(realtime())).await)
}

fn realtime() -> SocketIoLayer {
    SocketIoLayer::new()
        .any_origin()
        .on("message", message)
        .on("message-with-ack", message_with_ack)
        .on("broadcast", broadcast)
        .on("join", join)
        .on("leave", leave)
        .on("room", room)
        // As many namespaces as a benchmark cares to name.
        .namespace("/ns/{id}", Namespace::new().on("message", message))
}

async fn message(socket: Socket, args: Args) -> Result<(), EmitError> {
    socket.emit("message-back", args)
}

async fn message_with_ack(args: Args) -> Ack<Args> {
    Ack(args)
}

async fn broadcast(io: SocketIo, args: Args) -> Result<(), EmitError> {
    io.emit("broadcast", args)
}

async fn join(socket: Socket, Data(rooms): Data<Vec<String>>) -> Result<Ack<()>, JoinError> {
    socket.join(rooms).map(Ack)
}

async fn leave(socket: Socket, Data(rooms): Data<Vec<String>>) -> Ack<()> {
    socket.leave(rooms);
    Ack(())
}

async fn room(io: SocketIo, Data((room, data)): Data<(String, Box<RawValue>)>) -> Result<(), EmitError> {
    io.to(room).emit("room", data)
}
