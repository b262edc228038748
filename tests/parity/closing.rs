//! The end of the server, and what it says of its connections until then.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use pintle::{DisconnectReason, Namespace, Socket, TransportKind};
use pintle_tests::{Console, eventually, within};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::stage::{BOTH, Stage, notes, realtime};

#[tokio::test]
async fn the_server_closes_beside_axum_and_both_come_to_an_end() {
    let (told, mut heard) = notes();
    let left = {
        let told = told.clone();
        async move |socket: Socket, reason: DisconnectReason| {
            // A handler of the end may take its time: it is waited for.
            tokio::task::yield_now().await;
            told.say((socket.namespace().to_owned(), reason));
        }
    };
    let realtime = realtime().on_disconnect(left.clone()).namespace("/custom", Namespace::new().on_disconnect(left));
    let io = realtime.io();
    let app = Router::new().route("/health", get(|| async { "ok" })).layer(realtime);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    let (stop, stopped) = oneshot::channel();
    let closing = io.clone();
    let serving = tokio::spawn(async move {
        axum::serve(listener, app)
            .with_graceful_shutdown(async move {
                stopped.await.expect("the test says when");
                closing.close().await;
            })
            .await
    });

    let Some(mut console) = Console::open(address).await else { return };
    for ways in BOTH {
        let body = "const socket = await connect('/', { reconnection: false });
            const custom = beside(socket, '/custom');
            await connected(custom);
            (kept.sockets ??= []).push(socket, custom);";
        console.over(ways).run(body).await;
    }
    console.run("if (await (await fetch(`${url}/health`)).text() !== 'ok') throw new Error('unhealthy')").await;
    stop.send(()).expect("the server listens");
    within("the server to end", serving).await.expect("no panic").expect("no error");
    assert!(io.is_closed());
    assert_eq!(io.engine().clients_count(), 0);
    let mut ends = heard.all();
    ends.sort_by(|a, b| a.0.cmp(&b.0));
    let down = |namespace: &str| (namespace.to_owned(), DisconnectReason::ServerShuttingDown);
    assert_eq!(ends, [down("/"), down("/"), down("/custom"), down("/custom")], "all are over when `close` is");
    let here = console.run("return Promise.all(kept.sockets.map(life))").await;
    let closed = json!(["disconnect", "transport close"]);
    assert_eq!(here, json!([closed, closed, closed, closed]));
}

#[tokio::test]
async fn a_server_that_closes_sends_what_waits() {
    for ways in BOTH {
        let Some(mut stage) = Stage::open(realtime()).await else { return };
        stage.console.over(ways).run("kept.socket = await connect('/', { reconnection: false })").await;
        let large = bytes::Bytes::from(vec![7; 500_000]);
        stage.io.emit("farewell", large).expect("it is open");
        stage.io.close().await;
        let body = "return [(await event(kept.socket))[1].length, (await life(kept.socket))[0]]";
        assert_eq!(stage.run(body).await, json!([500_000, "disconnect"]), "{ways:?}");
    }
}

#[tokio::test]
async fn a_closed_server_lets_nobody_in_and_sends_nothing() {
    let Some(mut stage) = Stage::open(realtime().close_timeout(Duration::from_secs(20))).await else { return };
    stage.run("kept.socket = await connect('/', { reconnection: false });").await;
    let [socket] = &stage.io.sockets()[..] else { panic!("one socket") };
    let io = stage.io.clone();
    within("the end, asked for twice", async { tokio::join!(io.close(), io.close()) }).await;
    for ways in BOTH {
        let late = stage.console.over(ways).run("return life(idle('/', { reconnection: false }).connect())").await;
        assert_eq!(late[0], "connect_error");
    }
    assert!(stage.io.emit("late", ()).is_err());
    assert!(socket.emit("late", ()).is_err_and(|error| error.is_disconnected()));
    assert_eq!(stage.run("return kept.socket.events.all()").await, json!([]));
}

#[tokio::test]
async fn e_34_the_engine_counts_its_clients_and_shows_them() {
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", Namespace::new())).await else { return };
    stage
        .run(
            "kept.polling = await connect('/', { transports: ['polling'], query: { who: 'ada' }, reconnection: false });
            kept.websocket = await connect('/', { reconnection: false });
            await connected(beside(kept.websocket, '/custom'));",
        )
        .await;
    let engine = stage.io.engine();
    assert_eq!(engine.clients_count(), 2);
    assert_eq!(engine.clients_on(TransportKind::Polling), 1);
    assert_eq!(engine.clients_on(TransportKind::WebSocket), 1);
    let clients = engine.clients();
    let ada = clients.iter().find(|client| client.transport() == TransportKind::Polling).expect("one of the two");
    assert!(ada.handshake().uri().query().is_some_and(|query| query.contains("who=ada")));
    assert!(!ada.is_closed());
    ada.close();
    assert_eq!(stage.run("return life(kept.polling)").await, json!(["disconnect", "transport close"]));
    eventually("the client to be gone", || ada.is_closed() && engine.clients_count() == 1).await;
    stage.run("kept.websocket.io.engine.close()").await;
    eventually("the other to be gone", || engine.clients_count() == 0).await;
}
