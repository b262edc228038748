//! Namespaces, declared and dynamic, and the way of a socket into them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle::{Auth, ClientError, DisconnectReason, Namespace, Params, Socket, SocketIo, SocketIoLayer};
use pintle_tests::{Client, Transport, eventually, within};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::scene::{Scene, sync, told};

/// A namespace that answers `sync`.
fn open() -> Namespace {
    Namespace::new().on("sync", sync)
}

fn names(io: &SocketIo) -> Vec<String> {
    let mut names: Vec<_> = io.namespace_names().iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn s_07_a_dynamic_namespace_goes_with_its_last_socket() {
    let layer = SocketIoLayer::new().namespace("/tenant/{id}", open()).namespace("/declared", open());
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let first = node.connect_to("/tenant/1").await;
    let second = node.connect_to("/tenant/1").await;
    let declared = node.connect_to("/declared").await;
    assert_eq!(names(io), ["/", "/declared", "/tenant/1"]);
    first.disconnect().await;
    eventually("the first to leave", || io.of("/tenant/1").sockets().len() == 1).await;
    assert_eq!(names(io), ["/", "/declared", "/tenant/1"]);
    second.cut().await;
    declared.disconnect().await;
    eventually("the namespace to go", || names(io) == ["/", "/declared"]).await;
    // And it may come again.
    let mut again = [node.connect_to("/tenant/1").await];
    io.of("/tenant/1").emit("told", "again").unwrap();
    assert_eq!(told(&mut again).await, [["again"]]);
}

#[tokio::test]
async fn s_07_a_dynamic_namespace_that_let_nobody_in_was_never_there() {
    let refusing = open().middleware(async || Err::<(), _>(ClientError::new("no")));
    let layer = SocketIoLayer::new().namespace("/tenant/{id}", refusing);
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut news = io.new_namespaces();
    let mut refused = node.open("/tenant/1", json!({})).await;
    assert_eq!(refused.heard().await, json!(["connect_error", "no"]));
    assert_eq!(names(io), ["/"]);
    let nothing = tokio::time::timeout(Duration::from_millis(50), news.recv()).await;
    assert!(nothing.is_err(), "{nothing:?}");
}

#[tokio::test]
async fn s_20_each_socket_and_each_new_namespace_is_announced() {
    let (sender, mut arrivals) = mpsc::unbounded_channel();
    let note = async move |socket: Socket| sender.send((socket.namespace().to_owned(), socket.id())).unwrap();
    let layer = SocketIoLayer::new()
        .on_connect(note.clone())
        .namespace("/declared", open().on_connect(note.clone()))
        .namespace("/tenant/{id}", open().on_connect(note));
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut news = io.new_namespaces();
    for namespace in ["/", "/declared", "/tenant/1", "/tenant/1", "/tenant/2"] {
        let socket = node.connect_to(namespace).await;
        let (name, id) = within("the handler", arrivals.recv()).await.unwrap();
        assert_eq!((&*name, &*id.to_string()), (namespace, socket.id()));
    }
    assert!(arrivals.try_recv().is_err());
    for expected in ["/tenant/1", "/tenant/2"] {
        assert_eq!(within("the news", news.recv()).await.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn s_21_ids_of_acknowledgements_are_counted_by_namespace() {
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", open())).await else { return };
    let Scene { io, server, .. } = &scene;
    let mut client = Client::join(server.socket_io(), Transport::WebSocket).await;
    client.send("40/other,").await;
    client.connected("/other,").await;
    let (here, there) = (io.of("/"), io.of("/other"));
    let _asked = (
        here.emit_with_ack::<()>("a", ()),
        here.sockets()[0].emit_with_ack::<()>("b", ()),
        there.emit_with_ack::<()>("c", ()),
        here.emit_with_ack::<()>("d", ()),
        there.sockets()[0].emit_with_ack::<()>("e", ()),
    );
    for expected in [r#"420["a"]"#, r#"421["b"]"#, r#"42/other,0["c"]"#, r#"422["d"]"#, r#"42/other,1["e"]"#] {
        assert_eq!(client.text().await, expected);
    }
}

#[tokio::test]
async fn s_21_a_namespace_knows_its_name_and_sockets() {
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", open())).await else { return };
    let Scene { io, node, .. } = &scene;
    let here = node.connect().await;
    let mut there = here.beside("/other").await;
    there.connected().await;
    let sockets = io.of("/other").sockets();
    assert_eq!(sockets[0].namespace(), "/other");
    assert_eq!(sockets[0].id().to_string(), there.id());
    assert_eq!(io.sockets()[0].id().to_string(), here.id());
    assert_eq!(io.sockets()[0].namespace(), "/");
}

#[tokio::test]
async fn s_22_middleware_runs_in_order_and_one_after_another() {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let step = |name: &'static str| {
        let steps = steps.clone();
        async move |socket: Socket| {
            // Nobody is connected yet, nor found.
            let hidden = !socket.is_connected() && socket.io().sockets().is_empty();
            // What takes its time holds up the others.
            tokio::task::yield_now().await;
            steps.lock().unwrap().push((name, hidden));
        }
    };
    let connected = steps.clone();
    let layer = SocketIoLayer::new()
        .middleware(step("first"))
        .middleware(step("second"))
        .on_connect(async move |socket: Socket| connected.lock().unwrap().push(("connect", !socket.is_connected())));
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { node, .. } = &scene;
    node.connect().await.heard_by_now().await;
    assert_eq!(*steps.lock().unwrap(), [("first", true), ("second", true), ("connect", false)]);
}

#[tokio::test]
async fn s_22_a_refusal_ends_the_chain_and_keeps_the_connection() {
    let reached = Arc::new(AtomicUsize::new(0));
    let (beyond, connected) = (reached.clone(), reached.clone());
    let guard = async |socket: Socket, Auth(auth): Auth<Value>| {
        socket.join("tea").unwrap();
        match auth["token"].as_str() {
            Some("secret") => Ok(()),
            Some(_) => Err(ClientError::new("wrong token").with_data(json!({ "code": 7 }))),
            None => Err(ClientError::new("no token")),
        }
    };
    let guarded = open()
        .middleware(guard)
        .middleware(async move || _ = beyond.fetch_add(1, Ordering::Relaxed))
        .on_connect(async move || _ = connected.fetch_add(1, Ordering::Relaxed));
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/guarded", guarded)).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut here = node.connect().await;
    let mut refused = here.beside("/guarded").await;
    assert_eq!(refused.heard().await, json!(["connect_error", "no token"]));
    let mut wrong = node.open("/guarded", json!({ "auth": { "token": "?" } })).await;
    assert_eq!(wrong.heard().await, json!(["connect_error", "wrong token", { "code": 7 }]));
    assert_eq!((reached.load(Ordering::Relaxed), io.of("/guarded").rooms().len()), (0, 0));
    here.assert_silent().await;

    let mut right = node.open("/guarded", json!({ "auth": { "token": "secret" } })).await;
    right.connected().await;
    right.heard_by_now().await;
    assert_eq!((reached.load(Ordering::Relaxed), io.of("/guarded").rooms().len()), (2, 1));
}

#[tokio::test]
async fn s_22_who_goes_while_its_middleware_runs_was_never_there() {
    let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let calls = Arc::new(Mutex::new(Vec::new()));
    let (begin, gate, connects, disconnects) = (began.clone(), go_on.clone(), calls.clone(), calls.clone());
    let layer = SocketIoLayer::new()
        .middleware(async move || {
            begin.notify_one();
            gate.notified().await;
        })
        .on_connect(async move || connects.lock().unwrap().push("connect"))
        .on_disconnect(async move |_: DisconnectReason| disconnects.lock().unwrap().push("disconnect"));
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let gone = node.open("/", json!({ "transports": ["websocket"] })).await;
    within("the middleware to begin", began.notified()).await;
    gone.cut().await;
    eventually("the server to see it", || io.engine().clients_count() == 0).await;
    go_on.notify_one();
    // Another one comes after it, whose handler runs.
    let mut next = node.open("/", json!({ "transports": ["websocket"] })).await;
    within("the middleware to begin", began.notified()).await;
    go_on.notify_one();
    next.connected().await;
    next.heard_by_now().await;
    assert_eq!(*calls.lock().unwrap(), ["connect"]);
    assert_eq!(io.sockets().len(), 1);
}

#[tokio::test]
async fn s_23_a_socket_is_all_there_when_its_handler_runs() {
    let layer = SocketIoLayer::new().on_connect(async |socket: Socket, io: SocketIo| {
        let seen = json!({
            "connected": socket.is_connected(),
            "found": io.sockets() == [socket.clone()],
            "rooms": socket.rooms().iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        // It has its CONNECT by now: what is sent comes after that, whichever way.
        io.to(socket.id()).emit("by its room", seen)?;
        socket.emit("by itself", ())
    });
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    for transport in ["websocket", "polling"] {
        let mut socket = node.open("/", json!({ "transports": [transport] })).await;
        socket.connected().await;
        let seen = json!({ "connected": true, "found": true, "rooms": [socket.id()] });
        assert_eq!(socket.heard().await, json!(["by its room", seen]));
        assert_eq!(socket.heard().await, json!(["by itself"]));
        socket.disconnect().await;
        eventually("it to leave", || io.sockets().is_empty()).await;
    }
}

#[tokio::test]
async fn s_28_a_pattern_means_all_namespaces_of_it() {
    let layer = SocketIoLayer::new()
        .namespace("/tenant/{id}", open())
        .namespace("/file/{*path}", open())
        .namespace("/tenant/main", open());
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut sockets = [
        node.connect_to("/tenant/1").await,
        node.connect_to("/tenant/2").await,
        node.connect_to("/tenant/main").await,
        node.connect_to("/file/a/b").await,
    ];
    io.of("/tenant/{id}").emit("told", "all tenants").unwrap();
    io.of("/tenant/2").emit("told", "the second").unwrap();
    io.of("/tenant/{id}").to(sockets[0].id()).emit("told", "an id").unwrap();
    io.of("/tenant/{id}").to([sockets[0].id(), sockets[1].id()]).join("room");
    io.of("/tenant/{id}").to("room").emit("told", "a room").unwrap();
    io.of("/file/{*path}").emit("told", "a file").unwrap();
    assert_eq!(
        told(&mut sockets).await,
        [vec!["all tenants", "an id", "a room"], vec!["all tenants", "the second", "a room"], vec![], vec!["a file"],]
    );
    // What Node refuses for a parent.
    assert_eq!(io.of("/tenant/{id}").fetch_sockets().await.unwrap().len(), 2);
    for (n, socket) in sockets.iter().enumerate() {
        socket.answer("told", json!([n])).await;
    }
    let mut answers = io.of("/tenant/{id}").emit_with_ack::<usize>("told", "?").await.unwrap();
    answers.sort_unstable();
    assert_eq!(answers, [0, 1]);
}

#[tokio::test]
async fn s_28_what_is_declared_for_a_pattern_holds_for_each_of_it() {
    let even = async |Params(id): Params<u32>| {
        if id % 2 == 0 { Ok(()) } else { Err(ClientError::new("odd")) }
    };
    let greet = async |socket: Socket, Params(id): Params<u32>| socket.emit("hello", (id, socket.namespace()));
    let layer = SocketIoLayer::new().namespace("/tenant/{id}", open().middleware(even).on_connect(greet));
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { node, .. } = &scene;
    for id in [2, 4] {
        let name = format!("/tenant/{id}");
        assert_eq!(node.connect_to(&name).await.heard().await, json!(["hello", id, name]));
    }
    let mut odd = node.open("/tenant/3", json!({})).await;
    assert_eq!(odd.heard().await, json!(["connect_error", "odd"]));
    let mut none = node.open("/tenant/x", json!({})).await;
    assert_eq!(none.heard().await, json!(["connect_error", "invalid namespace parameters"]));
}

#[tokio::test]
async fn s_29_the_earlier_declaration_counts_and_a_name_before_all() {
    let tell = |what: &'static str| open().on_connect(async move |socket: Socket| socket.emit("told", what));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let is_free = async move |socket: Socket, Auth(auth): Auth<Value>| {
        log.lock().unwrap().push(socket.namespace().to_owned());
        // As slow as a database.
        tokio::task::yield_now().await;
        match auth["answer"].as_str() {
            Some("yes") => Ok(true),
            Some("error") => Err(ClientError::new("no database")),
            _ => Ok(false),
        }
    };
    let layer = SocketIoLayer::new()
        .namespace("/a/{first}", tell("first pattern"))
        .dynamic_namespace(is_free, tell("predicate"))
        .namespace("/{*all}", tell("last pattern"))
        .namespace("/a/fixed", tell("name"));
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    for (name, answer, expected) in [
        ("/a/fixed", "yes", "name"),
        ("/a/1", "yes", "first pattern"),
        ("/b/1", "yes", "predicate"),
        ("/b/2", "no", "last pattern"),
        ("/b/3", "error", "last pattern"),
    ] {
        let mut socket = node.open(name, json!({ "auth": { "answer": answer } })).await;
        socket.connected().await;
        assert_eq!(socket.heard().await, json!(["told", expected]), "{name} {answer}");
    }
    assert_eq!(*asked.lock().unwrap(), ["/b/1", "/b/2", "/b/3"]);
    assert_eq!(names(io), ["/", "/a/1", "/a/fixed", "/b/1", "/b/2", "/b/3"]);
}

#[tokio::test]
async fn s_29_nobody_is_let_into_a_namespace_that_no_declaration_knows() {
    let never = async |_: Socket| false;
    let layer = SocketIoLayer::new().namespace("/tenant/{id}", open()).dynamic_namespace(never, open());
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut here = node.connect().await;
    for name in ["/tenant", "/tenant/", "/tenant/1/2", "/nothing"] {
        let mut refused = here.beside(name).await;
        assert_eq!(refused.heard().await, json!(["connect_error", "Invalid namespace"]), "{name}");
    }
    // The connection has taken no harm.
    here.assert_silent().await;
    assert_eq!(names(io), ["/"]);
}

#[tokio::test]
async fn s_29_clients_that_come_at_once_share_one_namespace() {
    let gate = Arc::new(tokio::sync::Barrier::new(3));
    let asked = gate.clone();
    let is_free = async move || {
        asked.wait().await;
        true
    };
    let layer = SocketIoLayer::new().dynamic_namespace(is_free, open());
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut news = io.new_namespaces();
    let mut three = [
        node.open("/shared", json!({})).await,
        node.open("/shared", json!({})).await,
        node.open("/shared", json!({})).await,
    ];
    for socket in &mut three {
        socket.connected().await;
    }
    io.of("/shared").emit("told", "all three").unwrap();
    assert_eq!(told(&mut three).await, [["all three"]; 3]);
    assert_eq!(within("the news", news.recv()).await.as_deref(), Some("/shared"));
    let more = tokio::time::timeout(Duration::from_millis(50), news.recv()).await;
    assert!(more.is_err(), "{more:?}");
}
