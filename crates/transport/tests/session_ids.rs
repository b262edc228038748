//! Ids of the application's own making: used where they are sound, and never at the cost of a session that is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::request::Parts;
use pintle_transport::{CloseReason, Config};
use support::{
    ASK_TO_POLL, Answer, Echo, Poller, Server, ask, ask_for_websocket, open_websocket, receive_text, settle, text,
    within,
};
use tokio::io::AsyncWriteExt as _;

const ID: &str = "AZaz09-_AZaz09-_AZaz";

#[tokio::test(start_paused = true)]
async fn an_id_is_made_from_the_request() {
    let server = server(|parts| parts.headers["x-id"].to_str().unwrap().to_owned());
    let named = |request: &str, id| request.replace("\r\n\r\n", &format!("\r\nX-Id: {id}\r\n\r\n"));
    let opened = within(ask(server.dial(65_536), &named(ASK_TO_POLL, ID))).await;
    assert!(opened.body.starts_with(&format!(r#"0{{"sid":"{ID}","#)), "{opened:?}");
    let mut io = server.dial(65_536);
    let other = "00000000000000000000";
    io.write_all(named(&ask_for_websocket(None), other).as_bytes()).await.unwrap();
    within(support::head(&mut io)).await;
    assert!(within(receive_text(&mut io)).await.starts_with(&format!(r#"0{{"sid":"{other}","#)));
    let mut poller = Poller { io: server.dial(65_536), sid: ID.to_owned() };
    assert_eq!(within(poller.push("4hello")).await.status, 200);
    assert_eq!(within(poller.poll()).await.body, "4hello");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_none_is_refused() {
    for bad in ["", "short", "AZaz09-_AZaz09-_AZaz0", "AZaz09-_AZaz09-_AZa!", "AZaz09-_AZaz09-_AZ\u{e9}"] {
        assert_refuses(&server(|_| bad.to_owned())).await;
    }
    assert_refuses(&server(|_| panic!("as a test wants it"))).await;
}

#[tokio::test(start_paused = true)]
async fn an_id_in_use_stays_with_its_session() {
    let server = server(|_| ID.to_owned());
    let mut poller = Poller::open(server.dial(65_536)).await;
    refused(&server).await;
    assert_eq!((server.sessions(), server.opened()), (1, 1), "what came second was never there");
    assert_eq!(within(poller.push("4still here")).await.status, 200);
    assert_eq!(within(poller.poll()).await.body, "4still here");
    server.last().abort(CloseReason::ForcedClose);
    within(server.handle().idle()).await;

    let mut io = within(open_websocket(server.dial(65_536))).await;
    refused(&server).await;
    io.write_all(&text("4another")).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4another");
    assert_eq!((server.sessions(), server.opened()), (1, 2));
}

/// The id is free when the session is over, whatever its task still has to do, and is not taken from the next one then.
#[tokio::test(start_paused = true)]
async fn an_id_can_be_used_again_after_the_end() {
    let server = server(|_| ID.to_owned());
    // A peer that does not hang up keeps the task for a while.
    let _io = within(open_websocket(server.dial(65_536))).await;
    server.last().close();
    settle().await;
    assert_eq!((server.sessions(), server.tasks()), (0, 1));
    let mut poller = Poller::open(server.dial(65_536)).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!((server.sessions(), server.tasks()), (1, 1));
    assert_eq!(within(poller.push("4mine")).await.status, 200);
    assert_eq!(within(poller.poll()).await.body, "4mine");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_with_the_same_id_one_wins() {
    for _ in 0..50 {
        let server = Arc::new(server(|_| ID.to_owned()));
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let server = server.clone();
                tokio::spawn(async move { ask(server.dial(65_536), ASK_TO_POLL).await.status })
            })
            .collect();
        let mut statuses = Vec::new();
        for client in clients {
            statuses.push(within(client).await.unwrap());
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400, 400, 400, 400, 400, 400, 400]);
        assert_eq!((server.sessions(), server.opened()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_knows_when_it_was_opened() {
    let server = Server::new(Echo);
    let before = SystemTime::now();
    let _poller = Poller::open(server.dial(65_536)).await;
    let issued = server.last().handshake().issued();
    assert!(before <= issued && issued <= SystemTime::now());
    assert_eq!(server.last().handshake().query("transport").as_deref(), Some("polling"));
}

fn server(generate: impl Fn(&Parts) -> String + Send + Sync + 'static) -> Server<Echo> {
    let set = |config: &mut Config| {
        config.set_generate_sid(generate);
    };
    Server::with_config(Echo, |_| None, set)
}

/// Whoever wants a session is refused, and nothing of it stays.
async fn assert_refuses(server: &Server<Echo>) {
    refused(server).await;
    assert_eq!((server.sessions(), server.opened()), (0, 0));
    within(server.handle().idle()).await;
}

async fn refused(server: &Server<Echo>) {
    let polled = within(ask(server.dial(65_536), ASK_TO_POLL)).await;
    assert_eq!(polled, Answer { status: 400, body: r#"{"code":3,"message":"Bad request"}"#.to_owned() });
    let websocket = within(ask(server.dial(65_536), &ask_for_websocket(None))).await;
    assert_eq!(websocket, Answer { status: 400, body: "Bad request".to_owned() });
}
