//! A server that may open no more files.

use std::time::Duration;

use pintle_tests::{Client, HttpConnection, Program, Request, Transport, within};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::program;

/// As many as the server may have open; some are its own.
const FILES: usize = 64;

/// Connections that nobody accepts any more wait in the queue of the kernel.
async fn use_up(server: &Program) -> Vec<TcpStream> {
    let mut connections = Vec::new();
    for _ in 0..2 * FILES {
        connections
            .push(within("a connection", TcpStream::connect(server.address())).await.expect("room in the queue"));
    }
    connections
}

#[tokio::test]
async fn h163_without_files_those_who_are_there_are_served_and_others_later() {
    let server = program::start(Some(FILES)).await;
    let endpoint = program::socket_io(&server);
    let (say_done, done) = watch::channel(false);
    let mut counting = JoinSet::new();
    for _ in 0..20 {
        let client = Client::join(endpoint, Transport::WebSocket).await;
        counting.spawn(program::count(client, done.clone()));
    }
    for _ in 0..2 {
        let connections = use_up(&server).await;
        // Nobody new is let in, so all files are in use.
        let mut newcomer = HttpConnection::open(endpoint.address()).await;
        newcomer.request(&Request::get("/timeouts")).await;
        assert!(newcomer.stays_silent(Duration::from_millis(500)).await, "there are files left");
        drop(connections);
        assert_eq!(newcomer.response().await.text(), "0", "somebody was thrown out");
        let client = Client::join(endpoint, Transport::WebSocket).await;
        counting.spawn(program::count(client, done.clone()));
    }
    say_done.send_replace(true);
    while let Some(counted) = counting.join_next().await {
        assert!(counted.expect("nothing lost, doubled or out of order") > 0);
    }
}
