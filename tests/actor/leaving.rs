//! However a socket leaves, its disconnect handler runs, and runs once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use pintle::{DisconnectReason, Socket, SocketIo, SocketIoLayer};
use pintle_tests::{Client, Endpoint, Opcode, TestServer, Transport, alive_tasks, encode_frame, eventually};

use crate::serve;

/// The reasons for which each socket left.
type Departures = Arc<Mutex<HashMap<String, Vec<DisconnectReason>>>>;

async fn note(State(departures): State<Departures>, socket: Socket, reason: DisconnectReason) {
    // While the handler waits, other reasons may come up.
    tokio::task::yield_now().await;
    departures.lock().expect("no panic").entry(socket.id().to_string()).or_default().push(reason);
}

async fn host() -> (TestServer, SocketIo, Departures) {
    let departures = Departures::default();
    let layer = SocketIoLayer::new()
        .on("leave", async |socket: Socket| socket.disconnect())
        .on("close", async |socket: Socket| socket.close())
        .on("leave-twice", async |socket: Socket| {
            socket.disconnect();
            socket.close();
            socket.disconnect();
        })
        .on_disconnect(note)
        .with_state(Arc::clone(&departures));
    let (server, io) = serve(layer).await;
    (server, io, departures)
}

/// Many clients that each do the same, all at once, and then have each left once.
async fn assert_each_leaves_once(how: impl AsyncFn(&mut Client)) {
    const CLIENTS: usize = 50;
    let (server, io, departures) = host().await;
    let before = alive_tasks();
    for transport in Transport::BOTH {
        let mut clients = join(server.socket_io(), transport, CLIENTS).await;
        for client in &mut clients {
            how(client).await;
        }
        drop(clients);
        // After its task nothing more can happen to a socket.
        eventually("every connection to end", || alive_tasks() == before).await;
        assert_eq!(io.sockets().len(), 0);
        let departures = std::mem::take(&mut *departures.lock().expect("no panic"));
        assert_eq!(departures.len(), CLIENTS);
        for (id, reasons) in departures {
            assert_eq!(reasons.len(), 1, "{id} left for {reasons:?}");
        }
    }
}

async fn join(endpoint: Endpoint, transport: Transport, count: usize) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(Client::join(endpoint, transport).await);
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_leaves_and_closes() {
    assert_each_leaves_once(async |client| {
        client.send("41").await;
        client.offend("1").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_only_closes() {
    assert_each_leaves_once(async |client| client.offend("1").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_sends_a_client_out_that_closes() {
    assert_each_leaves_once(async |client| {
        client.send(r#"42["leave"]"#).await;
        client.offend("1").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_closes_a_client_that_leaves() {
    assert_each_leaves_once(async |client| {
        client.send(r#"42["close"]"#).await;
        client.offend("41").await;
        client.closed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_it_several_times() {
    assert_each_leaves_once(async |client| {
        client.send(r#"42["leave-twice"]"#).await;
        client.closed().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_violation_of_a_client_that_leaves() {
    assert_each_leaves_once(async |client| {
        client.offend("40").await;
        client.offend("41").await;
        client.closed().await;
    })
    .await;
}

/// S-55: what was already read is dropped with what had not been.
#[tokio::test]
async fn after_its_disconnection_a_socket_hears_no_more() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let layer = SocketIoLayer::new()
        .on("leave", async |socket: Socket| socket.disconnect())
        .on("close", async |socket: Socket| socket.close())
        .on("hear", move || {
            count.fetch_add(1, Ordering::SeqCst);
            async {}
        });
    let (server, io) = serve(layer).await;
    for event in ["leave", "close"] {
        for transport in Transport::BOTH {
            let mut client = Client::join(server.socket_io(), transport).await;
            let mut packets = vec![format!(r#"42["{event}"]"#)];
            packets.extend(vec![r#"42["hear"]"#.to_owned(); 10]);
            match &mut client {
                Client::Polling(session) => drop(session.offend(packets.join("\u{1e}")).await),
                Client::WebSocket(socket) => {
                    let frames = packets.iter().map(|packet| encode_frame(true, Opcode::Text, packet.as_bytes()));
                    socket.send_raw(&frames.collect::<Vec<_>>().concat()).await;
                }
            }
            assert_eq!(client.text().await, "41");
            eventually("the socket to leave", || io.sockets().is_empty()).await;
            assert_eq!(heard.load(Ordering::SeqCst), 0, "{event} {transport:?}");
        }
    }
}
