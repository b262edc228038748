//! Deadlines and wake-ups that must not be missed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Context;
use std::time::Duration;

use pintle_transport::{CloseReason, Connection, Frame, Message, SessionHandle};
use support::{
    Echo, Poller, Quiet, Received, Server, open_websocket, receive, receive_text, settle, text, upgrade, within,
};
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn an_alarm_set_in_a_turn_that_used_up_its_budget_is_heard() {
    let server = Server::new(|_| Greedy::default());
    let mut io = open_websocket(server.dial(65_536)).await;
    let start = Instant::now();
    assert_eq!(within(receive_text(&mut io)).await, "2");
    assert_eq!(within(receive(&mut io)).await.unwrap(), Received::Close(vec![]));
    assert_eq!(start.elapsed().as_secs(), 45, "the heartbeat's 25 s, and 20 s without an answer");
    assert_eq!(server.reasons(), [CloseReason::PingTimeout]);
}

#[tokio::test(start_paused = true)]
async fn what_a_timeout_makes_ready_is_read() {
    let server = Server::new(|session| Breather { session, until: None });
    let mut io = open_websocket(server.dial(65_536)).await;
    let start = Instant::now();
    io.write_all(&[text("4first"), text("4second")].concat()).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4first");
    assert_eq!(within(receive_text(&mut io)).await, "4second");
    assert_eq!(start.elapsed().as_secs(), 1, "the breath, and no other alarm");
}

#[tokio::test(start_paused = true)]
async fn an_answer_behind_more_than_one_turn_reads_counts() {
    let server = Server::new(|_| Quiet);
    let mut io = open_websocket(server.dial(8 * 1024 * 1024)).await;
    assert_eq!(within(receive_text(&mut io)).await, "2");
    let long = text(&format!("4{}", "x".repeat(500_000)));
    io.write_all(&[long.repeat(8), text("3")].concat()).await.unwrap();
    // The server runs again when the answer is due, and not later: then it might look twice.
    tokio::time::advance(Duration::from_secs(20)).await;
    settle().await;
    assert_eq!(server.reasons(), []);
    assert_eq!(within(receive_text(&mut io)).await, "2", "the heartbeat goes on");
}

#[tokio::test(start_paused = true)]
async fn each_wake_after_the_end_is_heard() {
    let polls = Arc::<AtomicUsize>::default();
    let finished = Arc::<AtomicBool>::default();
    let server = Server::new({
        let (polls, finished) = (polls.clone(), finished.clone());
        move |_| Lingering { polls: polls.clone(), finished: finished.clone() }
    });
    let io = open_websocket(server.dial(65_536)).await;
    server.last().abort(CloseReason::ForcedClose);
    settle().await;
    drop(io);
    settle().await;
    assert_eq!(server.reasons(), [CloseReason::ForcedClose]);
    for nth in 1..=3 {
        let before = polls.load(Ordering::Relaxed);
        server.last().wake();
        settle().await;
        assert!(polls.load(Ordering::Relaxed) > before, "wake {nth}");
    }
    assert_eq!(server.tasks(), 1, "there is still something to drive");
    finished.store(true, Ordering::Relaxed);
    server.last().wake();
    settle().await;
    assert_eq!(server.tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn times_that_mean_never_are_no_trouble() {
    let server = Server::with_limits(Echo, |limits| {
        limits
            .set_ping_interval(Duration::MAX)
            .set_ping_timeout(Duration::MAX)
            .set_upgrade_timeout(Duration::MAX)
            .set_close_timeout(Duration::MAX)
            .set_write_timeout(Duration::MAX);
    });
    let poller = within(Poller::open(server.dial(65_536))).await;
    // So narrow that a write has to wait.
    let mut io = within(upgrade(server.dial(64), &poller.sid)).await;
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(server.sessions(), 1);
    let long = format!("4{}", "x".repeat(1000));
    io.write_all(&[text(&long), text("4bye")].concat()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert_eq!(within(receive_text(&mut io)).await, long);
    assert_eq!(within(receive(&mut io)).await.unwrap(), Received::Close(vec![]));
    assert_eq!(server.reasons(), [CloseReason::ForcedClose]);
}

/// Uses up all that tokio grants a task in one turn, as a busy channel would, when the first heartbeat is due.
#[derive(Default)]
struct Greedy {
    opened: Option<std::time::Instant>,
    sated: bool,
}

impl Connection for Greedy {
    fn handle_message(&mut self, _: &mut Context<'_>, _: std::time::Instant, _: Message<'_>) {}

    fn poll(&mut self, cx: &mut Context<'_>, now: std::time::Instant) {
        let opened = *self.opened.get_or_insert(now);
        if now - opened >= Duration::from_secs(25) && !self.sated {
            self.sated = true;
            while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
        }
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: std::time::Instant, _: CloseReason) {}
}

/// An echo that takes a second's breath after each message.
struct Breather {
    session: SessionHandle,
    until: Option<std::time::Instant>,
}

impl Connection for Breather {
    fn handle_message(&mut self, _: &mut Context<'_>, now: std::time::Instant, message: Message<'_>) {
        if let Message::Text(text) = message {
            self.session.send([Frame::text(text)]).unwrap();
        }
        self.until = Some(now + Duration::from_secs(1));
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

/// Has something to drive after the end, until it is told otherwise.
struct Lingering {
    polls: Arc<AtomicUsize>,
    finished: Arc<AtomicBool>,
}

impl Connection for Lingering {
    fn handle_message(&mut self, _: &mut Context<'_>, _: std::time::Instant, _: Message<'_>) {}

    fn poll(&mut self, _: &mut Context<'_>, _: std::time::Instant) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: std::time::Instant, _: CloseReason) {}

    fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }
}
