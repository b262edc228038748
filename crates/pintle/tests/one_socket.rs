//! One socket, and everybody at it at once, its own handlers included.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use pintle::{Socket, SocketIoLayer};
use support::{Received, Server, receive, text, until, within};
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio::task::{JoinSet, yield_now};

const ROUNDS: usize = 20;
const TASKS: usize = 64;
/// What a task does in a round, again and again.
const DEEDS: usize = 30;

/// How many sockets have come, and how many goodbyes have been said.
#[derive(Clone, Default)]
struct Count(Arc<(AtomicUsize, AtomicUsize)>);

impl Count {
    fn both(&self) -> (usize, usize) {
        (self.0.0.load(Ordering::SeqCst), self.0.1.load(Ordering::SeqCst))
    }
}

fn server(count: &Count) -> Server {
    let layer = SocketIoLayer::new()
        .ack_timeout(Duration::from_secs(5))
        .on_connect(async |State(count): State<Count>| {
            count.0.0.fetch_add(1, Ordering::SeqCst);
        })
        .on("end", async |socket: Socket| {
            socket.join("here").unwrap();
            socket.disconnect();
            socket.disconnect();
            drop(socket);
            yield_now().await;
        })
        .on_disconnect(async |State(count): State<Count>, socket: Socket| {
            socket.join("ghosts").unwrap();
            count.0.1.fetch_add(1, Ordering::SeqCst);
        })
        .with_state(count.clone());
    Server::new(layer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a68_h186_many_tasks_at_one_socket_and_it_ends_once() {
    let count = Count::default();
    let server = server(&count);
    for round in 1..=ROUNDS {
        let client = tokio::spawn(answer(server.join().await.into_inner()));
        let socket = server.io().sockets().pop().unwrap();
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            tasks.spawn(meddle(socket.clone(), task));
        }
        // All of them, and those that wait for an answer as well.
        within(tasks.join_all()).await;
        within(client).await.unwrap();
        until(|| count.both() == (round, round)).await;
        assert!(socket.rooms().iter().all(|room| **room != *"ghosts"), "who has gone joins nothing");
        assert!(server.io().sockets().is_empty() && server.io().rooms().is_empty());
    }
}

#[tokio::test]
async fn h186_a_handler_that_ends_and_drops_its_own_socket() {
    let count = Count::default();
    let server = server(&count);
    let mut client = server.join().await;
    client.send(r#"2["end"]"#).await;
    assert_eq!(client.hear().await, "1");
    until(|| count.both() == (1, 1)).await;
    assert!(server.io().sockets().is_empty() && server.io().rooms().is_empty());
    // The connection is there, and may have another one.
    client.join("/").await;
}

async fn meddle(socket: Socket, task: usize) {
    for deed in 0..DEEDS {
        // Once the socket is over, whatever it is has no effect.
        match (task + deed) % 7 {
            0 => socket.join(["a", "b"]).unwrap(),
            1 => socket.leave("a"),
            2 => drop(socket.emit("said", deed)),
            3 => drop(socket.emit_with_ack::<usize>("asked", deed).await),
            4 => drop(socket.everybody().to("b").emit("said", deed)),
            5 => assert!(socket.rooms().len() <= 3),
            _ if deed == DEEDS / 2 && task.is_multiple_of(8) => socket.disconnect(),
            _ => yield_now().await,
        }
    }
    socket.disconnect();
}

/// Answers what it is asked, until it has been disconnected; what was asked by then is answered by nobody.
async fn answer(mut io: DuplexStream) {
    while let Ok(Received::Text(packet)) = receive(&mut io).await {
        if packet == "41" {
            return;
        }
        let id: String = packet.chars().skip(2).take_while(char::is_ascii_digit).collect();
        if !id.is_empty() {
            io.write_all(&text(&format!("43{id}[1]"))).await.unwrap();
        }
    }
}
