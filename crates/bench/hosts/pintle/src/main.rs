//! `cargo run --release -p bench-host -- --port 3000`: the server that benchmarks load.
//!
//! Nothing is logged on the path of a message, and the arguments of an event are passed on unparsed, so that what is
//! measured is the server. It stands as users would run it: default options, axum, a good allocator.

mod options;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use pintle::{Ack, Args, Data, EmitError, JoinError, Namespace, Socket, SocketIo, SocketIoLayer};
use serde_json::value::RawValue;
use tikv_jemallocator::Jemalloc;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;

use options::Options;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Connections that wait to be accepted. A benchmark opens thousands at once; the usual 1,024 would drop some.
const BACKLOG: u32 = 4096;

fn main() -> io::Result<ExitCode> {
    let Some(options) = Options::from_args() else {
        writeln!(io::stderr(), "{}", options::USAGE)?;
        return Ok(ExitCode::from(2));
    };
    let mut runtime = Builder::new_multi_thread();
    if let Some(threads) = options.threads {
        runtime.worker_threads(threads);
    }
    runtime.enable_all().build()?.block_on(serve(&options))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: &Options) -> io::Result<()> {
    let listener = listen(options.port)?;
    if !options.quiet {
        writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    }
    axum::serve(listener, Router::new().layer(realtime())).await
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // So that a benchmark can start its next round while the last one's connections linger.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    socket.listen(BACKLOG)
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
