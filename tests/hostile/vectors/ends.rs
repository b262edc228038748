//! TCP connections that end without a word.

use pintle::DisconnectReason;
use pintle_tests::{Client, Endpoint, Transport, WebSocket, eventually};

use super::mirror::{Departures, mirror};
use crate::scene::Scene;

/// A WebSocket that has joined `/`, and its socket's id.
async fn join(endpoint: Endpoint) -> (WebSocket, String) {
    let mut client = Client::open(endpoint, Transport::WebSocket).await;
    client.send("40").await;
    let id = client.connected("").await;
    match client {
        Client::WebSocket(socket) => (socket, id),
        Client::Polling(_) => unreachable!("it was to be a WebSocket"),
    }
}

#[tokio::test]
async fn h081_the_end_of_the_stream_ends_the_session() {
    let departures = Departures::default();
    let scene = Scene::set(mirror(departures.clone())).await;
    let endpoint = scene.endpoint();
    for parts in [&b""[..], b"\x81", b"\x81\xfe", b"\x01\x81\0\0\0\x004"] {
        let departures = departures.clone();
        let attack = async move {
            let (mut socket, id) = join(endpoint).await;
            socket.send_raw(parts).await;
            socket.half_close().await;
            // The server hangs up as well: nobody is left whom it could wait for.
            socket.ended().await;
            eventually("the socket's end", || departures.of(&id).is_some()).await;
            assert_eq!(departures.of(&id), Some(DisconnectReason::TransportClose), "{parts:02x?}");
        };
        scene.elsewhere.run(attack).await;
    }
    scene.unharmed().await;
}

#[tokio::test]
async fn h081_a_reset_ends_the_session() {
    let departures = Departures::default();
    let scene = Scene::set(mirror(departures.clone())).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let (socket, id) = join(endpoint).await;
        socket.abort();
        eventually("the socket's end", || departures.of(&id).is_some()).await;
        assert_eq!(departures.of(&id), Some(DisconnectReason::TransportClose));
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}
