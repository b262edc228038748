//! Rooms before, during and after a socket's time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;

use axum::extract::State;
use pintle::{Ack, Auth, ClientError, Data, JoinError, RoomEvent, Socket, SocketId, SocketIo, SocketIoLayer};
use serde::Deserialize;
use support::{Server, settle};
use tokio::sync::Notify;

#[derive(Deserialize)]
struct Guest {
    welcome: bool,
}

/// Joins a room and leaves another, and decides when it is told to.
async fn doorkeeper(
    State(gate): State<Arc<Notify>>,
    Auth(guest): Auth<Guest>,
    socket: Socket,
) -> Result<(), ClientError> {
    socket.join("hall")?;
    socket.join("porch")?;
    socket.leave("porch");
    gate.notified().await;
    if guest.welcome { Ok(()) } else { Err(ClientError::new("not you")) }
}

fn crowd(io: &SocketIo) -> (usize, usize) {
    (io.to("hall").sockets().len(), io.to("porch").sockets().len())
}

#[tokio::test(start_paused = true)]
async fn rooms_of_a_middleware_are_those_of_the_accepted_socket() {
    let gate = Arc::new(Notify::new());
    let server = Server::new(SocketIoLayer::new().middleware(doorkeeper).with_state(gate.clone()));
    let mut client = server.open().await;
    client.send(r#"0{"welcome":true}"#).await;
    settle().await;
    assert_eq!(crowd(server.io()), (0, 0), "nobody is in before the middleware says so");
    server.io().to("hall").emit("early", ()).unwrap();
    gate.notify_one();
    assert!(client.hear().await.starts_with(r#"0{"sid":"#));
    assert_eq!(crowd(server.io()), (1, 0));
    server.io().to("hall").emit("late", ()).unwrap();
    assert_eq!(client.hear().await, r#"2["late"]"#);
    drop(client);
    settle().await;
    assert_eq!(crowd(server.io()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn rooms_of_a_middleware_are_gone_after_a_refusal() {
    let gate = Arc::new(Notify::new());
    let server = Server::new(SocketIoLayer::new().middleware(doorkeeper).with_state(gate.clone()));
    let mut client = server.open().await;
    client.send(r#"0{"welcome":false}"#).await;
    settle().await;
    gate.notify_one();
    assert_eq!(client.hear().await, r#"4{"message":"not you"}"#);
    assert_eq!(crowd(server.io()), (0, 0));
    assert!(server.io().sockets().is_empty());
}

async fn join(socket: Socket, Data(room): Data<String>) -> Result<Ack<usize>, JoinError> {
    socket.join(room)?;
    Ok(Ack(socket.rooms().len()))
}

#[tokio::test(start_paused = true)]
async fn the_room_of_another_socket_cannot_be_joined() {
    let server = Server::new(SocketIoLayer::new().on("join", join));
    let (mut spy, mut other) = (server.open().await, server.open().await);
    let own = spy.join("/").await;
    let id = other.join("/").await;
    assert!(spy.ask(&format!(r#"["join","{id}"]"#)).await.starts_with(r#"[{"message":"#));
    assert_eq!(spy.ask(&format!(r#"["join","{own}"]"#)).await, "[1]", "its own room it is in already");
    server.io().to(id).emit("letter", ()).unwrap();
    assert_eq!(other.hear().await, r#"2["letter"]"#);
    assert_eq!(spy.ask(r#"["join","hall"]"#).await, "[2]", "the letter did not come here");
}

#[tokio::test(start_paused = true)]
async fn a_middleware_cannot_join_the_room_of_another_socket() {
    #[derive(Deserialize)]
    struct Wish {
        room: Option<String>,
    }
    async fn grant(Auth(wish): Auth<Wish>, socket: Socket) -> Result<(), JoinError> {
        wish.room.map_or(Ok(()), |room| socket.join(room))
    }
    let server = Server::new(SocketIoLayer::new().middleware(grant).on("join", join));
    let (mut spy, mut other) = (server.open().await, server.open().await);
    let id = other.join("/").await;
    spy.send(&format!(r#"0{{"room":"{id}"}}"#)).await;
    assert!(spy.hear().await.starts_with(r#"0{"sid":"#));
    server.io().to(id).emit("letter", ()).unwrap();
    assert_eq!(other.hear().await, r#"2["letter"]"#);
    assert_eq!(spy.ask(r#"["join","hall"]"#).await, "[2]", "the letter did not come here");
}

#[tokio::test(start_paused = true)]
async fn rooms_tell_what_happens_to_them() {
    let server = Server::new(SocketIoLayer::new());
    let mut events = server.io().room_events();
    let mut client = server.open().await;
    let id = SocketId::parse(&client.join("/").await).unwrap();
    for _ in 0..2 {
        server.io().join("lobby");
    }
    server.io().leave("lobby");
    drop(client);
    let (own, lobby): (Arc<str>, Arc<str>) = (id.as_str().into(), "lobby".into());
    for room in [own.clone(), lobby.clone()] {
        assert_eq!(events.recv().await.unwrap(), RoomEvent::Created { room: room.clone() });
        assert_eq!(events.recv().await.unwrap(), RoomEvent::Joined { room, id });
    }
    for room in [lobby, own] {
        assert_eq!(events.recv().await.unwrap(), RoomEvent::Left { room: room.clone(), id });
        assert_eq!(events.recv().await.unwrap(), RoomEvent::Deleted { room });
    }
}
