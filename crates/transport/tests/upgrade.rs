//! The way from long-polling to a WebSocket: what a client may do on it, and that nothing is lost or told twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::task::Context;
use std::time::Duration;

use pintle_transport::{CloseReason, Connection, Frame, Message, SessionHandle};
use support::{
    Echo, Poller, Quiet, Received, Server, probe, push, receive, receive_text, settle, text, upgrade, within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn a_second_probe_ends_the_attempt_and_nothing_else() {
    let server = Server::new(Echo);
    let poller = Poller::open(server.dial(65_536)).await;
    let mut io = probe(server.dial(65_536), &poller.sid).await;
    io.write_all(&text("2probe")).await.unwrap();
    assert_eq!(within(receive(&mut io)).await.unwrap(), Received::Close(vec![]));

    let mut io = within(upgrade(server.dial(65_536), &poller.sid)).await;
    io.write_all(&text("4still here")).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4still here");
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_probes_is_not_taken() {
    let server = Server::new(Echo);
    let poller = Poller::open(server.dial(65_536)).await;
    let mut io = probe(server.dial(65_536), &poller.sid).await;
    let flood = text("2probe").repeat(100_000);
    // Nobody reads the answers, so each probe that is taken costs memory.
    let taken = timeout(Duration::from_secs(5), io.write_all(&flood)).await;
    assert!(!matches!(taken, Ok(Ok(()))), "1.2 MB of probes were taken");
    assert_eq!(server.sessions(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_post_given_up_after_the_upgrade_is_nobodys_concern() {
    let server = Server::new(Echo);
    let poller = Poller::open(server.dial(65_536)).await;
    let mut given_up = server.dial(65_536);
    let post = push(&poller.sid, b"4hello");
    given_up.write_all(&post[..post.len() - 3]).await.unwrap();
    settle().await;
    let mut io = within(upgrade(server.dial(65_536), &poller.sid)).await;
    settle().await;
    drop(given_up);
    settle().await;
    io.write_all(&text("4still here")).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4still here");
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn what_a_post_brought_comes_before_what_the_websocket_brings() {
    let server = Server::new(|session| Slow { session, until: None });
    let mut poller = Poller::open(server.dial(65_536)).await;
    let sid = poller.sid.clone();
    let posted = tokio::spawn(async move { poller.push("4p1\u{1e}4p2\u{1e}4p3").await });
    settle().await;
    let mut io = probe(server.dial(65_536), &sid).await;
    io.write_all(&[text("5"), text("4w1"), text("4w2")].concat()).await.unwrap();
    for expected in ["4p1", "4p2", "4p3", "4w1", "4w2"] {
        assert_eq!(within(receive_text(&mut io)).await, expected);
    }
    assert_eq!(within(posted).await.unwrap().body, "ok");
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_session_ends_its_attempt() {
    let server = Server::new(|_| Quiet);
    let poller = Poller::open(server.dial(65_536)).await;
    let mut io = probe(server.dial(65_536), &poller.sid).await;
    server.last().abort(CloseReason::ForcedClose);
    let mut rest = Vec::new();
    within(io.read_to_end(&mut rest)).await.unwrap();
    settle().await;
    assert_eq!((server.sessions(), server.tasks()), (0, 0));
}

/// Wake-ups that get lost between threads show here as a poll or a frame that never comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_other_threads_emit_arrives_once_and_in_order() {
    let server = Server::new(|_| Quiet);
    let start = Instant::now();
    for round in 0..500 {
        let mut poller = Poller::open(server.dial(65_536)).await;
        let session = server.last();
        let emitter = tokio::task::spawn_blocking(move || emit(&session));
        let mut heard = 0;
        for _ in 0..round % 3 {
            if heard < EMITTED {
                hear(&mut heard, &within(poller.poll()).await.body);
            }
        }
        if heard < EMITTED {
            let width = [3, 64, 4096, 65_536][round % 4];
            let mut io = within(upgrade(server.dial(width), &poller.sid)).await;
            while heard < EMITTED {
                hear(&mut heard, &within(receive_text(&mut io)).await);
            }
        }
        emitter.await.unwrap();
        if start.elapsed() > Duration::from_secs(3) {
            // Enough is enough; a slow machine does fewer rounds.
            break;
        }
    }
    assert!(server.reasons().iter().all(|reason| *reason == CloseReason::TransportClose), "{:?}", server.reasons());
}

/// Messages of one round.
const EMITTED: usize = 400;

/// Emits the numbers below [`EMITTED`].
fn emit(session: &SessionHandle) {
    for nth in 0..EMITTED {
        session.send(&[Frame::text(&nth.to_string())]).unwrap();
        if nth % 7 == 0 {
            std::thread::yield_now();
        }
    }
}

/// Checks that messages of a payload are the numbers from `heard` on.
fn hear(heard: &mut usize, payload: &str) {
    for message in payload.split('\u{1e}').filter_map(|packet| packet.strip_prefix('4')) {
        assert_eq!(message, heard.to_string());
        *heard += 1;
    }
}

/// An echo that takes its time for what begins with a "p".
struct Slow {
    session: SessionHandle,
    until: Option<std::time::Instant>,
}

impl Connection for Slow {
    fn handle_message(&mut self, _: &mut Context<'_>, now: std::time::Instant, message: Message<'_>) {
        if let Message::Text(text) = message {
            self.session.send(&[Frame::text(text)]).unwrap();
            self.until = text.starts_with('p').then(|| now + Duration::from_millis(100));
        }
    }

    fn is_ready(&self) -> bool {
        self.until.is_none()
    }

    fn poll_timeout(&self) -> Option<std::time::Instant> {
        self.until
    }

    fn handle_timeout(&mut self, _: &mut Context<'_>, _: std::time::Instant) {
        self.until = None;
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: std::time::Instant, _: CloseReason) {}
}
