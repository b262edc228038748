//! `cargo run --release -p bench-socketioxide -- --port 3000`: the same host as `bench-host`, on socketioxide.
//!
//! As its documentation has it: default options, handlers registered in the connect handler, and `rmpv::Value` for data of
//! which it is not known whether it is binary.

use std::io;
use std::process::ExitCode;

use axum::Router;
use axum::serve::ListenerExt as _;
use rmpv::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

/// What an acknowledgement without data is made of: `()` would be a `null`.
const NOTHING: [(); 0] = [];

fn main() -> io::Result<ExitCode> {
    bench_stand::run(async |listener| {
        let (layer, io) = SocketIo::new_layer();
        io.ns("/", connected);
        // It does not set the option itself. If it cannot be set, the connection is slower, and there all the same.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, Router::new().layer(layer)).await
    })
}

/// An emit fails when the client's queue is full: the message is lost, and the load, which misses it, says so.
async fn connected(socket: SocketRef) {
    socket.on("message", async |socket: SocketRef, Data::<Value>(data)| {
        socket.emit("message-back", &data).ok();
    });
    socket.on("message-with-ack", async |Data::<Value>(data), ack: AckSender| {
        ack.send(&data).ok();
    });
    socket.on("broadcast", async |io: SocketIo, Data::<Value>(data)| {
        io.emit("broadcast", &data).await.ok();
    });
    socket.on("join", async |socket: SocketRef, Data::<Vec<String>>(rooms), ack: AckSender| {
        socket.join(rooms);
        ack.send(&NOTHING).ok();
    });
    socket.on("leave", async |socket: SocketRef, Data::<Vec<String>>(rooms), ack: AckSender| {
        socket.leave(rooms);
        ack.send(&NOTHING).ok();
    });
    socket.on("room", async |io: SocketIo, Data::<(String, Value)>((room, data))| {
        io.to(room).emit("room", &data).await.ok();
    });
}
