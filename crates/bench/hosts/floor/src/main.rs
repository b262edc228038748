//! `cargo run --release -p bench-floor -- --port 3000`: the least that a host on tokio can do for the load of a benchmark.
//!
//! It is a yardstick, not a server. WebSocket only, no sessions, no rooms, no limits, no heartbeat; what it does not expect
//! ends the connection. One read, all its frames, one write; a buffer is there only while bytes are.

mod frame;
mod packet;
mod peer;
mod upgrade;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use tikv_jemallocator::Jemalloc;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;

use crate::packet::Answers;
use crate::peer::{Peer, Peers};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// As the other hosts have it.
const BACKLOG: u32 = 4096;

fn main() -> io::Result<ExitCode> {
    let Some(port) = port() else {
        writeln!(io::stderr(), "usage: bench-floor --port PORT")?;
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
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port)))?;
    let listener: TcpListener = socket.listen(BACKLOG)?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    let peers = Arc::new(Peers::default());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let peers = Arc::clone(&peers);
        // A connection that fails is one that ended.
        tokio::spawn(async move { talk(stream, &peers).await.ok() });
    }
}

async fn talk(stream: TcpStream, peers: &Peers) -> io::Result<()> {
    upgrade::accept(&stream).await?;
    let peer = Arc::new(Peer::new(stream));
    peer.send(&frame::text(packet::open().as_bytes()));
    let id = peers.add(Arc::clone(&peer));
    let ended = converse(&peer, peers).await;
    peers.remove(id);
    ended
}

async fn converse(peer: &Arc<Peer>, peers: &Peers) -> io::Result<()> {
    // What was read of a frame that is not there yet as a whole. Mostly nothing, which costs nothing.
    let mut rest = Vec::new();
    // Attachments that are still to come, which go back as they are.
    let mut attachments = 0;
    loop {
        let Some(mut bytes) = peer.read(&mut rest).await? else { return Ok(()) };
        let mut answers = Answers::default();
        let mut start = 0;
        while let Some((frame, length)) = frame::cut(&mut bytes[start..])? {
            start += length;
            answers.add(&frame, &mut attachments)?;
        }
        rest.extend_from_slice(&bytes[start..]);
        peer.send(&answers.back);
        peers.send(&answers.everybody);
    }
}
