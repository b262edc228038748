//! One task for each connection, and none for anything else.
//!
//! These tests own their runtime, and the clients run elsewhere: the tasks that are counted are the server's.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use pintle::{Ack, Args, Data, EmitError, Socket, SocketIoLayer};
use pintle_tests::{Client, Elsewhere, Endpoint, Polling, Transport, WebSocket, alive_tasks, eventually};
use tokio::sync::Semaphore;

use crate::serve;

const CLIENTS: usize = 200;

async fn join(endpoint: Endpoint, transport: Transport) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::join(endpoint, transport).await);
    }
    clients
}

/// Waits for the count: the task of the HTTP connection that a WebSocket grew out of ends a little later.
async fn assert_tasks(expected: usize) {
    eventually(&format!("{expected} tasks"), || alive_tasks() == expected).await;
}

#[tokio::test]
async fn one_task_per_connection() {
    let (server, io) = serve(SocketIoLayer::new()).await;
    let elsewhere = Elsewhere::new();
    let before = alive_tasks();
    for transport in Transport::BOTH {
        let clients = elsewhere.run(join(server.socket_io(), transport)).await;
        assert_eq!(io.sockets().len(), CLIENTS);
        assert_tasks(before + CLIENTS).await;
        match transport {
            Transport::WebSocket => drop(clients),
            Transport::Polling => {
                let close = async move {
                    for mut client in clients {
                        client.send("1").await;
                    }
                };
                elsewhere.run(close).await;
            }
        }
        assert_tasks(before).await;
        assert_eq!(io.sockets().len(), 0);
    }
}

#[tokio::test]
async fn an_upgrade_adds_no_task() {
    let (server, io) = serve(SocketIoLayer::new()).await;
    let endpoint = server.socket_io();
    let elsewhere = Elsewhere::new();
    let before = alive_tasks();
    let work = async move {
        let session = Polling::open(endpoint).await;
        session.push("40").await;
        let mut socket = WebSocket::connect(endpoint, &session.upgrade_query()).await;
        for (packet, answer) in [("2probe", "3probe"), ("5", "40")] {
            socket.send(packet).await;
            assert!(socket.text().await.starts_with(answer));
        }
        socket
    };
    let socket = elsewhere.run(work).await;
    assert_eq!(io.sockets().len(), 1);
    assert_tasks(before + 1).await;
    drop(socket);
    assert_tasks(before).await;
}

/// Counts the tasks while it runs.
async fn count_tasks(State(seen): State<Arc<Mutex<Vec<usize>>>>, args: Args) -> Ack<Args> {
    seen.lock().expect("no panic").push(alive_tasks());
    tokio::task::yield_now().await;
    seen.lock().expect("no panic").push(alive_tasks());
    Ack(args)
}

#[tokio::test]
async fn handling_an_event_takes_no_task() {
    let seen = Arc::default();
    let layer = SocketIoLayer::new().on("count", count_tasks).with_state(Arc::clone(&seen));
    let (server, _) = serve(layer).await;
    let elsewhere = Elsewhere::new();
    let before = alive_tasks();
    let mut client = elsewhere.run(Client::join(server.socket_io(), Transport::WebSocket)).await;
    assert_tasks(before + 1).await;
    let work = async move {
        for number in 0..100 {
            client.send(&format!(r#"42{number}["count",{number}]"#)).await;
        }
        for number in 0..100 {
            assert_eq!(client.text().await, format!("43{number}[{number}]"));
        }
        client
    };
    let _client = elsewhere.run(work).await;
    assert_eq!(*seen.lock().expect("no panic"), [before + 1; 200]);
}

async fn wait(State(gate): State<Arc<Semaphore>>, socket: Socket, Data(number): Data<u32>) -> Result<(), EmitError> {
    gate.acquire().await.expect("never closed").forget();
    socket.emit("done", number)
}

#[tokio::test]
async fn a_handler_that_waits_takes_no_task() {
    let gate = Arc::new(Semaphore::new(0));
    let layer = SocketIoLayer::new().on("wait", wait).with_state(Arc::clone(&gate));
    let (server, _) = serve(layer).await;
    let elsewhere = Elsewhere::new();
    let before = alive_tasks();
    let mut client = elsewhere.run(Client::join(server.socket_io(), Transport::WebSocket)).await;
    assert_tasks(before + 1).await;
    let work = async move {
        for number in 0..50 {
            client.send(&format!(r#"42["wait",{number}]"#)).await;
        }
        // Handled after them, so that they all wait by now.
        client.send(r#"42["nobody listens"]"#).await;
        client.assert_open().await;
        client
    };
    let mut client = elsewhere.run(work).await;
    assert_eq!(alive_tasks(), before + 1);
    gate.add_permits(50);
    let work = async move {
        for _ in 0..50 {
            assert!(client.text().await.starts_with(r#"42["done","#));
        }
        client
    };
    let _client = elsewhere.run(work).await;
    assert_eq!(alive_tasks(), before + 1);
}
