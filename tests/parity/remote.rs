//! Sockets as `fetch_sockets` gives them: from one node they look as from any other.

use std::sync::Arc;
use std::time::Duration;

use pintle::{EmitWithAckError, Namespace, RemoteSocket, Socket, SocketIoLayer};
use pintle_tests::{RealSocket, eventually};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::scene::{Scene, sync, told};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Player {
    name: String,
    score: u32,
}

/// A client, and its socket as it is fetched when the connect handler is done.
async fn one(scene: &Scene) -> (RealSocket, RemoteSocket) {
    let mut socket = scene.node.connect().await;
    socket.assert_silent().await;
    let mut fetched = scene.io.to(socket.id()).fetch_sockets().await.expect("one node");
    assert_eq!(fetched.len(), 1);
    (socket, fetched.remove(0))
}

#[tokio::test]
async fn s_26_s_34_those_who_are_meant_are_fetched() {
    let other = Namespace::new().on("sync", sync);
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", other)).await else { return };
    let Scene { io, node, .. } = &scene;
    let [anna, ben, carla] = node.connect_all().await;
    let there = node.connect_to("/other").await;
    io.to([anna.id(), ben.id()]).join("tea");

    assert_eq!(ids(&io.fetch_sockets().await.unwrap()), sorted([anna.id(), ben.id(), carla.id()]));
    assert_eq!(ids(&io.to("tea").fetch_sockets().await.unwrap()), sorted([anna.id(), ben.id()]));
    let but_ben = io.except(ben.id()).fetch_sockets().await.unwrap();
    assert_eq!(ids(&but_ben), sorted([anna.id(), carla.id()]));
    assert_eq!(ids(&io.to("tea").except(ben.id()).fetch_sockets().await.unwrap()), [anna.id()]);
    assert_eq!(ids(&io.local().fetch_sockets().await.unwrap()).len(), 3);
    assert_eq!(ids(&io.of("/other").fetch_sockets().await.unwrap()), [there.id()]);
    assert_eq!(ids(&io.to("nobody is here").fetch_sockets().await.unwrap()), [""; 0]);
    assert_eq!(ids(&io.of("/no such namespace").fetch_sockets().await.unwrap()), [""; 0]);
    // Of a socket: without itself.
    let found = io.to(anna.id()).sockets();
    assert_eq!(ids(&found[0].to("tea").fetch_sockets().await.unwrap()), [ben.id()]);
}

fn ids(sockets: &[RemoteSocket]) -> Vec<String> {
    sorted(sockets.iter().map(RemoteSocket::id))
}

fn sorted<T: ToString>(ids: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut ids: Vec<_> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.sort_unstable();
    ids
}

#[tokio::test]
async fn s_37_a_remote_socket_knows_who_it_is() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let options = json!({
        "transports": ["websocket"],
        "auth": { "token": "abc" },
        "query": { "page": "7" },
        "extraHeaders": { "x-custom": "yes" },
    });
    let mut socket = scene.node.open("/", options).await;
    socket.connected().await;
    let fetched = scene.io.fetch_sockets().await.unwrap();
    let [remote] = &fetched[..] else { panic!("one is connected, not {fetched:?}") };
    assert_eq!(remote.id().to_string(), socket.id());
    let handshake = remote.handshake();
    assert_eq!(handshake.auth(), &json!({ "token": "abc" }));
    assert_eq!(handshake.query()["page"], "7");
    assert_eq!(handshake.query()["EIO"], "4");
    assert_eq!(handshake.headers()["x-custom"], "yes");
    assert_eq!(handshake.headers()["host"], scene.server.address().to_string());
    assert_eq!(handshake.address(), "127.0.0.1");
    assert!(handshake.url().starts_with("/socket.io/?"), "{}", handshake.url());
    assert_eq!((handshake.xdomain(), handshake.secure()), (false, false));
}

#[tokio::test]
async fn s_37_rooms_and_data_are_those_of_the_moment() {
    let layer = SocketIoLayer::new().on_connect(async |socket: Socket| {
        socket.set_data(Player { name: "Ada".to_owned(), score: 1 });
        socket.join("tea")
    });
    let Some(scene) = Scene::set(layer).await else { return };
    let (_socket, remote) = one(&scene).await;
    let local = scene.io.to(remote.id()).sockets().remove(0);
    local.join("milk").unwrap();
    local.update_data(|player: &mut Player| player.score += 1);

    let before: Vec<_> = remote.rooms().iter().map(ToString::to_string).collect();
    assert_eq!(before, [remote.id().to_string(), "tea".to_owned()]);
    assert_eq!(remote.data::<Player>(), Some(Arc::new(Player { name: "Ada".to_owned(), score: 1 })));
    // What another node would see of it.
    assert_eq!(remote.data::<serde_json::Value>(), Some(Arc::new(json!({ "name": "Ada", "score": 1 }))));
    assert_eq!(remote.data::<u8>(), None);

    let now = scene.io.to(remote.id()).fetch_sockets().await.unwrap().remove(0);
    assert_eq!(now.rooms().len(), 3);
    assert_eq!(now.data::<Player>().unwrap().score, 2);
}

#[tokio::test]
async fn s_37_a_remote_socket_is_spoken_to() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let (socket, remote) = one(&scene).await;
    let other = scene.node.connect().await;
    let mut both = [socket, other];
    remote.emit("told", "you alone").unwrap();
    assert_eq!(told(&mut both).await, [vec!["you alone"], vec![]]);

    // One answer, not a list.
    both[0].answer("told", json!([42])).await;
    assert_eq!(remote.emit_with_ack::<u8>("told", "?").await.unwrap(), 42);
    let timed_out = remote.clone().timeout(Duration::from_millis(50)).emit_with_ack::<u8>("unheard of", "?").await;
    assert!(matches!(timed_out, Err(EmitWithAckError::Timeout)), "{timed_out:?}");
    assert!(remote.emit("disconnect", ()).unwrap_err().is_encode());
}

#[tokio::test]
async fn s_37_a_remote_socket_joins_and_leaves() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let (socket, remote) = one(&scene).await;
    let mut socket = [socket];
    remote.join(["tea", "milk"]).unwrap();
    remote.leave("milk");
    scene.io.to("milk").emit("told", "milk").unwrap();
    scene.io.to("tea").emit("told", "tea").unwrap();
    assert_eq!(told(&mut socket).await, [["tea"]]);
}

#[tokio::test]
async fn s_37_a_remote_socket_is_disconnected_alone_or_with_its_connection() {
    let other = Namespace::new().on("sync", sync);
    let Some(scene) = Scene::set(SocketIoLayer::new().namespace("/other", other)).await else { return };
    let (mut socket, remote) = one(&scene).await;
    let mut beside = socket.beside("/other").await;
    beside.connected().await;
    remote.disconnect();
    assert_eq!(socket.heard().await, json!(["disconnect", "io server disconnect"]));
    beside.assert_silent().await;
    assert!(remote.emit("told", "too late").unwrap_err().is_disconnected());

    let (mut socket, remote) = one(&scene).await;
    let mut closed = socket.beside("/other").await;
    closed.connected().await;
    remote.close();
    for socket in [&mut socket, &mut closed] {
        assert_eq!(socket.heard().await, json!(["disconnect", "io server disconnect"]));
    }
    eventually("the connection to close", || scene.io.engine().clients_count() == 1).await;
}
