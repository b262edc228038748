//! `cargo run --release -p bench-socketioxide -- --port 3000`: the same host as `bench-host`, on socketioxide.
//!
//! As its documentation has it: default options, handlers registered in the connect handler, and `rmpv::Value` for data of
//! which it is not known whether it is binary.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use axum::serve::ListenerExt as _;
use rmpv::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tikv_jemallocator::Jemalloc;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// What an acknowledgement without data is made of: `()` would be a `null`.
const NOTHING: [(); 0] = [];

/// As the other hosts have it.
const BACKLOG: u32 = 4096;

fn main() -> io::Result<ExitCode> {
    let Some(port) = port() else {
        writeln!(io::stderr(), "usage: bench-socketioxide --port PORT")?;
        return Ok(ExitCode::from(2));
    };
    Builder::new_multi_thread().enable_all().build()?.block_on(serve(port))?;
    Ok(ExitCode::SUCCESS)
}

/// What the command line says; `None` if it makes no sense.
fn port() -> Option<u16> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [flag, port] if flag == "--port" => port.parse().ok(),
        _ => None,
    }
}

async fn serve(port: u16) -> io::Result<()> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", connected);
    let listener = listen(port)?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    // It does not set the option itself. If it cannot be set, the connection is slower, and there all the same.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, Router::new().layer(layer)).await
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.listen(BACKLOG)
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
