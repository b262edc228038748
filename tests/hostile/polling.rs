//! Long-polling by clients that keep to none of its rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use pintle::{Ack, Data, SocketIoLayer, StateRecovery};
use pintle_tests::{Client, Elsewhere, Endpoint, HttpConnection, Polling, Request, TestServer, Transport, eventually};
use serde_json::{Value, json};
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

use crate::attack::{ask, leave, withstand};
use crate::scene::{Scene, realtime};

/// Long enough for the server to have seen what was written.
const SEEN: Duration = Duration::from_millis(50);

/// A POST of which only the beginning comes.
async fn half_a_post(endpoint: Endpoint, session: &Polling, beginning: &str) -> HttpConnection {
    let mut connection = HttpConnection::open(endpoint.address()).await;
    let head = Request::post(session.target(), "").header("content-length", "1000");
    connection.request(&head).await;
    connection.send(beginning).await;
    connection
}

/// Each of them loses its session, and nobody else anything.
#[tokio::test]
async fn h040_h041_h042_a_crowd_that_breaks_the_rules() {
    withstand(realtime(), async |endpoint| {
        let mut crowd = tokio::task::JoinSet::new();
        for number in 0..120 {
            crowd.spawn(async move {
                let session = Polling::open(endpoint).await;
                match number % 4 {
                    0 => {
                        let mut gets = [session.start_get().await, session.start_get().await];
                        let [first, second] = &mut gets;
                        let mut answers = [first.response().await.status, second.response().await.status];
                        answers.sort_unstable();
                        assert_eq!(answers, [200, 400]);
                    }
                    1 => {
                        let mut first = half_a_post(endpoint, &session, "4hel").await;
                        assert!(first.stays_silent(SEEN).await);
                        assert_eq!(session.post("3").await.status, 400);
                    }
                    2 => {
                        let mut get = session.start_get().await;
                        // On a slow machine it is time for a ping by then; the session dies of what follows all the same.
                        get.stays_silent(SEEN).await;
                        get.abort();
                    }
                    _ => half_a_post(endpoint, &session, "4hel").await.abort(),
                }
                session.vanished().await;
            });
        }
        crowd.join_all().await;
    })
    .await;
}

/// An answer is sent once. Whoever is not there to read it, and wants it, recovers.
#[tokio::test]
async fn h043_an_answer_that_nobody_read_is_recovered_by_a_new_session() {
    let scene = Scene::set(realtime().recovery(StateRecovery::new())).await;
    let (endpoint, io) = (scene.endpoint(), scene.io.clone());
    let attack = async move {
        let mut session = Polling::open(endpoint).await;
        session.push("40").await;
        let connected: Value = serde_json::from_str(&session.receive().await[2..]).expect("JSON");
        io.to(connected["sid"].as_str().expect("an id")).emit("news", 1).expect("it is open");
        let seen: Value = serde_json::from_str(&session.receive().await[2..]).expect("JSON");
        assert_eq!((&seen[0], &seen[1]), (&json!("news"), &json!(1)));

        io.to(connected["sid"].as_str().expect("an id")).emit("news", "x".repeat(500_000)).expect("it is open");
        session.start_get().await.abort();

        let mut later = Polling::open(endpoint).await;
        later.push(format!("40{}", json!({ "pid": connected["pid"], "offset": seen[2] }))).await;
        // What was missed comes before the CONNECT.
        let missed = later.receive().await;
        assert!(missed.starts_with(r#"42["news","xxx"#) && missed.len() > 500_000, "{missed:.40}");
        let again: Value = serde_json::from_str(&later.receive().await[2..]).expect("JSON");
        assert_eq!(again["sid"], connected["sid"]);
        leave(&later).await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn h045_nothing_is_heard_of_a_body_that_did_not_come_whole() {
    let heard = Arc::<AtomicUsize>::default();
    let count = heard.clone();
    let realtime = realtime().on("half", async move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    withstand(realtime, async |endpoint| {
        for cut in [r#"42["half"]"#, "42[\"half\"]\u{1e}", "42[\"half\"]\u{1e}42[\"half\"]\u{1e}42[\"ha"] {
            let session = Polling::open(endpoint).await;
            session.push("40").await;
            let mut post = half_a_post(endpoint, &session, cut).await;
            assert!(post.stays_silent(SEEN).await);
            post.abort();
            session.vanished().await;
        }
    })
    .await;
    assert_eq!(heard.load(Ordering::Relaxed), 0);
}

/// The limits for how long a body may take are other tests'. Here: nobody else waits for it.
#[tokio::test]
async fn h046_bodies_that_trickle_in_keep_nobody_waiting() {
    withstand(realtime(), async |endpoint| {
        let mut posts = Vec::new();
        for _ in 0..100 {
            let session = Polling::open(endpoint).await;
            posts.push(half_a_post(endpoint, &session, "4").await);
        }
        for _ in 0..20 {
            for post in &mut posts {
                // Those whose heartbeat is over are cut off.
                let _ = post.try_send("a").await;
            }
            Client::join(endpoint, Transport::Polling).await.assert_open().await;
        }
    })
    .await;
}

#[tokio::test]
async fn h051_a_body_may_come_in_pieces_of_one_byte() {
    let length = async |Data(text): Data<String>| Ack(text.len());
    withstand(SocketIoLayer::new().max_payload(100_000).on("length", length), async |endpoint| {
        let mut client = Polling::open(endpoint).await;
        client.push("40").await;
        assert!(client.receive().await.starts_with("40"));
        let event = |length| format!(r#"421["length","{}"]"#, "x".repeat(length));

        let mut connection = HttpConnection::open(endpoint.address()).await;
        connection.request(&Request::post(client.target(), "").header("transfer-encoding", "chunked")).await;
        let chunks: String = event(90_000).chars().map(|byte| format!("1\r\n{byte}\r\n")).collect();
        connection.send(chunks + "0\r\n\r\n").await;
        assert_eq!(connection.response().await.text(), "ok");
        assert_eq!(client.receive().await, "431[90000]");

        let body = event(5_000);
        let head = Request::post(client.target(), "").header("content-length", &body.len().to_string());
        connection.request(&head).await;
        for byte in body.bytes() {
            connection.send([byte]).await;
        }
        assert_eq!(connection.response().await.text(), "ok");
        assert_eq!(client.receive().await, "431[5000]");
        leave(&client).await;
    })
    .await;
}

/// The limit is for what comes out of the compression. What is read of it meanwhile, `memory::polling` counts.
#[tokio::test]
async fn h062_a_body_that_grows_when_it_is_unpacked_is_refused() {
    // Sixteen megabytes of zeros, packed by tower-http.
    let zeros = Router::new().route("/", get(async || vec![0; 1 << 24])).layer(CompressionLayer::new());
    let zeros = TestServer::start(zeros).await;
    let bomb = Request::get("/").header("accept-encoding", "gzip").send(zeros.address()).await.body;
    assert!(bomb.len() < 100_000, "{}", bomb.len());

    let scene = Scene::behind(realtime(), |router| router.layer(RequestDecompressionLayer::new())).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let session = Polling::open(endpoint).await;
        for _ in 0..3 {
            let post = Request::post(session.target(), bomb.clone()).header("content-encoding", "gzip");
            let refused = ask(endpoint, post).await;
            assert_eq!((refused.status, refused.text()), (413, ""));
        }
        // Not even packed.
        let post = Request::post(session.target(), "3").header("content-encoding", "gzip");
        assert_eq!(ask(endpoint, post).await.status, 400);
        session.vanished().await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn a54_the_limit_holds_where_the_app_has_none() {
    let scene = Scene::behind(realtime(), |router| router.layer(DefaultBodyLimit::disable())).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let session = Polling::open(endpoint).await;
        assert_eq!(session.post("4".repeat(1_000_001)).await.status, 413);
        leave(&session).await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

/// All at once down one connection: hyper takes them in turn, and each has one answer.
#[tokio::test]
async fn h063_a_hundred_requests_may_follow_each_other_unasked() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        session.push("40").await;
        assert!(session.poll().await[0].starts_with("40"));
        let mut connection = HttpConnection::open(endpoint.address()).await;
        for number in 0..50 {
            let event = format!(r#"42{number}["witness",{number}]"#);
            connection.request(&Request::post(session.target(), event)).await;
            connection.request(&Request::get(session.target())).await;
        }
        for number in 0..50 {
            assert_eq!(connection.response().await.text(), "ok");
            let answer = connection.response().await;
            assert!(answer.text().ends_with(&format!("43{number}[{number}]")), "{}", answer.text());
        }
        // The other way round: the POST has to wait for what ends the GET, the heartbeat.
        connection.request(&Request::get(session.target())).await;
        connection.request(&Request::post(session.target(), "3")).await;
        assert_eq!(connection.response().await.text(), "2");
        assert_eq!(connection.response().await.text(), "ok");
        leave(&session).await;
    })
    .await;
}

/// hyper holds such an answer for as long as TCP does, and no longer the session: that ends with its heartbeat.
#[tokio::test]
async fn h065_an_answer_that_is_not_read_keeps_no_session() {
    let large = async |Data(length): Data<usize>| Ack("x".repeat(length));
    let scene = Scene::set(realtime().on("large", large)).await;
    let endpoint = scene.endpoint();
    let unread = scene.elsewhere.run(async move {
        let mut unread = Vec::new();
        for _ in 0..20 {
            let session = Polling::open(endpoint).await;
            session.push("40\u{1e}420[\"large\",900000]").await;
            // More than the buffers of a loopback connection: it is stuck.
            unread.push(session.start_get().await);
        }
        unread
    });
    let unread = unread.await;
    eventually("their sessions to be gone", || scene.io.engine().clients_count() == 1).await;
    scene.elsewhere.run(async move { drop(unread) }).await;
    scene.unharmed().await;
}

/// Each GET that waits is told of the end.
#[tokio::test]
async fn h069_many_long_polls_are_answered_when_the_server_closes() {
    let realtime = SocketIoLayer::new();
    let io = realtime.io();
    let server = TestServer::start(Router::new().layer(realtime)).await;
    let (endpoint, elsewhere) = (server.socket_io(), Elsewhere::new());
    let waiting = elsewhere.run(async move {
        let mut waiting = Vec::new();
        for _ in 0..500 {
            let session = Polling::open(endpoint).await;
            session.push("40").await;
            assert!(session.poll().await[0].starts_with("40"));
            waiting.push(session.start_get().await);
        }
        for get in &mut waiting {
            assert!(get.stays_silent(Duration::from_millis(1)).await);
        }
        waiting
    });
    let mut waiting = waiting.await;
    assert_eq!(io.engine().clients_count(), 500);
    let told = elsewhere.start(async move {
        let mut told = Vec::new();
        for get in &mut waiting {
            let answer = get.response().await;
            told.push((answer.status, answer.text().to_owned()));
        }
        told
    });
    pintle_tests::within("the end", io.close()).await;
    let told = told.await.expect("no panic");
    let end = (200, "6\u{1e}1".to_owned());
    assert_eq!(told.iter().find(|answer| **answer != end), None);
    assert_eq!(io.engine().clients_count(), 0);
}
