//! Clients that are back before the server has noticed that they had gone, and several who want one session.

use std::sync::Arc;

use pintle::{ClientError, DisconnectReason, Socket};
use pintle_tests::{Client, Polling, TestServer, Transport, eventually};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::recovery::{identity, polling_client, recovering};
use crate::stage::{BOTH, Stage, notes};

#[tokio::test]
async fn r_13_a_session_is_had_once_and_by_one() {
    let realtime = recovering();
    let io = realtime.io();
    let server = TestServer::start(axum::Router::new().layer(realtime)).await;
    let connect = async |auth: &str| {
        let mut client = Client::open(server.socket_io(), Transport::WebSocket).await;
        client.send(&format!("40{auth}")).await;
        let said = identity(&client.text().await);
        (client, said)
    };
    // An offset that is none: the session is gone, whatever comes after.
    let (client, (sid, pid)) = connect("").await;
    drop(client);
    eventually("it to be gone", || io.sockets().is_empty()).await;
    let (_guess, (other, _)) = connect(&format!(r#"{{"pid":"{pid}","offset":"guess"}}"#)).await;
    assert_ne!(other, sid);
    let (_late, (other, _)) = connect(&format!(r#"{{"pid":"{pid}"}}"#)).await;
    assert_ne!(other, sid);

    // Two who ask at a time: one has it, in the end, and the other has lost its connection.
    let (client, (sid, pid)) = connect("").await;
    drop(client);
    eventually("it to be gone", || io.sockets().len() == 2).await;
    let auth = format!(r#"{{"pid":"{pid}"}}"#);
    let ((mut one, first), (mut two, second)) = tokio::join!(connect(&auth), connect(&auth));
    assert_eq!((&first.0, &second.0), (&sid, &sid), "one after the other");
    eventually("one of them to be gone", || io.sockets().len() == 3).await;
    io.to(sid.as_str()).emit("who?", ()).expect("it is connected");
    let hears = tokio::select! {
        _ = one.closed() => two.text().await,
        _ = two.closed() => one.text().await,
    };
    assert!(hears.starts_with(r#"42["who?""#), "{hears}");
}

#[tokio::test]
async fn r_08_a_client_that_is_back_before_the_server_noticed_takes_its_socket_over() {
    let (told, mut heard) = notes();
    let left = {
        let told = told.clone();
        async move |reason: DisconnectReason| told.say(format!("left: {reason}"))
    };
    let realtime = recovering()
        .on_connect(async move |socket: Socket| told.say(format!("recovered: {}", socket.is_recovered())))
        .on_disconnect(left);
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let socket = stage.arrive(BOTH[1]).await;
    assert_eq!(heard.next().await, "recovered: false");
    socket.emit("before", 0).expect("it is connected");
    assert_eq!(stage.heard().await, json!([["before", 0]]));
    for round in 1..=3 {
        stage.network.freeze();
        // The server believes that these arrive.
        stage.io.emit("missed", round).expect("it seems connected");
        let back = stage.run("kept.socket.io.engine.close(); await life(kept.socket); return back(kept.socket)").await;
        assert_eq!(back, true);
        assert_eq!(heard.next().await, "left: transport close");
        assert_eq!(heard.next().await, "recovered: true");
        stage.io.emit("after", round).expect("it is connected");
        assert_eq!(stage.heard().await, json!([["missed", round], ["after", round]]));
        assert_eq!(stage.io.sockets().len(), 1);
        assert_eq!(stage.run("return kept.socket.id").await, *socket.id().as_str());
    }
    eventually("its connections to be gone", || stage.io.engine().clients_count() == 1).await;
}

#[tokio::test]
async fn r_08_a_polling_client_takes_its_socket_over_likewise() {
    let realtime = recovering();
    let io = realtime.io();
    let server = TestServer::start(axum::Router::new().layer(realtime)).await;
    let (before, (sid, pid)) = polling_client(&server).await;
    let mut pending = before.start_get().await;
    let mut after = Polling::open(server.socket_io()).await;
    after.push(format!(r#"40{{"pid":"{pid}"}}"#)).await;
    assert_eq!(identity(&after.receive().await), (sid, pid));
    let _ = pending.response_or_end().await;
    before.assert_gone().await;
    assert_eq!(io.sockets().len(), 1);
}

#[tokio::test]
async fn r_08_a_client_that_tries_again_while_its_last_attempt_hangs_has_its_socket_too() {
    let gate = Arc::new(Semaphore::new(1));
    let (told, mut heard) = notes();
    let realtime = recovering().middleware({
        let gate = gate.clone();
        async move |socket: Socket| {
            told.say(socket.is_recovered());
            gate.acquire().await.expect("never closed").forget();
            Ok::<_, ClientError>(())
        }
    });
    let io = realtime.io();
    let server = TestServer::start(axum::Router::new().layer(realtime)).await;
    let connect = async |auth: &str| {
        let mut client = Client::open(server.socket_io(), Transport::WebSocket).await;
        client.send(&format!("40{auth}")).await;
        client
    };
    let mut first = connect("").await;
    let (sid, pid) = identity(&first.text().await);
    assert!(!heard.next().await);
    drop(first);
    eventually("it to be gone", || io.sockets().is_empty()).await;
    io.emit("missed", 1).expect("it is kept");

    let auth = format!(r#"{{"pid":"{pid}"}}"#);
    let mut hanging = connect(&auth).await;
    assert!(heard.next().await);
    let mut again = connect(&auth).await;
    hanging.closed().await;
    assert!(heard.next().await);
    gate.add_permits(2);
    let missed = again.text().await;
    assert!(missed.starts_with(r#"42["missed",1,"#), "{missed}");
    assert_eq!(identity(&again.text().await), (sid, pid));
    assert_eq!(io.sockets().len(), 1);
}
