//! Who is turned away: because there are too many, because nobody says whether they may come, because they ask for another
//! host, or because they are not who they seem.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::future::pending;
use std::time::Duration;

use pintle_transport::{Config, HostPolicy, Refusal};
use support::{
    ASK_TO_POLL, Answer, Echo, Poller, Server, answer, ask, ask_for_websocket, head, open_websocket, push,
    receive_text, settle, text, upgrade, within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

fn server(set: impl FnOnce(&mut Config) -> &mut Config) -> Server<Echo> {
    Server::with_config(Echo, |_| None, |config| _ = set(config))
}

/// A request with one more header.
fn with(request: &str, header: &str) -> String {
    request.replacen("\r\n", &format!("\r\n{header}\r\n"), 1)
}

/// The id of the session that was opened.
fn sid_of(opened: &Answer) -> String {
    opened.body.strip_prefix(r#"0{"sid":""#).unwrap().split('"').next().unwrap().to_owned()
}

const TOO_MANY: &str = r#"{"code":4,"message":"Too many sessions"}"#;

#[tokio::test(start_paused = true)]
async fn h020_there_are_no_more_sessions_than_may_be() {
    let server = server(|config| config.set_max_sessions(Some(2)));
    let mut poller = Poller::open(server.dial(65_536)).await;
    let mut io = open_websocket(server.dial(65_536)).await;
    for _ in 0..100 {
        let mut refused = server.dial(65_536);
        refused.write_all(ASK_TO_POLL.as_bytes()).await.unwrap();
        let head = within(head(&mut refused)).await;
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(head.contains("\r\nretry-after: 5\r\n"), "{head}");
        assert!(head.contains("\r\ncontent-type: application/json\r\n"), "{head}");
        let mut body = vec![0; TOO_MANY.len()];
        within(refused.read_exact(&mut body)).await.unwrap();
        assert_eq!(body, TOO_MANY.as_bytes());

        let mut refused = server.dial(65_536);
        refused.write_all(ask_for_websocket(None).as_bytes()).await.unwrap();
        let head = within(support::head(&mut refused)).await;
        assert!(head.starts_with("HTTP/1.1 503 ") && head.contains("\r\nretry-after: 5\r\n"), "{head}");
    }
    assert_eq!((server.sessions(), server.opened()), (2, 2));
    // Those who are there notice nothing.
    poller.push("4hello").await;
    assert_eq!(within(poller.poll()).await.body, "4hello");
    io.write_all(&text("4hello")).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4hello");
    let mut io = within(upgrade(server.dial(65_536), &poller.sid)).await;
    io.write_all(&text("4moved")).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4moved");
    // And who goes makes room.
    io.write_all(&text("1")).await.unwrap();
    settle().await;
    assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await.status, 200);
    assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn h020_a_session_that_nobody_uses_makes_room_in_time() {
    let server = server(|config| config.set_max_sessions(Some(100)));
    for _ in 0..100 {
        drop(Poller::open(server.dial(65_536)).await);
    }
    assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await.status, 503);
    sleep(Duration::from_secs(46)).await;
    assert_eq!((server.sessions(), server.tasks()), (0, 0));
    assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn h021_h020_handshakes_that_hang_take_places_and_give_them_back() {
    let hang = |parts: &http::request::Parts| {
        let hangs = parts.headers.contains_key("x-hang");
        (hangs || parts.headers.contains_key("x-refuse")).then(|| -> pintle_transport::Admission {
            Box::pin(async move { if hangs { pending().await } else { Err(Refusal::default()) } })
        })
    };
    let server = Server::with_config(Echo, hang, |config| _ = config.set_max_sessions(Some(10)));
    // Each refusal, of whatever kind, gives its place back.
    for _ in 0..20 {
        assert_eq!(within(ask(server.dial(65_536), &with(ASK_TO_POLL, "x-refuse: 1"))).await.status, 403);
        assert_eq!(within(ask(server.dial(65_536), &ASK_TO_POLL.replace("EIO=4", "EIO=3"))).await.status, 400);
        let improper = ask_for_websocket(None).replace("Version: 13", "Version: 8");
        assert_eq!(within(ask(server.dial(65_536), &improper)).await.status, 400);
    }
    let begun = Instant::now();
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let io = server.dial(65_536);
            tokio::spawn(async move { ask(io, &with(ASK_TO_POLL, "x-hang: 1")).await })
        })
        .collect();
    settle().await;
    assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await.status, 503);
    for waiting in waiting {
        let late = Answer { status: 403, body: r#"{"code":4,"message":"Admission timed out"}"#.to_owned() };
        assert_eq!(within(waiting).await.unwrap(), late);
    }
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn h021_an_admission_without_end_ends_in_a_refusal() {
    let hang = |_: &http::request::Parts| -> Option<pintle_transport::Admission> { Some(Box::pin(pending())) };
    for (limit, expected) in [(None, 10), (Some(Duration::from_secs(3)), 3)] {
        let server = Server::with_config(Echo, hang, |config| {
            if let Some(limit) = limit {
                config.set_admission_timeout(limit);
            }
        });
        let begun = Instant::now();
        let polled = within(ask(server.dial(65_536), ASK_TO_POLL)).await;
        let message = r#"{"code":4,"message":"Admission timed out"}"#.to_owned();
        assert_eq!(polled, Answer { status: 403, body: message });
        assert_eq!(begun.elapsed().as_secs(), expected);
        let upgraded = within(ask(server.dial(65_536), &ask_for_websocket(None))).await;
        assert_eq!(upgraded, Answer { status: 400, body: "Admission timed out".to_owned() });
        assert_eq!(begun.elapsed().as_secs(), 2 * expected);
        assert_eq!((server.sessions(), server.opened()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn h029_each_address_has_its_own_share_whatever_a_proxy_is_said_to_have_forwarded() {
    let server = server(|config| config.set_max_sessions_per_address(Some(2)));
    let from = |address: &str| with(ASK_TO_POLL, &format!("x-test-address: {address}"));
    let first = within(ask(server.dial(65_536), &from("192.0.2.1"))).await;
    assert_eq!(within(ask(server.dial(65_536), &from("192.0.2.1"))).await.status, 200);
    let refused = within(ask(server.dial(65_536), &from("192.0.2.1"))).await;
    assert_eq!(refused, Answer { status: 503, body: TOO_MANY.to_owned() });
    let forged = with(&from("192.0.2.1"), "X-Forwarded-For: 198.51.100.7");
    assert_eq!(within(ask(server.dial(65_536), &forged)).await.status, 503);
    assert_eq!(within(ask(server.dial(65_536), &from("192.0.2.2"))).await.status, 200);
    for _ in 0..3 {
        assert_eq!(within(ask(server.dial(65_536), ASK_TO_POLL)).await.status, 200, "who knows where it comes from");
    }
    // One of the two goes.
    let sid = sid_of(&first);
    assert_eq!(within(ask(server.dial(65_536), &String::from_utf8(push(&sid, b"1")).unwrap())).await.status, 200);
    settle().await;
    assert_eq!(within(ask(server.dial(65_536), &from("192.0.2.1"))).await.status, 200);
    assert_eq!(within(ask(server.dial(65_536), &from("192.0.2.1"))).await.status, 503);
}

/// A server whose sessions are bound to a header, and what it answers to a GET, a POST and an upgrade of someone's.
async fn bound(header: &str) -> (Server<Echo>, Poller<tokio::io::DuplexStream>, [Answer; 3]) {
    let server = server(|config| {
        config.set_bind_session(|handshake, request| {
            assert!(!request.headers.contains_key("x-panic"), "as a test wants it");
            handshake.header("x-user") == request.headers.get("x-user").map(http::HeaderValue::as_bytes)
        })
    });
    let opened = within(ask(server.dial(65_536), &with(ASK_TO_POLL, "x-user: ada"))).await;
    let sid = sid_of(&opened);
    let get = ASK_TO_POLL.replace("polling", &format!("polling&sid={sid}"));
    let post = String::from_utf8(push(&sid, b"4stolen")).unwrap();
    let mut answers = Vec::new();
    for request in [get, post, ask_for_websocket(Some(&sid))] {
        answers.push(within(ask(server.dial(65_536), &with(&request, header))).await);
    }
    let poller = Poller { io: server.dial(65_536), sid };
    (server, poller, answers.try_into().unwrap())
}

#[tokio::test(start_paused = true)]
async fn h140_a_session_can_be_bound_to_who_opened_it() {
    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#.to_owned();
    for stranger in ["x-user: eve", "x-other: 1"] {
        let (server, poller, answers) = bound(stranger).await;
        let [get, post, upgrade] = answers;
        assert_eq!(get, Answer { status: 400, body: unknown.clone() });
        assert_eq!(post, Answer { status: 400, body: unknown.clone() });
        assert_eq!(upgrade, Answer { status: 400, body: "Session ID unknown".to_owned() });
        assert_still_adas(&server, poller).await;
    }
}

#[tokio::test(start_paused = true)]
async fn h140_a_panic_of_what_binds_is_answered_and_the_session_goes_on() {
    let (server, poller, answers) = bound("x-panic: 1").await;
    for answer in answers {
        assert_eq!(answer, Answer { status: 500, body: String::new() });
    }
    assert_still_adas(&server, poller).await;
}

/// The session is unaffected: whoever opened it says something, hears it, and moves to a WebSocket.
async fn assert_still_adas(server: &Server<Echo>, mut poller: Poller<tokio::io::DuplexStream>) {
    assert_eq!((server.sessions(), server.reasons()), (1, vec![]));
    let request = |request: &str| with(request, "x-user: ada");
    let post = request(&String::from_utf8(push(&poller.sid, b"4mine")).unwrap());
    poller.io.write_all(post.as_bytes()).await.unwrap();
    assert_eq!(within(answer(&mut poller.io)).await, Answer { status: 200, body: "ok".to_owned() });
    let get = request(&ASK_TO_POLL.replace("polling", &format!("polling&sid={}", poller.sid)));
    poller.io.write_all(get.as_bytes()).await.unwrap();
    assert_eq!(within(answer(&mut poller.io)).await.body, "4mine", "and nothing of the stranger's");
    let mut io = server.dial(65_536);
    io.write_all(request(&ask_for_websocket(Some(&poller.sid))).as_bytes()).await.unwrap();
    assert!(within(head(&mut io)).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test(start_paused = true)]
async fn h024_requests_are_taken_for_hosts_that_are_allowed() {
    let server = server(|config| {
        config.hosts = HostPolicy::Listed(vec!["chat.example".parse().unwrap()]);
        config
    });
    let refused = r#"{"code":4,"message":"Host not allowed: list it with allowed_hosts()"}"#;
    for request in [ASK_TO_POLL, &ask_for_websocket(None)] {
        for host in ["attacker.example", "chat.example.attacker.example", "chat.ex\u{e4}mple"] {
            // The page is of the same origin, for its browser.
            let rebound =
                with(&request.replace("Host: test", &format!("Host: {host}")), &format!("Origin: http://{host}"));
            let answer = within(ask(server.dial(65_536), &rebound)).await;
            assert_eq!(answer, Answer { status: 403, body: refused.to_owned() }, "{host}");
        }
    }
    assert_eq!(server.opened(), 0);
    let proper = ASK_TO_POLL.replace("Host: test", "Host: Chat.example:8080");
    let opened = within(ask(server.dial(65_536), &proper)).await;
    assert_eq!(opened.status, 200);
    let sid = sid_of(&opened);
    // Each request, not the first alone.
    let post = String::from_utf8(push(&sid, b"4hello")).unwrap();
    assert_eq!(within(ask(server.dial(65_536), &post)).await.status, 403);
    let post = post.replace("Host: test", "Host: chat.example");
    assert_eq!(within(ask(server.dial(65_536), &post)).await.status, 200);
}
