//! Panics of the user's code: they are caught, and harm nobody else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use pintle::{Ack, SocketIoLayer};
use support::{Journal, Server, settle};

async fn fall() {
    panic!("on purpose");
}

async fn fall_later() {
    tokio::task::yield_now().await;
    panic!("on purpose");
}

async fn alive() -> Ack<&'static str> {
    Ack("alive")
}

async fn leave(State(journal): State<Journal>) {
    journal.note("leave");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_acknowledged_with_an_internal_error() {
    let server = Server::new(SocketIoLayer::new().on("now", fall).on("later", fall_later).on("alive?", alive));
    let mut client = server.join().await;
    for event in [r#"["now"]"#, r#"["later"]"#] {
        assert_eq!(client.ask(event).await, r#"[{"message":"internal error"}]"#);
    }
    assert_eq!(client.ask(r#"["alive?"]"#).await, r#"["alive"]"#);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_leaves_its_lane() {
    let layer = SocketIoLayer::new().sequential().on("fall", fall_later).on("alive?", alive);
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send(r#"2["fall"]"#).await;
    assert_eq!(client.ask(r#"["alive?"]"#).await, r#"["alive"]"#);
}

#[tokio::test(start_paused = true)]
async fn a_middleware_that_panics_refuses_and_the_connection_stays() {
    let server = Server::new(SocketIoLayer::new().middleware(fall_later).namespace("/a", Default::default()));
    let mut client = server.open().await;
    client.send("0").await;
    assert_eq!(client.hear().await, r#"4{"message":"internal error"}"#);
    client.join("/a").await;
    assert!(server.io().sockets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_disconnect_handler_that_panics_leaves_no_socket() {
    let server = Server::new(SocketIoLayer::new().on_disconnect(fall_later).on("alive?", alive));
    let mut client = server.join().await;
    client.send("1").await;
    client.join("/").await;
    assert_eq!(client.ask(r#"["alive?"]"#).await, r#"["alive"]"#);
    drop(client);
    settle().await;
    assert!(server.io().sockets().is_empty());
}

/// Part of a handler. It is cloned once when the layer gets its state; whoever clones it later panics.
struct Brittle {
    copies: Arc<AtomicUsize>,
}

impl Clone for Brittle {
    fn clone(&self) -> Self {
        let before = self.copies.fetch_add(1, Ordering::Relaxed);
        assert!(before < 1, "on purpose");
        Self { copies: self.copies.clone() }
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_cannot_be_cloned_harms_nobody() {
    let journal = Journal::default();
    let brittle = Brittle { copies: Arc::default() };
    let copies = brittle.copies.clone();
    let event = move || {
        let _ = &brittle;
        async {}
    };
    let layer = SocketIoLayer::new().on("event", event).on("alive?", alive).on_disconnect(leave);
    let server = Server::new(layer.with_state(journal.clone()));
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["event"]"#).await, r#"[{"message":"internal error"}]"#);
    assert!(copies.load(Ordering::Relaxed) > 1, "the handler was cloned");
    assert_eq!(client.ask(r#"["alive?"]"#).await, r#"["alive"]"#);
    drop(client);
    settle().await;
    assert!(server.io().sockets().is_empty());
    assert_eq!(journal.entries(), ["leave"]);
}
