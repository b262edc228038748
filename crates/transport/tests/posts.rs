//! Bodies of long-polling: what they hold is handled once, in order, and to the last packet that can be read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::{Arc, Mutex};
use std::task::Context;
use std::time::Instant;

use pintle_transport::{CloseReason, Connection, Message};
use support::{Answer, Poller, Server, within};

#[tokio::test(start_paused = true)]
async fn what_comes_before_bytes_that_are_no_text_is_heard() {
    let log = Arc::<Mutex<Log>>::default();
    let server = Server::new(listener(&log, false));
    let mut poller = Poller::open(server.dial(65_536)).await;
    let answer = within(poller.push(b"4one\x1e4two\x1e4\xff\x1e4four")).await;
    assert_eq!(answer, Answer { status: 400, body: String::new() });
    assert_eq!(log.lock().unwrap().heard, ["one", "two"]);
    assert_eq!(server.reasons(), [CloseReason::ParseError]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_pauses_at_each_packet_is_handled_once_and_in_order() {
    let log = Arc::<Mutex<Log>>::default();
    let server = Server::new(listener(&log, true));
    let mut poller = Poller::open(server.dial(65_536)).await;
    let said: Vec<_> = (0..5000).map(|nth| nth.to_string()).collect();
    let body = format!("4{}", said.join("\u{1e}4"));
    assert_eq!(within(poller.push(body)).await, Answer { status: 200, body: "ok".to_owned() });
    assert!(log.lock().unwrap().heard == said);
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_many_packets_is_not_handled_in_one_turn() {
    let log = Arc::<Mutex<Log>>::default();
    let server = Server::new(listener(&log, false));
    let mut poller = Poller::open(server.dial(65_536)).await;
    let before = log.lock().unwrap().polls;
    let body = format!("4x{}", "\u{1e}4x".repeat(19_999));
    assert_eq!(within(poller.push(body)).await.status, 200);
    let log = log.lock().unwrap();
    assert_eq!(log.heard.len(), 20_000);
    // A turn polls the connection a few times at most.
    assert!(log.polls - before >= 10, "{} polls", log.polls - before);
}

/// What a connection heard, and how often it was polled.
#[derive(Default)]
struct Log {
    heard: Vec<String>,
    polls: usize,
}

/// Writes down what it hears; if it is `slow` it has enough after each message, until its next poll.
struct Listener {
    log: Arc<Mutex<Log>>,
    slow: bool,
    ready: bool,
}

/// Makes listeners that write into `log`.
fn listener(log: &Arc<Mutex<Log>>, slow: bool) -> impl Fn(pintle_transport::SessionHandle) -> Listener + use<> {
    let log = log.clone();
    move |_| Listener { log: log.clone(), slow, ready: true }
}

impl Connection for Listener {
    fn handle_message(&mut self, _: &mut Context<'_>, _: Instant, message: Message<'_>) {
        if let Message::Text(text) = message {
            self.log.lock().unwrap().heard.push(text.to_owned());
        }
        self.ready = !self.slow;
    }

    fn poll(&mut self, _: &mut Context<'_>, _: Instant) {
        self.log.lock().unwrap().polls += 1;
        self.ready = true;
    }

    fn is_ready(&self) -> bool {
        self.ready
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {}
}
