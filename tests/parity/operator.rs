//! Broadcast operators: whom an emit reaches, and what comes back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pintle::{Args, BroadcastAckError, MissingAcks, Namespace, Socket, SocketIoLayer};
use pintle_tests::{RealSocket, eventually, within};
use serde_json::json;
use tokio::sync::Notify;

use crate::scene::{Scene, sync, told};

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3_600);
/// For those who are asked in vain.
const SHORT: Duration = Duration::from_millis(100);

/// `[0]` is in `tea`, `[1]` in `tea` and `milk`, `[2]` in `milk`, `[3]` in none.
async fn four(scene: &Scene) -> [RealSocket; 4] {
    let sockets = scene.node.connect_all().await;
    let [anna, ben, carla, _] = &sockets;
    scene.io.to([anna.id(), ben.id()]).join("tea");
    scene.io.to([ben.id(), carla.id()]).join("milk");
    sockets
}

#[tokio::test]
async fn s_24_an_emit_reaches_everybody_in_its_namespace() {
    let other = Namespace::new().on("sync", sync);
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", other)).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut there = node.connect_to("/other").await;
    for transports in [json!(["websocket"]), json!(["polling"])] {
        let mut here = [
            node.open("/", json!({ "transports": transports })).await,
            node.open("/", json!({ "transports": transports })).await,
        ];
        for socket in &mut here {
            socket.connected().await;
        }
        io.emit("told", ("a", 1, json!({ "b": [null, true] }))).unwrap();
        io.emit("bytes", (Bytes::from_static(&[1, 2, 255]), "and text")).unwrap();
        io.emit("nothing", ()).unwrap();
        io.send("hello").unwrap();
        for socket in &mut here {
            assert_eq!(socket.heard().await, json!(["told", "a", 1, { "b": [null, true] }]));
            assert_eq!(socket.heard().await, json!(["bytes", { "$bytes": "0102ff" }, "and text"]));
            assert_eq!(socket.heard().await, json!(["nothing"]));
            assert_eq!(socket.heard().await, json!(["message", "hello"]));
        }
    }
    there.assert_silent().await;
    io.of("/other").emit("told", "there").unwrap();
    assert_eq!(there.heard_by_now().await, [json!(["told", "there"])]);
}

#[tokio::test]
async fn s_24_an_emit_calls_no_handler_of_the_server() {
    let heard = Arc::new(Mutex::new(0));
    let counter = heard.clone();
    let layer = SocketIoLayer::new().on("told", async move || *counter.lock().unwrap() += 1);
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut socket = [node.connect().await];
    io.emit("told", "to clients").unwrap();
    assert_eq!(told(&mut socket).await, [["to clients"]]);
    assert_eq!(*heard.lock().unwrap(), 0);
    // The other way there is one.
    socket[0].emit("told", json!([])).await;
    assert_eq!(told(&mut socket).await, [[""; 0]]);
    assert_eq!(*heard.lock().unwrap(), 1);
}

#[tokio::test]
async fn s_25_s_36_each_modifier_does_what_it_says() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let mut four = four(&scene).await;
    let all = || scene.io.of("/");
    all().to("tea").emit("told", "to").unwrap();
    all().in_("tea").emit("told", "in").unwrap();
    all().except("tea").emit("told", "except").unwrap();
    all().local().emit("told", "local").unwrap();
    assert_eq!(
        told(&mut four).await,
        [vec!["to", "in", "local"], vec!["to", "in", "local"], vec!["except", "local"], vec!["except", "local"]]
    );
    // Nothing waits for any of them, so that it can go out at once.
    all().volatile().emit("told", "volatile").unwrap();
    assert_eq!(told(&mut four).await, [["volatile"]; 4]);
    let asked = all().timeout(SHORT).emit_with_ack::<u8>("told", "with a timeout");
    assert!(matches!(within("the timeout", asked).await, Err(BroadcastAckError::Missing(_))));
}

#[tokio::test]
async fn s_36_an_operator_of_a_socket_leaves_it_out() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let mut four = four(&scene).await;
    let sockets = scene.io.to(four[0].id()).sockets();
    let [anna] = &sockets[..] else { panic!("one has this id, not {sockets:?}") };
    anna.to(anna.id()).emit("told", "to itself").unwrap();
    anna.to("tea").emit("told", "to").unwrap();
    anna.in_(["tea", "milk"]).emit("told", "in").unwrap();
    anna.except("milk").emit("told", "except").unwrap();
    anna.local().emit("told", "local").unwrap();
    anna.broadcast().emit("told", "broadcast").unwrap();
    assert_eq!(
        told(&mut four).await,
        [
            vec![],
            vec!["to", "in", "local", "broadcast"],
            vec!["in", "local", "broadcast"],
            vec!["except", "local", "broadcast"],
        ]
    );
    anna.broadcast().volatile().emit("told", "volatile").unwrap();
    assert_eq!(told(&mut four).await, [vec![], vec!["volatile"], vec!["volatile"], vec!["volatile"]]);
}

/// Nobody sends between two calls: the test has the only thread.
#[tokio::test]
async fn s_36_a_volatile_event_waits_for_nothing() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    for transports in [json!(["websocket"]), json!(["polling"])] {
        let mut socket = [node.open("/", json!({ "transports": transports })).await];
        socket[0].connected().await;
        socket[0].assert_silent().await;
        io.emit("told", "first").unwrap();
        io.volatile().emit("told", "dropped").unwrap();
        io.to(socket[0].id()).volatile().emit("told", "dropped").unwrap();
        io.emit("told", "last").unwrap();
        assert_eq!(told(&mut socket).await, [["first", "last"]], "{transports}");
        io.disconnect_sockets();
    }
}

#[tokio::test]
async fn s_30_what_is_made_of_an_operator_does_not_change_it() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let mut four = four(&scene).await;
    let tea = scene.io.to("tea");
    let both = tea.clone().to("milk");
    let alone = tea.clone().except("milk");
    let _ = tea.clone().volatile().timeout(Duration::ZERO).local();
    tea.emit("told", "tea").unwrap();
    both.emit("told", "both").unwrap();
    alone.emit("told", "alone").unwrap();
    tea.emit("told", "tea again").unwrap();
    assert_eq!(
        told(&mut four).await,
        [vec!["tea", "both", "alone", "tea again"], vec!["tea", "both", "tea again"], vec!["both"], vec![]]
    );
}

#[tokio::test]
async fn s_31_rooms_add_up_and_each_socket_gets_it_once() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let mut four = four(&scene).await;
    let Scene { io, .. } = &scene;
    let [anna, ben, ..] = &four;
    io.to("tea").to("milk").emit("told", "one by one").unwrap();
    io.to(["tea", "milk", "tea"]).emit("told", "at once").unwrap();
    io.to("tea").to(ben.id()).emit("told", "and an id").unwrap();
    io.to(anna.id()).emit("told", "an id").unwrap();
    io.to("nobody is here").emit("told", "nobody").unwrap();
    assert_eq!(
        told(&mut four).await,
        [
            vec!["one by one", "at once", "and an id", "an id"],
            vec!["one by one", "at once", "and an id"],
            vec!["one by one", "at once"],
            vec![],
        ]
    );
}

#[tokio::test]
async fn s_31_what_is_left_out_adds_up_too() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let mut four = four(&scene).await;
    let Scene { io, .. } = &scene;
    let [_, _, carla, dora] = &four;
    io.except("tea").except("milk").emit("told", "one by one").unwrap();
    io.except(["tea", "milk"]).emit("told", "at once").unwrap();
    io.except(carla.id()).emit("told", "an id").unwrap();
    io.to("milk").except("tea").emit("told", "milk without tea").unwrap();
    io.to(["tea", dora.id()]).except(dora.id()).emit("told", "both ways").unwrap();
    io.except("nobody is here").emit("told", "all").unwrap();
    assert_eq!(
        told(&mut four).await,
        [
            vec!["an id", "both ways", "all"],
            vec!["an id", "both ways", "all"],
            vec!["milk without tea", "all"],
            vec!["one by one", "at once", "an id", "all"],
        ]
    );
}

#[tokio::test]
async fn s_31_who_is_still_in_its_middleware_hears_nothing() {
    let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begin, gate) = (began.clone(), go_on.clone());
    let layer = SocketIoLayer::new().middleware(async move |socket: Socket| {
        socket.join("tea").unwrap();
        begin.notify_one();
        gate.notified().await;
    });
    let Some(scene) = Scene::set(layer).await else { return };
    let mut socket = scene.node.open("/", json!({})).await;
    within("the middleware to begin", began.notified()).await;
    scene.io.emit("told", "too early").unwrap();
    scene.io.to("tea").emit("told", "too early").unwrap();
    let nobody = scene.io.timeout(FOR_EVER).emit_with_ack::<u8>("told", "too early");
    assert_eq!(within("no answer", nobody).await.unwrap(), [0; 0]);
    go_on.notify_one();
    socket.connected().await;
    scene.io.to("tea").emit("told", "in time").unwrap();
    assert_eq!(told(&mut [socket]).await, [["in time"]]);
}

#[tokio::test]
async fn s_32_everybodys_listeners_of_what_goes_out_hear_a_broadcast() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    let layer = SocketIoLayer::new().on_connect(async move |socket: Socket| {
        let id = socket.id().to_string();
        let log = log.clone();
        socket.on_any_outgoing(move |event, args: &Args| {
            let text: String = args.deserialize().unwrap();
            log.lock().unwrap().push((id.clone(), format!("{event} {text}")));
        });
    });
    let Some(scene) = Scene::set(layer).await else { return };
    let mut four = four(&scene).await;
    scene.io.to("tea").emit("told", "news").unwrap();
    assert_eq!(told(&mut four).await, [vec!["news"], vec!["news"], vec![], vec![]]);
    let asked = scene.io.to("milk").timeout(SHORT).emit_with_ack::<u8>("told", "a question");
    assert!(asked.await.is_err());
    let heard = heard.lock().unwrap();
    let of = |socket: &RealSocket| {
        let own = heard.iter().filter(|(id, _)| id == socket.id());
        own.map(|(_, heard)| heard.clone()).collect::<Vec<_>>()
    };
    let [anna, ben, carla, dora] = &four;
    assert_eq!(of(anna), ["told news"]);
    assert_eq!(of(ben), ["told news", "told a question"]);
    assert_eq!(of(carla), ["told a question"]);
    assert_eq!(of(dora), [""; 0]);
}

#[tokio::test]
async fn s_33_a_broadcast_gathers_the_first_argument_of_each_answer() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let four = four(&scene).await;
    for (n, socket) in four.iter().enumerate() {
        socket.answer("told", json!([n, "not asked for"])).await;
    }
    let mut answers = scene.io.timeout(FOR_EVER).emit_with_ack::<usize>("told", "?").await.unwrap();
    answers.sort_unstable();
    assert_eq!(answers, [0, 1, 2, 3]);
    let mut answers = scene.io.to("tea").except("milk").emit_with_ack::<usize>("told", "?").await.unwrap();
    answers.sort_unstable();
    assert_eq!(answers, [0]);
}

#[tokio::test]
async fn s_33_bytes_travel_both_ways_with_acknowledgements() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut socket = node.connect().await;
    socket.answer("told", json!([{ "$bytes": "0102" }, "and text"])).await;
    let asked = io.emit_with_ack::<(Bytes, String)>("told", Bytes::from_static(&[7]));
    assert_eq!(asked.await.unwrap(), [(Bytes::from_static(&[1, 2]), "and text".to_owned())]);
    assert_eq!(socket.heard().await, json!(["told", { "$bytes": "07" }]));
}

#[tokio::test]
async fn s_33_who_does_not_answer_is_missing_when_the_time_is_over() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    let [anna, ben, _carla] = node.connect_all().await;
    anna.answer("told", json!(["anna"])).await;
    ben.answer("told", json!(["ben"])).await;
    let error = io.timeout(Duration::from_secs(1)).emit_with_ack::<String>("told", "?").await.unwrap_err();
    assert!(error.to_string().starts_with("operation has timed out"), "{error}");
    let BroadcastAckError::Missing(MissingAcks { mut responses, missing, .. }) = error else { panic!("{error}") };
    responses.sort_unstable();
    assert_eq!((responses, missing), (vec!["anna".to_owned(), "ben".to_owned()], 1));
}

#[tokio::test]
async fn s_33_with_nobody_to_ask_there_are_no_answers_at_once() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    let _socket = node.connect().await;
    let asked = io.to("nobody is here").timeout(FOR_EVER).emit_with_ack::<String>("told", "?");
    assert_eq!(within("no answer", asked).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn s_33_what_nobody_waits_for_any_more_is_forgotten() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    let socket = node.connect().await;
    // More than may be waited for at once.
    for _ in 0..1_001 {
        assert!(io.timeout(Duration::ZERO).emit_with_ack::<u8>("told", "?").await.is_err());
    }
    socket.answer("asked", json!([1])).await;
    assert_eq!(io.emit_with_ack::<u8>("asked", ()).await.unwrap(), [1]);
}

#[tokio::test]
async fn s_33_who_leaves_is_missing_at_once() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    let [anna, mut ben] = node.connect_all().await;
    anna.answer("told", json!(["anna"])).await;
    let asked = io.timeout(FOR_EVER).emit_with_ack::<String>("told", "?");
    assert_eq!(ben.heard().await, json!(["told", "?"]));
    ben.disconnect().await;
    let Err(BroadcastAckError::Missing(MissingAcks { responses, missing, .. })) = within("the end", asked).await else {
        panic!("ben is missing");
    };
    assert_eq!((responses, missing), (vec!["anna".to_owned()], 1));
}

#[tokio::test]
async fn s_35_many_sockets_join_and_leave_rooms() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut three = node.connect_all::<3>().await;
    let [anna, ben, carla] = &three;
    io.join(["tea", "milk"]);
    io.to("tea").except(carla.id()).leave("milk");
    io.to([anna.id(), ben.id()]).leave(["tea", "no such room"]);
    io.to("milk").join("cocoa");
    // Nothing is waited for: it is so at once.
    io.to("tea").emit("told", "tea").unwrap();
    io.to("milk").emit("told", "milk").unwrap();
    io.to("cocoa").emit("told", "cocoa").unwrap();
    assert_eq!(told(&mut three).await, [vec![], vec![], vec!["tea", "milk", "cocoa"]]);
}

#[tokio::test]
async fn s_35_many_sockets_are_disconnected() {
    let other = Namespace::new().on("sync", sync);
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", other)).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut three = node.connect_all::<3>().await;
    let mut beside = Vec::new();
    for socket in &three {
        let mut socket = socket.beside("/other").await;
        socket.connected().await;
        beside.push(socket);
    }
    let [anna, ben, carla] = &mut three;
    io.to(anna.id()).join("out");
    io.to(ben.id()).join("away");

    // The connection stays, and so does what else is on it.
    io.to("out").disconnect();
    assert_eq!(anna.heard().await, json!(["disconnect", "io server disconnect"]));
    beside[0].assert_silent().await;

    io.to("away").close_connections();
    assert_eq!(ben.heard().await, json!(["disconnect", "io server disconnect"]));
    assert_eq!(beside[1].heard().await, json!(["disconnect", "io server disconnect"]));
    eventually("the connection to close", || io.engine().clients_count() == 2).await;

    carla.assert_silent().await;
    io.disconnect_sockets();
    assert_eq!(carla.heard().await, json!(["disconnect", "io server disconnect"]));
    beside[2].assert_silent().await;
}
