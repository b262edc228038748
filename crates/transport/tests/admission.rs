//! Who may have a session: the application is asked once it matters, and there is nothing of a session before.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::request::Parts;
use pintle_transport::{Admission, Refusal};
use support::{
    ASK_TO_POLL, Answer, Echo, Poller, Quiet, Server, answer, ask, ask_for_websocket, head, open_websocket,
    receive_text, settle, text, within,
};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;

#[tokio::test(start_paused = true)]
async fn who_is_refused_is_told_why() {
    for (refusal, body, plain) in [
        (Refusal::default(), r#"{"code":4,"message":"Forbidden"}"#, "Forbidden"),
        (Refusal::new("not \"you\""), r#"{"code":4,"message":"not \"you\""}"#, "not \"you\""),
        (Refusal::new(format!("{} é", 1)), r#"{"code":4,"message":"1 é"}"#, "1 é"),
    ] {
        let server = Server::with_admission(Echo, move |_| says(Err(refusal.clone())));
        let polled = within(ask(server.dial(65_536), ASK_TO_POLL)).await;
        assert_eq!(polled, Answer { status: 403, body: body.to_owned() });
        let upgraded = within(ask(server.dial(65_536), &ask_for_websocket(None))).await;
        assert_eq!(upgraded, Answer { status: 400, body: plain.to_owned() });
        assert_eq!((server.sessions(), server.opened()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn the_application_sees_the_request() {
    let server = Server::with_admission(Echo, |parts| {
        let known = parts.headers.get("authorization").is_some_and(|token| token == "Bearer secret");
        says(if known { Ok(()) } else { Err(Refusal::new(parts.uri.query().unwrap_or_default().to_owned())) })
    });
    let refused = within(ask(server.dial(65_536), ASK_TO_POLL)).await;
    assert_eq!(refused.body, r#"{"code":4,"message":"EIO=4&transport=polling"}"#);
    let known = ASK_TO_POLL.replace("\r\n\r\n", "\r\nAuthorization: Bearer secret\r\n\r\n");
    assert_eq!(within(ask(server.dial(65_536), &known)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn it_is_asked_after_method_and_transport_and_before_the_version() {
    let asked = Arc::<AtomicUsize>::default();
    let server = Server::with_admission(Echo, {
        let asked = asked.clone();
        move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            says(Err(Refusal::default()))
        }
    });
    for (line, more, status, code, times) in [
        ("GET /engine.io/?EIO=4&transport=tcp", "", 400, 0, 0),
        ("GET /engine.io/?EIO=4&transport=polling&sid=nobody", "", 400, 1, 0),
        ("POST /engine.io/?EIO=4&transport=polling", "", 400, 2, 0),
        ("GET /engine.io/?EIO=4&transport=websocket", "", 400, 3, 0),
        ("GET /engine.io/?EIO=4&transport=polling", "Origin: https://evil.example\r\n", 403, 4, 0),
        ("GET /engine.io/?EIO=3&transport=polling", "", 403, 4, 1),
        ("GET /engine.io/?EIO=4&transport=polling", "", 403, 4, 1),
    ] {
        let before = asked.load(Ordering::Relaxed);
        let request = format!("{line} HTTP/1.1\r\nHost: test\r\n{more}\r\n");
        let answer = within(ask(server.dial(65_536), &request)).await;
        assert_eq!(answer.status, status, "{line}");
        assert!(answer.body.starts_with(&format!(r#"{{"code":{code},"#)), "{line}: {answer:?}");
        assert_eq!(asked.load(Ordering::Relaxed) - before, times, "{line}");
    }
    let server = Server::with_admission(Echo, |_| says(Ok(())));
    let old = within(ask(server.dial(65_536), &ASK_TO_POLL.replace("EIO=4", "EIO=3"))).await;
    assert_eq!(old.body, r#"{"code":5,"message":"Unsupported protocol version"}"#);
    let old = within(ask(server.dial(65_536), &ask_for_websocket(None).replace("EIO=4", "EIO=3"))).await;
    assert_eq!(old, Answer { status: 400, body: "Unsupported protocol version".to_owned() });
}

#[tokio::test(start_paused = true)]
async fn later_requests_are_not_asked_about() {
    let asked = Arc::<AtomicUsize>::default();
    let server = Server::with_admission(Echo, {
        let asked = asked.clone();
        move |_| {
            asked.fetch_add(1, Ordering::Relaxed);
            says(Ok(()))
        }
    });
    let mut poller = Poller::open(server.dial(65_536)).await;
    assert_eq!(within(poller.push("4hello")).await.status, 200);
    assert_eq!(within(poller.poll()).await.body, "4hello");
    let mut io = within(support::upgrade(server.dial(65_536), &poller.sid)).await;
    io.write_all(&text("4moved")).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4moved");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn there_is_no_session_before_its_client_is_admitted() {
    let gate = Gate::new();
    let server = Server::with_admission(Echo, gate.admit());
    let polling = tokio::spawn(ask(server.dial(65_536), ASK_TO_POLL));
    let websocket = tokio::spawn(open_websocket(server.dial(65_536)));
    settle().await;
    assert_eq!(gate.waiting(), 2);
    assert_eq!((server.sessions(), server.opened()), (0, 0));
    within(server.handle().idle()).await;
    gate.open();
    assert_eq!(within(polling).await.unwrap().status, 200);
    let mut io = within(websocket).await.unwrap();
    io.write_all(&text("4hello")).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4hello", "the stream is still to be had after the wait");
    assert_eq!((server.sessions(), server.opened()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_meanwhile_leaves_nothing() {
    for request in [ASK_TO_POLL, &ask_for_websocket(None)] {
        let gate = Gate::new();
        let server = Server::with_admission(|_| Quiet, gate.admit());
        let mut io = server.dial(65_536);
        io.write_all(request.as_bytes()).await.unwrap();
        settle().await;
        assert_eq!(gate.waiting(), 1);
        drop(io);
        settle().await;
        assert_eq!(gate.waiting(), 0, "nobody waits for the answer any more");
        gate.open();
        settle().await;
        assert_eq!((server.sessions(), server.opened()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_admitted_to_a_server_that_was_closed_meanwhile_comes_too_late() {
    let gate = Gate::new();
    let server = Server::with_admission(Echo, gate.admit());
    let clients = [ASK_TO_POLL.to_owned(), ask_for_websocket(None)].map(|request| {
        let io = server.dial(65_536);
        tokio::spawn(async move { ask(io, &request).await })
    });
    settle().await;
    server.handle().close();
    gate.open();
    for client in clients {
        assert_eq!(within(client).await.unwrap(), Answer { status: 503, body: "Server closed".to_owned() });
    }
    assert_eq!((server.sessions(), server.opened()), (0, 0));
    within(server.handle().idle()).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_answered_and_nothing_stays() {
    let servers = [
        Server::with_admission(Echo, |_| panic!("as a test wants it")),
        Server::with_admission(Echo, |_| Some(Box::pin(async { panic!("as a test wants it") }))),
        Server::with_admission(Echo, |_| {
            Some(Box::pin(async {
                tokio::task::yield_now().await;
                panic!("as a test wants it")
            }))
        }),
    ];
    for server in servers {
        let mut io = server.dial(65_536);
        for _ in 0..2 {
            io.write_all(ASK_TO_POLL.as_bytes()).await.unwrap();
            assert_eq!(within(answer(&mut io)).await.status, 500, "and the connection goes on");
        }
        let mut io = server.dial(65_536);
        io.write_all(ask_for_websocket(None).as_bytes()).await.unwrap();
        assert!(within(head(&mut io)).await.starts_with("HTTP/1.1 500 "));
        assert_eq!((server.sessions(), server.opened()), (0, 0));
        within(server.handle().idle()).await;
    }
}

/// An answer that is there at once.
fn says(answer: Result<(), Refusal>) -> Option<Admission> {
    Some(Box::pin(async { answer }))
}

/// Lets everybody in once it has been opened.
struct Gate {
    opened: watch::Sender<bool>,
    /// One for each who is waiting, and our own.
    waiting: Arc<()>,
}

impl Gate {
    fn new() -> Self {
        Self { opened: watch::Sender::new(false), waiting: Arc::new(()) }
    }

    fn open(&self) {
        self.opened.send_replace(true);
    }

    /// How many wait before it.
    fn waiting(&self) -> usize {
        Arc::strong_count(&self.waiting) - 1
    }

    fn admit(&self) -> impl Fn(&Parts) -> Option<Admission> + Send + Sync + 'static {
        let opened = self.opened.subscribe();
        let waiting = Arc::downgrade(&self.waiting);
        move |_| {
            let mut opened = opened.clone();
            let waiting = waiting.upgrade();
            Some(Box::pin(async move {
                let _waiting = waiting;
                opened.wait_for(|opened| *opened).await.unwrap();
                Ok(())
            }))
        }
    }
}
