//! Rooms, and the events of joining and leaving them.

use std::sync::{Arc, Mutex};

use pintle::{Ack, Args, Data, JoinError, Namespace, RoomEvent, RoomEvents, Socket, SocketIoLayer};
use pintle_tests::{RealSocket, eventually, within};
use serde_json::json;

use crate::scene::{Scene, sync, told};

/// Whose clients say themselves where they go.
fn moving() -> SocketIoLayer {
    SocketIoLayer::new().on("join", join).on("leave", leave)
}

async fn join(socket: Socket, Data(rooms): Data<Vec<String>>) -> Result<Ack<Vec<String>>, JoinError> {
    socket.join(rooms)?;
    Ok(Ack(names(socket.rooms())))
}

async fn leave(socket: Socket, Data(rooms): Data<Vec<String>>) -> Ack<Vec<String>> {
    socket.leave(rooms);
    Ack(names(socket.rooms()))
}

fn names<T: ToString>(rooms: impl IntoIterator<Item = T>) -> Vec<String> {
    rooms.into_iter().map(|room| room.to_string()).collect()
}

/// What happened to rooms, one line each; those of the clients are called by their names.
async fn next<const N: usize>(events: &mut RoomEvents, names: &[(&RealSocket, &str)]) -> [String; N] {
    let mut lines = [const { String::new() }; N];
    for line in &mut lines {
        *line = match within("something to happen to a room", events.recv()).await.expect("the namespace lives") {
            RoomEvent::Created { room } => format!("create {room}"),
            RoomEvent::Joined { room, id } => format!("{id} joins {room}"),
            RoomEvent::Left { room, id } => format!("{id} leaves {room}"),
            RoomEvent::Deleted { room } => format!("delete {room}"),
            other => panic!("{other:?}"),
        };
        for (socket, name) in names {
            *line = line.replace(socket.id(), name);
        }
    }
    lines
}

#[tokio::test]
async fn s_60_the_server_knows_its_rooms_and_who_is_in_them() {
    let other = Namespace::new().on("sync", sync).on("join", join);
    let Some(scene) = Scene::set(moving().namespace("/other", other)).await else { return };
    let Scene { io, node, .. } = &scene;
    let [mut anna, ben] = node.connect_all().await;
    let there = node.connect_to("/other").await;
    assert_eq!(anna.ask("join", json!([["tea"]])).await, json!([anna.id(), "tea"]));
    // Again is no change; several at once.
    let rooms = ben.ask("join", json!([["tea", "milk", "tea"]])).await;
    assert_eq!(sorted(serde_json::from_value::<Vec<String>>(rooms).unwrap()), sorted([ben.id(), "tea", "milk"]));
    there.ask("join", json!([["cocoa"]])).await;

    assert_eq!(sorted(io.rooms()), ["milk", "tea"]);
    assert_eq!(sorted(io.of("/other").rooms()), ["cocoa"]);
    assert_eq!(io.to("tea").sockets().len(), 2);
    assert_eq!(io.to("milk").sockets()[0].id().to_string(), ben.id());

    // An empty room is gone at once, and so are those of who leaves.
    assert_eq!(anna.ask("leave", json!([["tea", "milk", "cocoa"]])).await, json!([anna.id()]));
    assert_eq!(sorted(io.rooms()), ["milk", "tea"]);
    ben.ask("leave", json!([["tea"]])).await;
    assert_eq!(sorted(io.rooms()), ["milk"]);
    ben.disconnect().await;
    eventually("the room to empty", || io.rooms().is_empty()).await;
    // The room of one's own cannot be left.
    assert_eq!(anna.ask("leave", json!([[anna.id()]])).await, json!([anna.id()]));
    io.to(anna.id()).emit("told", "still here").unwrap();
    assert_eq!(anna.heard_by_now().await, [json!(["told", "still here"])]);
}

fn sorted<T: ToString>(rooms: impl IntoIterator<Item = T>) -> Vec<String> {
    let mut rooms = names(rooms);
    rooms.sort_unstable();
    rooms
}

#[tokio::test]
async fn s_61_each_real_change_of_a_room_is_told_once() {
    let Some(scene) = Scene::set(moving()).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut events = io.room_events();
    let [anna, ben] = node.connect_all().await;
    let names = [(&anna, "anna"), (&ben, "ben")];
    let expected = ["create anna", "anna joins anna", "create ben", "ben joins ben"];
    assert_eq!(next(&mut events, &names).await, expected);

    // Created before it is joined, and only by the first; who is in already does not join.
    anna.ask("join", json!([["tea"]])).await;
    anna.ask("join", json!([["tea"]])).await;
    ben.ask("join", json!([["tea", "milk"]])).await;
    let expected = ["create tea", "anna joins tea", "ben joins tea", "create milk", "ben joins milk"];
    assert_eq!(next(&mut events, &names).await, expected);

    // Deleted after it is left, and only by the last; who is not in does not leave.
    anna.ask("leave", json!([["milk", "no such room"]])).await;
    anna.ask("leave", json!([["tea"]])).await;
    ben.ask("leave", json!([["tea"]])).await;
    assert_eq!(next(&mut events, &names).await, ["anna leaves tea", "ben leaves tea", "delete tea"]);
}

#[tokio::test]
async fn s_61_who_disconnects_leaves_all_rooms() {
    let Some(scene) = Scene::set(moving()).await else { return };
    let Scene { io, node, .. } = &scene;
    let [anna, ben] = node.connect_all().await;
    anna.ask("join", json!([["tea"]])).await;
    ben.ask("join", json!([["tea"]])).await;
    let mut events = io.room_events();
    let mut later = io.of("/").room_events();
    anna.cut().await;
    ben.ask("leave", json!([["tea"]])).await;
    // The room of its own comes first; anna's end is not in order with what ben does.
    let names = [(&anna, "anna"), (&ben, "ben")];
    let mut happened: [String; 5] = next(&mut events, &names).await;
    assert_eq!(next(&mut later, &names).await, happened);
    let own = happened.iter().position(|line| line == "anna leaves anna").expect("anna's own room");
    assert_eq!(happened[own + 1], "delete anna");
    happened.sort_unstable();
    assert_eq!(happened, ["anna leaves anna", "anna leaves tea", "ben leaves tea", "delete anna", "delete tea"]);
}

#[tokio::test]
async fn s_61_rooms_of_a_refused_socket_are_never_told() {
    let refusing = async |socket: Socket| {
        socket.join("tea").unwrap();
        Err(pintle::ClientError::new("no"))
    };
    let refusing = Namespace::new().middleware(refusing).on("sync", sync);
    let Some(scene) = Scene::set(moving().namespace("/no", refusing)).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut nowhere = io.of("/no").room_events();
    let mut refused = node.open("/no", json!({})).await;
    assert_eq!(refused.heard().await, json!(["connect_error", "no"]));
    assert_eq!(io.of("/no").rooms(), [] as [Arc<str>; 0]);
    let none = tokio::time::timeout(std::time::Duration::from_millis(50), nowhere.recv()).await;
    assert!(none.is_err(), "{none:?}");
}

#[tokio::test]
async fn s_62_a_broadcast_goes_room_by_room_and_in_each_as_they_came() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let log = order.clone();
    let layer = moving().on_connect(async move |socket: Socket| {
        let (log, id) = (log.clone(), socket.id().to_string());
        socket.on_any_outgoing(move |_, _: &Args| log.lock().unwrap().push(id.clone()));
    });
    let Some(scene) = Scene::set(layer).await else { return };
    let Scene { io, node, .. } = &scene;
    let mut four = node.connect_all::<4>().await;
    told(&mut four).await;
    let [anna, ben, carla, dora] = &four;
    carla.ask("join", json!([["tea"]])).await;
    anna.ask("join", json!([["tea"]])).await;
    dora.ask("join", json!([["milk", "tea"]])).await;
    ben.ask("join", json!([["milk"]])).await;
    let took = || std::mem::take(&mut *order.lock().unwrap());

    io.emit("told", "all").unwrap();
    assert_eq!(took(), [anna.id(), ben.id(), carla.id(), dora.id()]);
    io.to("milk").to("tea").emit("told", "both").unwrap();
    assert_eq!(took(), [dora.id(), ben.id(), carla.id(), anna.id()]);
    io.to("tea").to("milk").emit("told", "both").unwrap();
    assert_eq!(took(), [carla.id(), anna.id(), dora.id(), ben.id()]);
}
