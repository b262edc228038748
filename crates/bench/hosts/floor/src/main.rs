//! `cargo run --release -p bench-floor -- --port 3000`: the least that a host on tokio can do for the load of a benchmark.
//!
//! It is a yardstick, not a server. WebSocket only, no sessions, no rooms, no limits, no heartbeat; what it does not expect
//! ends the connection. One read, all its frames, one write; a buffer is there only while bytes are.

mod frame;
mod packet;
mod peer;
mod upgrade;

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use crate::packet::Answers;
use crate::peer::{Peer, Peers};

fn main() -> io::Result<ExitCode> {
    bench_stand::run(serve)
}

async fn serve(listener: TcpListener) -> io::Result<()> {
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
