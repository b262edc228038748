//! What is no JSON closes the connection, wherever it is found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use axum::extract::State;
use pintle::{Auth, Data, DisconnectReason, Socket, SocketIoLayer};
use serde::Deserialize;
use support::{Journal, Server, until};

#[derive(Deserialize)]
struct Token {
    #[expect(dead_code, reason = "it is not there")]
    token: String,
}

async fn ask(socket: Socket) {
    // Whatever comes of it: the client is to be asked.
    let _ = socket.emit_with_ack::<u8>("how many?", ()).await;
}

async fn leave(State(journal): State<Journal>, reason: DisconnectReason) {
    journal.note(reason.as_str());
}

/// Sends a packet that is no JSON: the connection must close, and the socket be told why.
async fn closes(packet: &str) {
    let journal = Journal::default();
    let layer = SocketIoLayer::new()
        .on("read", async |_: Data<u8>| {})
        .on("ignore", async || {})
        .on("socket", async |_: Socket| {})
        .on("rejected", async |_: Auth<Token>, _: Data<u8>| {})
        .on("ask", ask)
        .on_disconnect(leave)
        .with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send(r#"2["ask"]"#).await;
    assert_eq!(client.hear().await, r#"20["how many?"]"#);
    client.send(packet).await;
    client.closed().await;
    until(|| !journal.entries().is_empty()).await;
    assert_eq!(journal.entries(), ["forced close"]);
    assert!(server.io().sockets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn in_arguments_that_are_read() {
    closes(r#"21["read",{{{]"#).await;
}

#[tokio::test(start_paused = true)]
async fn in_arguments_that_nobody_reads() {
    closes(r#"21["ignore",{{{]"#).await;
    closes(r#"21["socket",{{{]"#).await;
}

#[tokio::test(start_paused = true)]
async fn in_arguments_behind_an_extractor_that_rejects() {
    closes(r#"21["rejected",{{{]"#).await;
}

#[tokio::test(start_paused = true)]
async fn in_an_event_that_nobody_handles() {
    closes(r#"21["nobody",{{{]"#).await;
}

#[tokio::test(start_paused = true)]
async fn in_an_acknowledgement_that_is_waited_for() {
    closes("30[{{{]").await;
}

#[tokio::test(start_paused = true)]
async fn in_an_acknowledgement_that_nobody_waits_for() {
    closes("39[{{{]").await;
}
