//! Requests for a session that no client should make.

use std::future::pending;

use axum::extract::Request as AxumRequest;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use pintle::{Ack, ClientError, Socket};
use pintle_tests::{Client, HttpConnection, Polling, Request, Transport, WebSocket, eventually};
use tower_http::catch_panic::CatchPanicLayer;

use crate::attack::{ask, ask_session, get, leave, withstand};
use crate::scene::{Scene, realtime};

const OPEN: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";
const UNKNOWN_TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;

#[tokio::test]
async fn a08_h003_a_transport_that_is_none_is_unknown_on_either() {
    withstand(realtime(), async |endpoint| {
        for transport in ["__proto__", "constructor", "toString", "", "webtransport", "polling%00", "POLLING"] {
            let query = format!("EIO=4&transport={transport}");
            let polled = get(endpoint, &query).await;
            assert_eq!((polled.status, polled.text()), (400, UNKNOWN_TRANSPORT), "{transport}");
            let refused = WebSocket::try_connect(endpoint, &query).await.expect_err("no 101");
            assert_eq!((refused.status, refused.text()), (400, "Transport unknown"), "{transport}");
        }
    })
    .await;
}

/// One session for each request, whatever its version is said to be later.
#[tokio::test]
async fn a13_h027_another_version_than_the_sessions_is_refused_on_either_transport() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        for version in ["EIO=3&", "EIO=5&", "EIO=&", ""] {
            let query = |transport| format!("{version}transport={transport}&sid={}", session.sid());
            let polled = get(endpoint, &query("polling")).await;
            assert_eq!((polled.status, polled.text()), (400, BAD_REQUEST), "{version}");
            let pushed = ask(endpoint, Request::post(endpoint.target(&query("polling")), "3")).await;
            assert_eq!((pushed.status, pushed.text()), (400, BAD_REQUEST), "{version}");
            let upgraded = WebSocket::try_connect(endpoint, &query("websocket")).await.expect_err("no 101");
            assert_eq!((upgraded.status, upgraded.text()), (400, "Bad request"), "{version}");
        }
        leave(&session).await;
    })
    .await;
}

#[tokio::test]
async fn h005_h067_a_head_opens_nothing_and_harms_no_session() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        for (target, status) in [(endpoint.target(OPEN), "400"), (session.target(), "500")] {
            let mut connection = HttpConnection::open(endpoint.address()).await;
            connection.request(&Request::new("HEAD", target).header("connection", "close")).await;
            let said = String::from_utf8(connection.rest().await).expect("text");
            assert!(said.starts_with(&format!("HTTP/1.1 {status} ")) && said.ends_with("\r\n\r\n"), "{said}");
        }
        leave(&session).await;
    })
    .await;
}

#[tokio::test]
async fn h007_an_id_of_any_length_and_alphabet_is_one_that_nobody_has() {
    withstand(realtime(), async |endpoint| {
        let long = "a".repeat(60_000);
        for sid in ["x", "aaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaa%FF", "é", "%00", "../..", "{}", &long] {
            for method in ["GET", "POST"] {
                let target = endpoint.target(&format!("{OPEN}&sid={sid}"));
                let refused = ask(endpoint, Request::new(method, target)).await;
                assert_eq!((refused.status, refused.text()), (400, UNKNOWN_SESSION), "{method} {sid:.30}");
            }
            let query = format!("{WEBSOCKET}&sid={sid}");
            let refused = WebSocket::try_connect(endpoint, &query).await.expect_err("no 101");
            assert_eq!((refused.status, refused.text()), (400, "Session ID unknown"), "{sid:.30}");
        }
        // What is no text at all does not get as far.
        let mut connection = HttpConnection::open(endpoint.address()).await;
        let head = b"GET /socket.io/?EIO=4&transport=polling&sid=\xff\xfe HTTP/1.1\r\nhost: here\r\n\r\n";
        connection.send(head).await;
        assert_eq!(connection.response().await.status, 400);
    })
    .await;
}

/// The last one counts, as in Node, on either transport.
#[tokio::test]
async fn h008_of_two_ids_the_last_one_counts() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        let (own, foreign) = (session.sid(), "aaaaaaaaaaaaaaaaaaaa");
        for (first, last, status) in [(foreign, own, 200), (own, foreign, 400)] {
            let target = endpoint.target(&format!("{OPEN}&sid={first}&sid={last}"));
            assert_eq!(ask(endpoint, Request::post(target, "3")).await.status, status);
            let opened = WebSocket::try_connect(endpoint, &format!("{WEBSOCKET}&sid={first}&sid={last}")).await;
            assert_eq!(opened.is_ok(), status == 200);
        }
        leave(&session).await;
    })
    .await;
}

#[tokio::test]
async fn h009_an_id_may_be_escaped() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        let escaped: String = session.sid().bytes().map(|byte| format!("%{byte:02X}")).collect();
        let target = endpoint.target(&format!("EIO=%34&transport=poll%69ng&s%69d={escaped}"));
        assert_eq!(ask(endpoint, Request::post(target, "3")).await.text(), "ok");
        for broken in ["%", "%4", "%zz", "%ff%fe", "%00", "+"] {
            let refused = get(endpoint, &format!("{OPEN}&sid={broken}{}", session.sid())).await;
            assert_eq!((refused.status, refused.text()), (400, UNKNOWN_SESSION), "{broken}");
        }
        leave(&session).await;
    })
    .await;
}

/// What is kept of the query is what came, and hyper takes no more than 64 KiB of a target.
#[tokio::test]
async fn h010_a_query_is_as_long_as_hyper_lets_it_be() {
    let realtime = realtime().on("query", async |socket: Socket| Ack(socket.handshake().query_pairs().count()));
    withstand(realtime, async |endpoint| {
        for more in ["x".repeat(60_000), "a[]=1&".repeat(10_000), "a[b][c][d][e][f][g]=1&".repeat(2_500)] {
            let opened = get(endpoint, &format!("{more}&{OPEN}")).await;
            let pairs = more.split('&').filter(|pair| !pair.is_empty()).count() + 2;
            assert_eq!(ask_session(endpoint, &opened, "query").await, format!("[{pairs}]"));
        }
        let long = get(endpoint, &format!("{OPEN}&{}", "x".repeat(70_000))).await;
        assert_eq!(long.status, 414);
    })
    .await;
}

#[tokio::test]
async fn h011_h012_a_websocket_that_is_asked_for_wrongly_is_not_had() {
    withstand(realtime(), async |endpoint| {
        let proper = WebSocket::request(endpoint.target(WEBSOCKET));
        for (request, status) in [
            (proper.clone().header("connection", "keep-alive"), 400),
            (proper.clone().header("connection", "close"), 400),
            (proper.clone().without("connection"), 400),
            (proper.clone().without("upgrade"), 400),
            (proper.clone().header("upgrade", "websockets"), 400),
            (proper.clone().header("upgrade", "h2c"), 400),
            (proper.clone().header("sec-websocket-version", "8"), 400),
            (proper.clone().header("sec-websocket-version", "13, 8"), 400),
            (proper.clone().header("sec-websocket-key", "dGhlIHNhbXBsZSBub25j"), 400),
            (proper.clone().header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZSE="), 400),
        ] {
            let refused = WebSocket::ask(endpoint, &request).await.expect_err("no 101");
            assert_eq!(refused.status, status, "{request:?}");
        }
        let mut old = HttpConnection::open(endpoint.address()).await;
        let head = format!(
            "GET {} HTTP/1.0\r\nhost: here\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            endpoint.target(WEBSOCKET)
        );
        old.send(head).await;
        assert_eq!(old.response().await.status, 400);
    })
    .await;
}

#[tokio::test]
async fn a71_upgrades_that_fail_leave_no_session() {
    withstand(realtime(), async |endpoint| {
        let proper = WebSocket::request(endpoint.target(WEBSOCKET));
        for _ in 0..500 {
            for request in [proper.clone().without("sec-websocket-key"), proper.clone().without("connection")] {
                assert_eq!(WebSocket::ask(endpoint, &request).await.expect_err("no 101").status, 400);
            }
        }
    })
    .await;
}

/// hyper closes the connection rather than read a body that nobody wants.
#[tokio::test]
async fn h019_nobody_reads_the_body_of_a_handshake() {
    withstand(realtime(), async |endpoint| {
        let mut connection = HttpConnection::open(endpoint.address()).await;
        connection.request(&Request::get(endpoint.target(OPEN)).header("content-length", "1000000000")).await;
        assert_eq!(connection.response().await.status, 200);
        let mut sent = 0;
        while connection.try_send([0; 65_536]).await.is_ok() {
            sent += 65_536;
            assert!(sent < 64 * 1024 * 1024, "it reads on");
        }
    })
    .await;
}

/// The option for how long it may take is another test's. Here: nothing of a session is there meanwhile, or after.
#[tokio::test]
async fn h021_a_guard_that_never_answers_holds_no_session() {
    let stall = async |headers: HeaderMap| {
        if headers.contains_key("x-stall") {
            pending::<()>().await;
        }
        Ok::<_, ClientError>(())
    };
    let scene = Scene::set(realtime().allow_request(stall)).await;
    let before = pintle_tests::alive_tasks();
    let endpoint = scene.endpoint();
    let stalled = scene
        .elsewhere
        .run(async move {
            let mut stalled = Vec::new();
            for _ in 0..250 {
                for request in [Request::get(endpoint.target(OPEN)), WebSocket::request(endpoint.target(WEBSOCKET))] {
                    let mut connection = HttpConnection::open(endpoint.address()).await;
                    connection.request(&request.header("x-stall", "yes")).await;
                    stalled.push(connection);
                }
            }
            stalled
        })
        .await;
    eventually("500 to wait", || pintle_tests::alive_tasks() >= before + 500).await;
    assert_eq!(scene.io.engine().clients_count(), 1, "the witness alone");
    scene.elsewhere.run(async move { drop(stalled) }).await;
    scene.unharmed().await;
}

/// There is no JSONP: what it would be asked with means nothing, and never comes back.
#[tokio::test]
async fn h026_the_name_of_a_callback_is_not_reflected() {
    withstand(realtime(), async |endpoint| {
        for callback in ["alert(1)", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "0"] {
            for (query, status, kind) in [
                (OPEN, 200, "text/plain; charset=UTF-8"),
                ("EIO=4&transport=jsonp", 400, "application/json"),
                ("EIO=4&transport=polling&sid=nobody", 400, "application/json"),
            ] {
                let answer = get(endpoint, &format!("{query}&j={callback}")).await;
                assert_eq!((answer.status, answer.header("content-type")), (status, Some(kind)));
                let said = answer.text();
                assert!(!["alert", "script", "___eio"].iter().any(|word| said.contains(word)), "{said}");
                assert!(said.starts_with("0{") || said.starts_with('{'), "{said}");
            }
        }
    })
    .await;
}

/// A layer around ours that does what layers should not.
async fn misbehave(request: AxumRequest, next: Next) -> Response {
    match request.headers().get("x-misbehave").map(HeaderValue::as_bytes) {
        Some(b"panic") => panic!("as a test wants it"),
        Some(b"refuse") => StatusCode::IM_A_TEAPOT.into_response(),
        Some(b"stall") => pending().await,
        Some(b"fail afterwards") => {
            drop(next.run(request).await);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        _ => next.run(request).await,
    }
}

#[tokio::test]
async fn a14_a_layer_that_goes_wrong_gives_one_answer_and_no_session() {
    let wrap = |router: axum::Router| router.layer(from_fn(misbehave)).layer(CatchPanicLayer::new());
    let scene = Scene::behind(realtime(), wrap).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        for open in [Request::get(endpoint.target(OPEN)), WebSocket::request(endpoint.target(WEBSOCKET))] {
            for (how, status) in [("panic", 500), ("refuse", 418), ("fail afterwards", 500)] {
                let mut connection = HttpConnection::open(endpoint.address()).await;
                connection.request(&open.clone().header("x-misbehave", how).header("connection", "close")).await;
                let said = String::from_utf8(connection.rest().await).expect("text");
                assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
                assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{how}: {said}");
            }
            let mut stalled = HttpConnection::open(endpoint.address()).await;
            stalled.request(&open.clone().header("x-misbehave", "stall")).await;
            assert!(stalled.stays_silent(std::time::Duration::from_millis(50)).await);
        }
        // Behind a session that there is, too.
        let mut client = Client::join(endpoint, Transport::Polling).await;
        client.assert_open().await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}
