//! The handle to a server: who is there, no more of them, and word when the last one has gone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Context;
use std::time::{Duration, Instant};

use pintle_transport::{CloseReason, Connection, Counts, Message, SessionHandle};
use support::{
    ASK_TO_POLL, Answer, Echo, Poller, Quiet, Received, Server, ask, ask_for_websocket, head, open_websocket, receive,
    receive_text, settle, text, upgrade, within,
};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

#[tokio::test(start_paused = true)]
async fn a_closed_server_opens_no_session() {
    let server = Server::new(Echo);
    let handle = server.handle();
    assert!(!handle.is_closed());
    handle.close();
    handle.close();
    assert!(handle.is_closed() && handle.clone().is_closed());
    let closed = Answer { status: 503, body: "Server closed".to_owned() };
    assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await, closed);
    assert_eq!(within(ask(server.dial(65_536), &ask_for_websocket(None))).await, closed);
    let mut io = server.dial(65_536);
    io.write_all(ask_for_websocket(None).as_bytes()).await.unwrap();
    let refused = within(head(&mut io)).await.to_ascii_lowercase();
    assert!(refused.contains("connection: close") && refused.contains("content-type: text/html"), "{refused}");
    assert_eq!((server.sessions(), server.opened()), (0, 0));
    within(handle.idle()).await;
}

#[tokio::test(start_paused = true)]
async fn the_sessions_of_a_closed_server_go_on() {
    let server = Server::new(Echo);
    let mut poller = Poller::open(server.dial(65_536)).await;
    let mut websocket = open_websocket(server.dial(65_536)).await;
    server.handle().close();
    assert_eq!(within(poller.push("4polled")).await.status, 200);
    assert_eq!(within(poller.poll()).await.body, "4polled");
    websocket.write_all(&text("4sent")).await.unwrap();
    assert_eq!(within(receive_text(&mut websocket)).await, "4sent");
    let mut upgraded = within(upgrade(server.dial(65_536), &poller.sid)).await;
    upgraded.write_all(&text("4moved")).await.unwrap();
    assert_eq!(within(receive_text(&mut upgraded)).await, "4moved");
    // And what waits can be fetched when they are closed in their turn.
    for session in server.handle().sessions() {
        session.close();
    }
    assert_eq!(within(receive(&mut websocket)).await.unwrap(), Received::Close(vec![]));
    assert_eq!(within(receive(&mut upgraded)).await.unwrap(), Received::Close(vec![]));
    drop((websocket, upgraded));
    within(server.handle().idle()).await;
    assert_eq!(server.reasons(), [CloseReason::ForcedClose; 2]);
}

#[tokio::test(start_paused = true)]
async fn sessions_are_counted_by_their_transport() {
    let server = Server::new(Echo);
    let handle = server.handle();
    let counts = || {
        let Counts { polling, websocket, .. } = handle.counts();
        (polling, websocket)
    };
    assert_eq!(counts(), (0, 0));
    let poller = Poller::open(server.dial(65_536)).await;
    let _other = Poller::open(server.dial(65_536)).await;
    let _websocket = open_websocket(server.dial(65_536)).await;
    assert_eq!((counts(), handle.session_count(), handle.sessions().len()), ((2, 1), 3, 3));
    let mut upgraded = within(upgrade(server.dial(65_536), &poller.sid)).await;
    upgraded.write_all(&text("4moved")).await.unwrap();
    assert_eq!(within(receive_text(&mut upgraded)).await, "4moved");
    assert_eq!(counts(), (1, 2));
    handle.abort_all(CloseReason::TransportError);
    settle().await;
    assert_eq!((counts(), handle.session_count()), ((0, 0), 0));
    assert_eq!(server.reasons(), [CloseReason::TransportError; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_server_is_idle_when_what_runs_on_its_last_session_has_finished() {
    let finished = Arc::<AtomicBool>::default();
    let server = Server::new({
        let finished = finished.clone();
        move |_| Lingering(finished.clone())
    });
    let handle = server.handle();
    within(handle.idle()).await;
    let _poller = Poller::open(server.dial(65_536)).await;
    let first = server.last();
    let _other = Poller::open(server.dial(65_536)).await;
    let waiting = [handle.clone(), handle.clone()].map(|handle| tokio::spawn(async move { handle.idle().await }));
    handle.abort_all(CloseReason::ForcedClose);
    settle().await;
    assert_eq!((handle.session_count(), server.tasks()), (0, 2));
    timeout(Duration::from_secs(3600), handle.idle()).await.expect_err("handlers of the end still run");
    finished.store(true, Ordering::Relaxed);
    first.wake();
    settle().await;
    assert_eq!(server.tasks(), 1);
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()), "there is one more");
    server.last().wake();
    for waiting in waiting {
        within(waiting).await.unwrap();
    }
    assert_eq!(server.tasks(), 0, "not told too early");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_came_to_nothing_is_not_waited_for() {
    let server = Server::new(|_: SessionHandle| -> Quiet { panic!("as a test wants it") });
    for request in [ASK_TO_POLL, &ask_for_websocket(None)] {
        let mut io = server.dial(65_536);
        io.write_all(request.as_bytes()).await.unwrap();
        settle().await;
        within(server.handle().idle()).await;
        assert_eq!(server.sessions(), 0);
    }
}

/// Handshakes on many threads, and in their midst the end: whoever got in is among the sessions that are then told.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_slips_in_while_the_server_is_closed() {
    for _ in 0..20 {
        let server = Arc::new(Server::new(Echo));
        let handle = server.handle();
        let clients: Vec<_> = (0..40)
            .map(|_| {
                let server = server.clone();
                tokio::spawn(async move { ask(server.dial(65_536), ASK_TO_POLL).await.status })
            })
            .collect();
        while handle.session_count() < 5 {
            tokio::task::yield_now().await;
        }
        handle.close();
        let sessions = handle.sessions();
        let mut opened = 0;
        for client in clients {
            match within(client).await.unwrap() {
                200 => opened += 1,
                status => assert_eq!(status, 503),
            }
        }
        assert_eq!((sessions.len(), handle.session_count()), (opened, opened));
        handle.abort_all(CloseReason::ForcedClose);
        within(handle.idle()).await;
        assert_eq!((server.opened(), server.tasks()), (opened, 0));
    }
}

/// Has something to drive after the end, until it is told otherwise.
struct Lingering(Arc<AtomicBool>);

impl Connection for Lingering {
    fn handle_message(&mut self, _: &mut Context<'_>, _: Instant, _: Message<'_>) {}

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {}

    fn is_finished(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
