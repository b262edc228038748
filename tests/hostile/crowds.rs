//! Crowds that come and do not stay.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use pintle::{ClientError, Namespace, Socket, SocketIoLayer};
use pintle_tests::{
    Client, Elsewhere, HttpConnection, Polling, Request, TestServer, Transport, WebSocket, alive_tasks, eventually,
    within,
};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

use crate::attack::{leave, withstand};
use crate::scene::{Scene, realtime};

/// What each of them costs, `memory::floods` counts.
#[tokio::test]
async fn h020_h029_sessions_that_are_opened_and_left_go_with_their_first_heartbeat() {
    withstand(realtime(), async |endpoint| {
        let target = endpoint.target("EIO=4&transport=polling");
        let crowd = JoinSet::from_iter((0..8).map(|_| {
            let request = Request::get(&target);
            async move {
                let mut connection = HttpConnection::open(endpoint.address()).await;
                for _ in 0..375 {
                    connection.request(&request).await;
                    assert_eq!(connection.response().await.status, 200);
                }
            }
        }));
        crowd.join_all().await;
        // Among all those the server is as quick as ever.
        Client::join(endpoint, Transport::Polling).await.assert_open().await;
    })
    .await;
}

/// Half a binary event holds its place until the session ends, however that does.
#[tokio::test]
async fn a16_half_an_event_goes_with_its_session() {
    let hello = async |socket: Socket| socket.emit("heard", ());
    withstand(realtime().on("hello", hello), async |endpoint| {
        for transport in Transport::BOTH {
            let half = async || {
                let mut client = Client::join(endpoint, transport).await;
                client.send(r#"452-["hello",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#).await;
                client.send_binary(&[1; 100_000]).await;
                client
            };
            // The connection is lost, the client leaves where an attachment is due, and the client says nothing more.
            drop(half().await);
            let mut leaving = half().await;
            leaving.offend("41").await;
            leaving.closed().await;
            if let Client::WebSocket(mut silent) = half().await {
                within("the heartbeat to be missed", async { while silent.frame().await.is_some() {} }).await;
            }
            // Nothing of it is met by who comes next.
            let mut client = Client::join(endpoint, transport).await;
            client.send("41").await;
            client.send("40").await;
            client.connected("").await;
            client.send(r#"42["hello"]"#).await;
            assert_eq!(client.text().await, r#"42["heard"]"#);
        }
    })
    .await;
}

/// Clients that stopped reading, with as much waiting for each as may: the end does not wait for them.
#[tokio::test]
async fn a20_a_server_closes_though_its_clients_do_not_read() {
    let realtime = SocketIoLayer::new().close_timeout(Duration::from_millis(500)).max_queued(8 << 20, 16_384);
    let io = realtime.io();
    let server = TestServer::start(Router::new().layer(realtime)).await;
    let (endpoint, elsewhere) = (server.socket_io(), Elsewhere::new());
    let before = alive_tasks();
    let stuck = elsewhere.run(async move {
        let mut stuck = Vec::new();
        for number in 0..50 {
            stuck.push(Client::join(endpoint, Transport::BOTH[number % 2]).await);
        }
        stuck
    });
    let stuck = stuck.await;
    let large = "x".repeat(500_000);
    for _ in 0..14 {
        io.emit("large", &large).expect("it is open");
    }
    assert_eq!(io.sockets().len(), 50);
    within("the end", io.close()).await;
    eventually("all of them to be gone", || io.sockets().is_empty() && io.engine().clients_count() == 0).await;
    elsewhere.run(async move { drop(stuck) }).await;
    eventually("their tasks to be gone", || alive_tasks() <= before).await;
}

/// All of them are let in at the same moment, and whoever makes the namespace, it is one.
#[tokio::test]
async fn a18_a_hundred_who_race_for_a_namespace_share_one() {
    let gate = Arc::new(Barrier::new(100));
    let (asked, admitted) = (gate.clone(), gate);
    let predicate = async move || {
        asked.wait().await;
        true
    };
    let shared = Namespace::new().middleware(async move || {
        admitted.wait().await;
        Ok::<_, ClientError>(())
    });
    let scene = Scene::set(realtime().dynamic_namespace(predicate, shared)).await;
    let (endpoint, io) = (scene.endpoint(), scene.io.clone());
    let attack = async move {
        let mut news = io.new_namespaces();
        let crowd = JoinSet::from_iter((0..100).map(|_| async move {
            let mut client = Client::open(endpoint, Transport::WebSocket).await;
            client.send("40/shared,").await;
            client.connected("/shared,").await;
            client
        }));
        let mut crowd = within("all to be let in", crowd.join_all()).await;
        io.of("/shared").emit("news", ()).expect("it is there");
        for client in &mut crowd {
            assert_eq!(client.text().await, r#"42/shared,["news"]"#);
        }
        assert_eq!(news.recv().await.as_deref(), Some("/shared"));
        drop(crowd);
        eventually("it to go with the last of them", || io.namespace_names().len() == 1).await;
        let again = tokio::time::timeout(Duration::from_millis(50), news.recv()).await;
        assert!(again.is_err(), "there was another: {again:?}");
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn a48_who_goes_while_its_connect_handler_runs_leaves_nothing() {
    let gate = Arc::new(Semaphore::new(0));
    let wait = gate.clone();
    let slow = Namespace::new().on_connect(async move |socket: Socket| {
        let _ = wait.acquire().await;
        let _ = socket.join("room");
        let _ = socket.emit("welcome", ());
    });
    let scene = Scene::set(realtime().namespace("/slow", slow)).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        for transport in Transport::BOTH {
            for _ in 0..10 {
                let mut client = Client::open(endpoint, transport).await;
                client.send("40/slow,").await;
                client.connected("/slow,").await;
            }
        }
    };
    scene.elsewhere.run(attack).await;
    eventually("all of them to be gone", || scene.io.engine().clients_count() == 1).await;
    scene.io.of("/slow").emit("news", ()).expect("whoever is there gets it");
    gate.add_permits(20);
    scene.unharmed().await;
    assert_eq!(scene.io.of("/slow").count(), 0);
    assert_eq!(scene.io.of("/slow").rooms().len(), 0);
}

/// Pongs that nobody asked for, as many as fit.
#[tokio::test]
async fn a61_a_flood_of_pongs_starts_nothing() {
    let scene = Scene::set(realtime()).await;
    let endpoint = scene.endpoint();
    let clients = scene.elsewhere.run(async move {
        let polling = Polling::open(endpoint).await;
        polling.push("40").await;
        polling.poll().await;
        let (websocket, _) = WebSocket::open(endpoint).await;
        (polling, websocket)
    });
    let (polling, mut websocket) = clients.await;
    let flood = scene.elsewhere.run(async move {
        let before = "3\u{1e}".repeat(100_000);
        polling.push(before + "3").await;
        let frames = pintle_tests::encode_frame(true, pintle_tests::Opcode::Text, b"3").repeat(100_000);
        websocket.send_raw(&frames).await;
        websocket.assert_open().await;
        leave(&polling).await;
        websocket
    });
    let websocket = flood.await;
    // The witness's connection and session, and the other WebSocket's: nobody was given a task for a pong.
    eventually("no more tasks than before", || alive_tasks() <= 4).await;
    scene.elsewhere.run(async move { drop(websocket) }).await;
    scene.unharmed().await;
}
