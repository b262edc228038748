//! What is over leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::future::pending;
use std::sync::Arc;

use axum::extract::State;
use pintle::{Ack, ClientError, Namespace, Socket, SocketIoLayer};
use support::{Server, settle};

/// A state whose owners can be counted.
type Counted = Arc<()>;

async fn hang(_: State<Counted>) {
    pending::<()>().await;
}

/// A server whose handlers and middleware hang, in the namespaces that are called after them.
fn layer(state: &Counted) -> SocketIoLayer {
    SocketIoLayer::new()
        .on("hang", hang)
        .on("alive?", async || Ack("alive"))
        .namespace("/arriving", Namespace::new().on_connect(hang))
        .namespace("/waiting", Namespace::new().middleware(hang))
        .namespace("/leaving", Namespace::new().on_disconnect(hang))
        .with_state(state.clone())
}

/// A client of all these namespaces, for whom everything hangs.
async fn stuck(server: &Server) -> support::Client {
    let mut client = server.join().await;
    client.join("/arriving").await;
    client.join("/leaving").await;
    client.send_all([r#"2["hang"]"#, "0/waiting,", "1/leaving,"]).await;
    assert_eq!(client.ask(r#"["alive?"]"#).await, r#"["alive"]"#);
    client
}

#[test]
fn the_end_of_a_runtime_leaves_no_socket_and_no_cycle() {
    let state = Counted::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    // The client stays: it is the runtime that ends.
    let (io, socket, _client) = runtime.block_on(async {
        let server = Server::new(layer(&state));
        let client = stuck(&server).await;
        let socket = server.io().sockets().pop().unwrap();
        assert_eq!(server.io().of("/arriving").sockets().len(), 1);
        (server.io().clone(), socket, client)
    });
    drop(runtime);
    assert!(!socket.is_connected());
    assert!(socket.emit("event", ()).is_err());
    assert!(io.sockets().is_empty());
    assert!(io.of("/arriving").sockets().is_empty());
    drop((io, socket));
    assert_eq!(Arc::strong_count(&state), 1, "the state has no other owner left");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_gone_leaves_no_cycle() {
    let state = Counted::default();
    let layer = SocketIoLayer::new().on("alive?", async |_: State<Counted>| Ack("alive")).with_state(state.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["alive?"]"#).await, r#"["alive"]"#);
    drop(client);
    settle().await;
    assert!(server.io().sockets().is_empty());
    drop(server);
    assert_eq!(Arc::strong_count(&state), 1, "the state has no other owner left");
}

/// Has a socket listen with a handler that keeps it, and what is counted.
fn keep(socket: &Socket, State(state): State<Counted>) {
    let kept = (socket.clone(), state);
    socket.on("event", async move || drop(kept));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_keeps_its_socket_leaves_no_cycle() {
    let state = Counted::default();
    let layer = SocketIoLayer::new()
        .on_connect(async |socket: Socket, state: State<Counted>| keep(&socket, state))
        .on_disconnect(async |socket: Socket, state: State<Counted>| keep(&socket, state))
        .namespace(
            "/closed",
            Namespace::new().middleware(async |socket: Socket, state: State<Counted>| {
                keep(&socket, state);
                Err::<(), _>(ClientError::new("closed"))
            }),
        )
        .dynamic_namespace(
            async |socket: Socket, state: State<Counted>| {
                keep(&socket, state);
                socket.namespace() == "/there"
            },
            Namespace::new(),
        );
    let server = Server::new(layer.with_state(state.clone()));
    let mut client = server.join().await;
    client.send("0/closed,").await;
    assert_eq!(client.hear().await, r#"4/closed,{"message":"closed"}"#);
    client.join("/there").await;
    client.send("0/elsewhere,").await;
    assert_eq!(client.hear().await, r#"4/elsewhere,{"message":"Invalid namespace"}"#);
    drop(client);
    settle().await;
    drop(server);
    assert_eq!(Arc::strong_count(&state), 1, "the state has no other owner left");
}
