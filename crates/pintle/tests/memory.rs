//! What a connection occupies that does nothing, and that nothing of it stays: counted, byte by byte, at the allocator.
//!
//! The clients are blocking sockets of this thread, which cost no memory, so all that is counted is the server's, with what
//! axum, hyper and tokio have for a connection.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::alloc::System;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use pintle::SocketIoLayer;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Connections. Each has two ends in this process, and 1,024 files are what many systems allow it.
const CROWD: usize = 200;
/// The most that one of them may occupy, with its share of tables that are not quite full.
const MOST: usize = 2_000;
/// What may be allocated afterwards and was not before, whoever did it: queues of the runtime and tables that chance has let
/// grow. Far less than the least that could stay of each connection, which is its session.
const SLACK: usize = 16 * CROWD;
/// Far more than anything here takes, and less than 25 s: then the clients are asked whether they are there, and as they do
/// not answer they would be thrown out, which looks as if they cost nothing.
const PATIENCE: Duration = Duration::from_secs(20);

const UPGRADE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
    Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// Text frames, masked with zeros: CONNECT, and a pong that nobody asked for.
const CONNECT: &[u8] = b"\x81\x82\0\0\0\x0040";
const PONG: &[u8] = b"\x81\x81\0\0\0\x003";

#[test]
fn an_idle_connection_is_small_and_leaves_nothing() {
    let address = serve();
    // What is made once, and what grows with the number of connections and stays.
    drop(crowd(address));
    let before = settled();

    let crowd = crowd(address);
    let most = CROWD * MOST;
    let more = || live().saturating_sub(before);
    until(|| more() <= most, || format!("{} bytes each", more() / CROWD));
    drop(crowd);
    until(|| more() <= SLACK, || format!("{} bytes stay of {CROWD} connections", more()));
}

/// Starts a server in a thread of its own.
fn serve() -> SocketAddr {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().layer(SocketIoLayer::new());
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));
    address
}

/// Clients that have joined `/` and been silent since. As on a connection that is idle, the last turn of each one's task
/// was one that had nothing to say.
fn crowd(address: SocketAddr) -> Vec<TcpStream> {
    let client = |_| {
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(UPGRADE).unwrap();
        skip(&mut client, b"\r\n\r\n");
        skip(&mut client, b"}");
        client.write_all(CONNECT).unwrap();
        skip(&mut client, b"}");
        client.write_all(PONG).unwrap();
        client
    };
    (0..CROWD).map(client).collect()
}

/// Reads up to `end`.
fn skip(client: &mut TcpStream, end: &[u8]) {
    let mut seen = [0; 4];
    while !seen.ends_with(end) {
        seen.rotate_left(1);
        client.read_exact(&mut seen[3..]).unwrap();
    }
}

/// What is allocated once it has not become less for a while.
fn settled() -> usize {
    let (mut least, mut since) = (live(), Instant::now());
    while since.elapsed() < Duration::from_millis(500) {
        thread::sleep(Duration::from_millis(1));
        if live() < least {
            (least, since) = (live(), Instant::now());
        }
    }
    least
}

/// Bytes that are allocated.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn until(is_so: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{}", otherwise());
        thread::sleep(Duration::from_millis(1));
    }
}
