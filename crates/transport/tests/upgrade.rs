//! The way from long-polling to a WebSocket: what a client may do on it, and that nothing is lost or told twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
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
    // No heartbeat, which would wake those that have been forgotten.
    let server = Server::with_limits(
        |_| Quiet,
        |limits| {
            limits.set_ping_interval(Duration::MAX);
        },
    );
    let start = Instant::now();
    for round in 0..ROUNDS {
        let mut poller = Poller::open(server.dial(65_536)).await;
        // The last of a burst has none behind it that would make up for a lost wake-up.
        let burst = [1, 10, 50, EMITTED][round % 4];
        let heard = Arc::<AtomicUsize>::default();
        let emitter = tokio::task::spawn_blocking({
            let (session, heard) = (server.last(), Arc::downgrade(&heard));
            move || emit(&session, burst, &heard)
        });
        for _ in 0..[0, 1, 20][round % 3] {
            if heard.load(Ordering::Acquire) < EMITTED {
                hear(&heard, &within(poller.poll()).await.body);
            }
        }
        if heard.load(Ordering::Acquire) < EMITTED {
            let width = [3, 64, 4096, 65_536][round / 4 % 4];
            let mut io = within(upgrade(server.dial(width), &poller.sid)).await;
            while heard.load(Ordering::Acquire) < EMITTED {
                hear(&heard, &within(receive_text(&mut io)).await);
            }
        }
        emitter.await.unwrap();
        if start.elapsed() > Duration::from_secs(3) {
            // A slow machine does fewer rounds.
            break;
        }
    }
    assert!(server.reasons().iter().all(|reason| *reason == CloseReason::TransportClose), "{:?}", server.reasons());
}

/// How often the threads meet, each time on a new session.
const ROUNDS: usize = 240;
/// Messages of one round.
const EMITTED: usize = 400;

/// Emits the numbers below [`EMITTED`], in bursts, each when the one before has been heard.
fn emit(session: &SessionHandle, burst: usize, heard: &Weak<AtomicUsize>) {
    for nth in 0..EMITTED {
        // Where the test has failed there is nobody left to wait for.
        while heard.upgrade().is_some_and(|heard| heard.load(Ordering::Acquire) < nth - nth % burst) {
            std::thread::yield_now();
        }
        if session.send([Frame::text(&nth.to_string())]).is_err() {
            return;
        }
    }
}

/// Checks that the messages of a payload are the numbers that come next.
fn hear(heard: &AtomicUsize, payload: &str) {
    for message in payload.split('\u{1e}').filter_map(|packet| packet.strip_prefix('4')) {
        assert_eq!(message, heard.load(Ordering::Relaxed).to_string());
        heard.fetch_add(1, Ordering::Release);
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
            self.session.send([Frame::text(text)]).unwrap();
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
