//! However a session ends, nothing of it stays.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle_transport::{CloseReason, Frame, SessionHandle};
use support::{Answer, Poller, Quiet, Server, answer, ask_for_websocket, open_websocket, push, settle, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_panic_in_connect_leaves_no_session() {
    let kept = Arc::<Mutex<Vec<SessionHandle>>>::default();
    let server = Server::new({
        let kept = kept.clone();
        move |session| -> Quiet {
            kept.lock().unwrap().push(session);
            panic!("as a test wants it")
        }
    });
    let polling = "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\n\r\n".to_owned();
    for request in [polling, ask_for_websocket(None)] {
        let mut io = server.dial(65_536);
        io.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        within(io.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(answer, b"", "the panic takes the connection with it");
        assert_eq!(server.sessions(), 0, "{request}");
    }
    let kept = kept.lock().unwrap();
    assert!(kept.len() == 2 && kept.iter().all(SessionHandle::is_closed), "who has a handle is told");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_hang_up_is_left_after_a_while() {
    let server = Server::new(|_| Quiet);
    let _io = open_websocket(server.dial(65_536)).await;
    server.last().close();
    sleep(Duration::from_millis(4900)).await;
    assert_eq!((server.sessions(), server.tasks()), (0, 1), "it has five seconds");
    sleep(Duration::from_millis(200)).await;
    assert_eq!(server.tasks(), 0);
    assert_eq!(server.reasons(), [CloseReason::ForcedClose]);
}

#[tokio::test(start_paused = true)]
async fn how_long_the_end_may_take_can_be_set() {
    let second = Duration::from_secs(1);
    let server = Server::with_limits(
        |_| Quiet,
        |limits| {
            limits.set_farewell_timeout(second).set_close_timeout(2 * second);
        },
    );
    let _io = open_websocket(server.dial(65_536)).await;
    server.last().close();
    let _poller = Poller::open(server.dial(65_536)).await;
    server.last().close();
    sleep(second * 9 / 10).await;
    assert_eq!((server.sessions(), server.tasks()), (1, 2));
    sleep(second / 5).await;
    assert_eq!((server.sessions(), server.tasks()), (1, 1), "the one whose peer does not hang up");
    sleep(second).await;
    assert_eq!((server.sessions(), server.tasks()), (0, 0), "the one that does not poll");
    assert_eq!(server.reasons(), [CloseReason::ForcedClose; 2]);
}

#[tokio::test(start_paused = true)]
async fn an_abort_of_a_stuck_session_ends_it() {
    let server = Server::new(|_| Quiet);
    let _io = open_websocket(server.dial(64)).await;
    emit(&server.last());
    settle().await;
    server.last().abort(CloseReason::ForcedClose);
    sleep(Duration::from_secs(6)).await;
    assert_eq!((server.sessions(), server.tasks()), (0, 0));
    assert_eq!(server.reasons(), [CloseReason::ForcedClose]);
}

#[tokio::test(start_paused = true)]
async fn a_graceful_close_of_a_stuck_session_ends_it() {
    let server = Server::new(|_| Quiet);
    let _io = open_websocket(server.dial(64)).await;
    emit(&server.last());
    settle().await;
    server.last().close();
    sleep(Duration::from_secs(19)).await;
    assert_eq!((server.sessions(), server.tasks()), (1, 1), "it has twenty seconds to take a byte");
    sleep(Duration::from_secs(7)).await;
    assert_eq!((server.sessions(), server.tasks()), (0, 0));
    assert_eq!(server.reasons(), [CloseReason::WriteTimeout]);
}

#[tokio::test(start_paused = true)]
async fn a_post_half_way_through_a_graceful_close_is_answered_and_the_session_ends() {
    let server = Server::new(|_| Quiet);
    let mut poller = Poller::open(server.dial(65_536)).await;
    let mut late = server.dial(65_536);
    let post = push(&poller.sid, b"4hello");
    late.write_all(&post[..post.len() - 3]).await.unwrap();
    settle().await;
    server.last().close();
    settle().await;
    late.write_all(&post[post.len() - 3..]).await.unwrap();
    assert_eq!(within(answer(&mut late)).await, Answer { status: 200, body: "ok".to_owned() });
    assert_eq!(within(poller.poll()).await.body, "6\u{1e}1");
    settle().await;
    assert_eq!((server.sessions(), server.tasks()), (0, 0));
    assert_eq!(server.reasons(), [CloseReason::ForcedClose]);
}

/// Emits more than a narrow pipe holds.
fn emit(session: &SessionHandle) {
    for _ in 0..10 {
        session.send([Frame::text(&"x".repeat(1000))]).unwrap();
    }
}
