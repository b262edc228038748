//! The server and its options.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use pintle::{DisconnectReason, Namespace, SocketIoLayer, StateRecovery, TransportKind};
use pintle_tests::{Driver, PATIENCE, Request, TestServer, eventually, within};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::scene::{Scene, sync, told};

#[tokio::test]
async fn s_01_clients_connect_at_the_path_of_the_server() {
    let Some(scene) = Scene::set(SocketIoLayer::new().path("/live/socket")).await else { return };
    let Scene { node, .. } = &scene;
    for transports in [json!(["websocket"]), json!(["polling"]), json!(["polling", "websocket"])] {
        for path in ["/live/socket", "/live/socket/"] {
            node.open("/", json!({ "path": path, "transports": transports })).await.connected().await;
        }
        let mut lost = node.open("/", json!({ "transports": transports })).await;
        assert_eq!(lost.heard().await[0], "connect_error");
    }
}

#[tokio::test]
async fn s_05_s_22_a_middleware_that_never_ends_lasts_until_the_connect_timeout() {
    let layer = SocketIoLayer::new().connect_timeout(Duration::from_millis(200)).middleware(std::future::pending::<()>);
    let Some(scene) = Scene::set(layer).await else { return };
    for transport in ["websocket", "polling"] {
        let mut socket = scene.node.open("/", json!({ "transports": [transport] })).await;
        assert_eq!(socket.heard().await, json!(["disconnect", "transport close"]));
        eventually("the connection to end", || scene.io.engine().clients_count() == 0).await;
    }
}

#[tokio::test]
async fn s_06_a_socket_comes_back_only_where_recovery_is_on() {
    for (recovery, recovered) in [(Some(StateRecovery::new()), true), (None, false)] {
        let layer = match recovery {
            Some(recovery) => SocketIoLayer::new().recovery(recovery),
            None => SocketIoLayer::new(),
        };
        let Some(scene) = Scene::set(layer).await else { return };
        let Scene { io, node, .. } = &scene;
        let mut socket = node.connect().await;
        let before = socket.id().to_owned();
        // Before the first event that has an offset there is nothing to come back to.
        io.emit("told", "before").unwrap();
        assert_eq!(socket.heard().await[1], "before");
        socket.cut().await;
        assert_eq!(socket.heard().await[0], "disconnect");
        eventually("the server to see it", || io.sockets().is_empty()).await;
        socket.connect().await;
        socket.connected().await;
        assert_eq!(socket.state().await["recovered"], recovered);
        assert_eq!(socket.id() == before, recovered);
    }
}

#[tokio::test]
async fn s_10_what_is_not_at_the_path_is_the_apps() {
    let layer = SocketIoLayer::new().on("sync", sync);
    let app = Router::new().route("/health", get(|| async { "ok" })).layer(layer);
    let server = TestServer::start(app).await;
    let Some(node) = Driver::start(server.address()).await else { return };
    node.connect().await;
    assert_eq!(Request::get("/health").send(server.address()).await.text(), "ok");
    assert_eq!(Request::get("/nothing").send(server.address()).await.status, 404);
}

#[tokio::test]
async fn s_14_closing_ends_all_sockets_and_lets_in_no_more() {
    let (sender, mut reasons) = mpsc::unbounded_channel();
    let note = async move |reason: DisconnectReason| sender.send(reason).unwrap();
    let other = Namespace::new().on("sync", sync).on_disconnect(note.clone());
    let layer = SocketIoLayer::new().on_disconnect(note).namespace("/other", other);
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut polling = node.open("/", json!({ "transports": ["polling"] })).await;
    polling.connected().await;
    let mut websocket = node.connect().await;
    let mut beside = websocket.beside("/other").await;
    beside.connected().await;
    assert!(!io.is_closed());

    io.emit("told", "the last words").unwrap();
    within("the server to close", io.close()).await;
    // The handlers have run by now.
    for _ in 0..3 {
        assert_eq!(reasons.try_recv(), Ok(DisconnectReason::ServerShuttingDown));
    }
    assert!(reasons.try_recv().is_err());
    assert_eq!((io.is_closed(), io.engine().clients_count(), io.sockets().len()), (true, 0, 0));

    // No DISCONNECT: then the clients would stay away.
    for socket in [&mut polling, &mut websocket] {
        assert_eq!(socket.heard().await, json!(["told", "the last words"]));
        let heard = socket.heard().await;
        assert!(
            heard == json!(["disconnect", "transport close"]) || heard == json!(["disconnect", "transport error"]),
            "{heard}"
        );
    }
    assert_eq!(beside.heard().await[0], "disconnect");
    for transports in [json!(["websocket"]), json!(["polling"])] {
        let mut late = node.open("/", json!({ "transports": transports })).await;
        assert_eq!(late.heard().await[0], "connect_error");
    }
    assert!(io.emit("told", "to nobody").unwrap_err().is_disconnected());
    within("the server, which is closed", io.close()).await;
}

#[tokio::test]
async fn s_11_s_14_another_server_takes_over_after_the_end_of_the_first() {
    let layer = || SocketIoLayer::new().on("sync", sync);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let first = layer();
    let first_io = first.io();
    let closing = first_io.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(
        axum::serve(listener, Router::new().layer(first))
            .with_graceful_shutdown(async move {
                stopped.await.unwrap();
                closing.close().await;
            })
            .into_future(),
    );
    let Some(node) = Driver::start(address).await else { return };
    let options = json!({ "transports": ["polling", "websocket"], "reconnection": true, "reconnectionDelay": 20 });
    let mut socket = node.open("/", options).await;
    socket.connected().await;
    let before = socket.id().to_owned();
    stop.send(()).unwrap();
    within("the first server to stop", serving).await.unwrap().unwrap();
    assert_eq!(socket.heard().await[0], "disconnect");

    let second = layer();
    let io = second.io();
    let listener = TcpListener::bind(address).await.unwrap();
    let serving = tokio::spawn(axum::serve(listener, Router::new().layer(second)).into_future());
    // It tries again and again by itself, and hears of each time that it did in vain.
    let heard = tokio::time::timeout(PATIENCE, async {
        loop {
            let heard = socket.heard().await;
            if heard[0] != "connect_error" {
                return heard;
            }
        }
    });
    let heard = heard.await.expect("the client comes back");
    assert_eq!(heard[0], "connect");
    assert_ne!(heard[1], before);
    io.emit("told", "hello again").unwrap();
    assert_eq!(socket.heard().await, json!(["told", "hello again"]));
    serving.abort();
}

#[tokio::test]
async fn s_15_a_namespace_is_known_by_its_name() {
    let custom = || Namespace::new().on("sync", sync);
    let layer = SocketIoLayer::new().namespace("/a", custom()).namespace("b", custom());
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    // The client's name for the main one may be empty, too.
    let mut three = [node.connect_to("").await, node.connect_to("/a").await, node.connect_to("/b").await];
    for name in ["/", ""] {
        io.of(name).emit("told", "main").unwrap();
    }
    for name in ["/a", "a"] {
        io.of(name).emit("told", "a").unwrap();
    }
    io.of("/b").emit("told", "b").unwrap();
    // One that is not there has nobody in it, and does not come to be by being asked for.
    io.of("/c").emit("told", "c").unwrap();
    assert_eq!(told(&mut three).await, [vec!["main", "main"], vec!["a", "a"], vec!["b"]]);
    let mut names: Vec<_> = io.namespace_names().iter().map(ToString::to_string).collect();
    names.sort_unstable();
    assert_eq!(names, ["/", "/a", "/b"]);
    let mut refused = node.open("/c", json!({})).await;
    assert_eq!(refused.heard().await, json!(["connect_error", "Invalid namespace"]));
}

#[tokio::test]
async fn s_16_s_19_the_server_itself_speaks_to_the_main_namespace() {
    let other = Namespace::new().on("sync", sync);
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", other)).await else { return };
    let Scene { io, node, .. } = &scene;
    let [anna, ben] = node.connect_all().await;
    let there = node.connect_to("/other").await;
    for socket in [&anna, &ben, &there] {
        socket.answer("told", json!(["here"])).await;
    }
    let mut three = [anna, ben, there];
    let [anna, ben, _] = &three;
    assert_eq!(io.sockets().len(), 2);
    assert_eq!(io.fetch_sockets().await.unwrap().len(), 2);
    io.emit("told", "emit").unwrap();
    io.to(anna.id()).emit("told", "to").unwrap();
    io.in_(anna.id()).emit("told", "in").unwrap();
    io.except(anna.id()).emit("told", "except").unwrap();
    io.local().emit("told", "local").unwrap();
    io.join("room");
    assert_eq!(io.rooms().len(), 1);
    io.to("room").emit("told", "join").unwrap();
    io.to(ben.id()).leave("room");
    io.to("room").emit("told", "leave").unwrap();
    io.leave("room");
    assert_eq!(io.rooms().len(), 0);
    assert_eq!(io.emit_with_ack::<String>("told", "ask").await.unwrap(), ["here", "here"]);
    assert_eq!(io.timeout(PATIENCE).emit_with_ack::<String>("told", "ask in time").await.unwrap().len(), 2);
    assert_eq!(
        told(&mut three).await,
        [
            vec!["emit", "to", "in", "local", "join", "leave", "ask", "ask in time"],
            vec!["emit", "except", "local", "join", "ask", "ask in time"],
            vec![],
        ]
    );
    io.volatile().emit("told", "volatile").unwrap();
    assert_eq!(told(&mut three).await, [vec!["volatile"], vec!["volatile"], vec![]]);
    io.send("send").unwrap();
    io.disconnect_sockets();
    let [anna, ben, there] = &mut three;
    for socket in [anna, ben] {
        assert_eq!(socket.heard().await, json!(["message", "send"]));
        assert_eq!(socket.heard().await, json!(["disconnect", "io server disconnect"]));
    }
    there.assert_silent().await;
}

#[tokio::test]
async fn s_17_the_engine_knows_its_connections() {
    let other = Namespace::new().on("sync", sync);
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", other)).await else { return };
    let Scene { io, node, .. } = &scene;
    let engine = io.engine();
    assert_eq!((engine.clients_count(), engine.clients().len()), (0, 0));
    let websocket = node.connect().await;
    // A namespace more is no connection more.
    websocket.beside("/other").await.connected().await;
    let mut polling = node.open("/", json!({ "transports": ["polling"], "query": { "who": "me" } })).await;
    polling.connected().await;
    assert_eq!(engine.clients_count(), 2);
    assert_eq!((engine.clients_on(TransportKind::Polling), engine.clients_on(TransportKind::WebSocket)), (1, 1));
    let clients = engine.clients();
    let on_polling: Vec<_> = clients.iter().filter(|client| client.transport() == TransportKind::Polling).collect();
    let [client] = on_polling[..] else { panic!("one is polling, not {on_polling:?}") };
    assert!(client.handshake().uri().query().is_some_and(|query| query.contains("who=me")));
    assert!(!client.is_closed());
    client.close();
    assert_eq!(polling.heard().await, json!(["disconnect", "transport close"]));
    eventually("the connection to end", || client.is_closed() && engine.clients_count() == 1).await;

    let mut upgraded = node.open("/", json!({})).await;
    upgraded.connected().await;
    eventually("the upgrade", || engine.clients_on(TransportKind::WebSocket) == 2).await;
    assert_eq!(engine.clients_on(TransportKind::Polling), 0);
}

#[tokio::test]
async fn s_27_with_one_node_there_is_no_other_to_hear_an_emit_between_servers() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut socket = [node.connect().await];
    io.server_side_emit("told", "the other servers").unwrap();
    let patience = Duration::from_secs(3_600);
    let answers = io.timeout(patience).server_side_emit_with_ack::<String>("told", "?");
    assert_eq!(within("no answers", answers).await.unwrap(), [""; 0]);
    assert_eq!(told(&mut socket).await, [[""; 0]]);
}
