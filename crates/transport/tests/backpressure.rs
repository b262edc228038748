//! What waits for a client is bounded, and a client that reads never meets the bound.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::task::Context;
use std::time::{Duration, Instant};

use pintle_transport::{CloseReason, Connection, Frame, Message, SendError, SessionHandle};
use support::{Echo, Quiet, Server, open_websocket, receive_text, settle, text, within};
use tokio::io::{AsyncWriteExt as _, join, simplex, split};
use tokio::time::timeout;

/// The default bound of what waits for a slow client.
const BOUND: usize = 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn replies_of_one_turn_do_not_overflow_a_client_that_reads() {
    let server = Server::new(Wordy);
    let (mut reader, mut writer) = split(open_websocket(server.dial(65_536)).await);
    // 16 kB in and 2 MB out, all of it caused by what one read brings.
    let questions = text("4?").repeat(2000);
    let answers = async {
        for _ in 0..2000 {
            assert_eq!(receive_text(&mut reader).await.len(), 1001);
        }
    };
    let (written, ()) = within(async { tokio::join!(writer.write_all(&questions), answers) }).await;
    written.unwrap();
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn large_replies_do_not_overflow_a_client_that_reads_what_its_line_lets_through() {
    let server = Server::new(Echo);
    // A wide way to the server, and a narrow one back.
    let (from_client, to_server) = simplex(BOUND);
    let (from_server, to_client) = simplex(4096);
    server.serve(join(from_client, to_client));
    let (mut reader, mut writer) = split(open_websocket(join(from_server, to_server)).await);
    let large = format!("4{}", "x".repeat(600_000));
    let questions = text(&large).repeat(20);
    let answers = async {
        for _ in 0..20 {
            assert!(receive_text(&mut reader).await == large);
        }
    };
    let (written, ()) = within(async { tokio::join!(writer.write_all(&questions), answers) }).await;
    written.unwrap();
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_no_slowness() {
    let server = Server::new(|_| Quiet);
    let mut io = open_websocket(server.dial(65_536)).await;
    let message = Frame::text(&"x".repeat(BOUND / 64));
    for _ in 0..256 {
        // Four times the bound before the session's task has had a turn.
        server.last().send([message.clone()]).unwrap();
    }
    for _ in 0..256 {
        assert_eq!(within(receive_text(&mut io)).await.len(), 1 + BOUND / 64);
    }
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_owed_no_more_than_the_bound() {
    let server = Server::new(|_| Quiet);
    let _io = open_websocket(server.dial(1024)).await;
    let message = Frame::text(&"x".repeat(10_000));
    server.last().send([message.clone()]).unwrap();
    settle().await;
    let mut owed = message.len();
    let refused = loop {
        match server.last().send([message.clone()]) {
            Ok(()) => owed += message.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(refused, SendError::Full);
    assert!((BOUND..BOUND + 2 * message.len()).contains(&owed), "{owed} bytes");
    settle().await;
    assert_eq!(server.reasons(), [CloseReason::Overflow]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_not_read_from() {
    let server = Server::new(Wordy);
    let mut io = open_websocket(server.dial(65_536)).await;
    let questions = text("4?").repeat(1_000_000);
    let written = timeout(Duration::from_secs(10), io.write_all(&questions)).await;
    assert!(written.is_err(), "8 MB of questions taken, whose answers nobody reads");
    assert_eq!(server.reasons(), [], "it may still come to its senses");
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(server.reasons(), [CloseReason::WriteTimeout]);
}

/// Answers each message with a thousand bytes.
struct Wordy(SessionHandle);

impl Connection for Wordy {
    fn handle_message(&mut self, _: &mut Context<'_>, _: Instant, _: Message<'_>) {
        // Where it is not taken the session ends, and its reason tells the test.
        let _ = self.0.send([Frame::text(&"x".repeat(1000))]);
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {}
}
