//! Much at once: what waits, waits in bounds, and is neither forgotten nor piled up on the stack.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::future::pending;
use std::sync::Arc;

use axum::extract::State;
use pintle::{Ack, SocketIoLayer};
use support::{Journal, Received, Server, receive, settle, until, within};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;

async fn hang(State(journal): State<Journal>) {
    journal.note("hang");
    pending::<()>().await;
}

async fn leave(State(journal): State<Journal>) {
    journal.note("leave");
}

/// A server whose handlers hang, and one of its clients, who has begun as many as may run.
async fn paused(journal: &Journal) -> (Server, support::Client) {
    let layer = SocketIoLayer::new().on("hang", hang).on_disconnect(leave).with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send_all(vec![r#"2["hang"]"#; 64]).await;
    settle().await;
    assert_eq!(journal.entries(), ["hang"; 64]);
    (server, client)
}

#[tokio::test(start_paused = true)]
async fn no_more_handlers_run_at_once_than_may() {
    let journal = Journal::default();
    let (_server, mut client) = paused(&journal).await;
    client.send_all(vec![r#"2["hang"]"#; 10]).await;
    settle().await;
    assert_eq!(journal.entries().len(), 64);
}

#[tokio::test(start_paused = true)]
async fn a_paused_connection_notices_that_its_client_is_gone() {
    let journal = Journal::default();
    let (server, client) = paused(&journal).await;
    // As TCP has it: the first that is written to somebody who has gone is still taken.
    let mut io = client.into_inner();
    io.shutdown().await.unwrap();
    assert_eq!(within(receive(&mut io)).await.unwrap(), Received::Text("2".to_owned()));
    drop(io);
    until(|| server.io().sockets().is_empty()).await;
    settle().await;
    assert_eq!(journal.entries()[64..], ["leave"]);
}

#[tokio::test(start_paused = true)]
async fn a_paused_connection_notices_that_the_server_disconnects_it() {
    let journal = Journal::default();
    let (server, mut client) = paused(&journal).await;
    server.io().local().disconnect();
    assert_eq!(client.hear().await, "1");
    settle().await;
    assert_eq!(journal.entries()[64..], ["leave"]);
}

/// Has events wait behind a connect handler, and then end at once.
async fn many_events_wait(layer: SocketIoLayer<Arc<Notify>>, many: usize) {
    let gate = Arc::new(Notify::new());
    let layer = layer
        .max_running(2 * many)
        .on_connect(async |State(gate): State<Arc<Notify>>| gate.notified().await)
        .on("event", async || {})
        .on("last", async || Ack("done"))
        .with_state(gate.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send_all(vec![r#"2["event"]"#; many]).await;
    client.send(r#"21["last"]"#).await;
    settle().await;
    gate.notify_one();
    assert_eq!(client.hear().await, r#"31["done"]"#);
}

#[tokio::test(start_paused = true)]
async fn many_waiting_events_do_not_overflow_the_stack() {
    many_events_wait(SocketIoLayer::new(), 20_000).await;
}

#[tokio::test(start_paused = true)]
async fn many_waiting_events_of_a_sequential_namespace_do_not_overflow_the_stack() {
    many_events_wait(SocketIoLayer::new().sequential(), 5_000).await;
}
