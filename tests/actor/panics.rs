//! A handler that panics costs its event, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::State;
use pintle::{Ack, Args, Auth, SocketIoLayer};
use pintle_tests::{Client, Transport, eventually};
use serde_json::Value;

use crate::serve;

async fn echo(args: Args) -> Ack<Args> {
    Ack(args)
}

async fn panic_at_once() {
    panic!("a handler of the test panics");
}

async fn panic_later() {
    tokio::task::yield_now().await;
    panic!("a handler of the test panics");
}

async fn leave(State(left): State<Arc<AtomicUsize>>) {
    left.fetch_add(1, Ordering::SeqCst);
}

async fn assert_echo(client: &mut Client) {
    client.send(r#"421["echo","still here"]"#).await;
    assert_eq!(client.text().await, r#"431["still here"]"#);
}

#[tokio::test]
async fn a_panic_leaves_the_socket_and_all_others_alive() {
    let left = Arc::default();
    let layer = SocketIoLayer::new()
        .on("echo", echo)
        .on("panic-at-once", panic_at_once)
        .on("panic-later", panic_later)
        .on_disconnect(leave)
        .with_state(Arc::clone(&left));
    let (server, io) = serve(layer).await;
    for transport in Transport::BOTH {
        left.store(0, Ordering::SeqCst);
        let mut other = Client::join(server.socket_io(), transport).await;
        let mut client = Client::join(server.socket_io(), transport).await;
        for event in ["panic-at-once", "panic-later"] {
            for _ in 0..3 {
                client.send(&format!(r#"42["{event}"]"#)).await;
                assert_echo(&mut client).await;
            }
        }
        assert_echo(&mut other).await;
        assert_eq!(io.sockets().len(), 2);
        // Those that panicked have left their places: were they counted as running, reading would pause.
        for _ in 0..100 {
            client.send(r#"42["panic-later"]"#).await;
        }
        assert_echo(&mut client).await;
        assert_eq!(left.load(Ordering::SeqCst), 0);
        client.offend("1").await;
        other.offend("1").await;
        eventually("both to leave", || left.load(Ordering::SeqCst) == 2).await;
        eventually("nobody to be left", || io.sockets().is_empty()).await;
    }
}

#[tokio::test]
async fn a_panic_in_a_disconnect_handler_leaves_nothing_behind() {
    let layer = SocketIoLayer::new().on("echo", echo).on_disconnect(panic_at_once);
    let (server, io) = serve(layer).await;
    for transport in Transport::BOTH {
        let mut other = Client::join(server.socket_io(), transport).await;
        let mut client = Client::join(server.socket_io(), transport).await;
        client.send("41").await;
        eventually("the socket to be gone", || io.sockets().len() == 1).await;
        // The connection is as good as before.
        client.send("40").await;
        client.connected("").await;
        assert_echo(&mut client).await;
        assert_echo(&mut other).await;
        client.offend("1").await;
        other.offend("1").await;
        eventually("nobody to be left", || io.sockets().is_empty()).await;
    }
}

#[tokio::test]
async fn a_panic_in_a_connect_handler_is_no_trouble_of_others() {
    async fn panic_if_asked(Auth(auth): Auth<Value>) {
        assert!(auth["panic"].is_null(), "a handler of the test panics");
    }
    let layer = SocketIoLayer::new().on("echo", echo).on_connect(panic_if_asked);
    let (server, io) = serve(layer).await;
    for transport in Transport::BOTH {
        let mut other = Client::join(server.socket_io(), transport).await;
        let mut client = Client::open(server.socket_io(), transport).await;
        client.offend(r#"40{"panic":true}"#).await;
        assert_echo(&mut other).await;
        client.offend("1").await;
        other.offend("1").await;
        eventually("nobody to be left", || io.sockets().is_empty()).await;
    }
}
