//! Calls from everywhere to everything: nothing waits for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use pintle::{Ack, ClientError, EventRequest, EventResponse, Namespace, Next, Socket, SocketIoLayer};
use pintle_tests::{Client, Packet, Transport};
use serde_json::Value;

use crate::attack::withstand;

/// Handlers that have called everything and come to their end.
type Calls = Arc<AtomicUsize>;

/// Handlers of each kind, which call everything, and what becomes of the socket meanwhile.
fn namespace() -> Namespace<Calls> {
    Namespace::new()
        .middleware(admit)
        .on_connect(call)
        .event_middleware(pass)
        .on_any(call)
        .on("call", async |socket: Socket, calls: State<Calls>| {
            call(socket, calls).await;
            Ack(())
        })
        .on("disconnect me", async |socket: Socket, calls: State<Calls>| {
            socket.disconnect();
            call(socket, calls).await;
        })
        .on("close me", async |socket: Socket, calls: State<Calls>| {
            socket.close();
            call(socket, calls).await;
        })
        .on("disconnect all", async |socket: Socket, calls: State<Calls>| {
            socket.everybody().disconnect();
            call(socket, calls).await;
        })
        .on("close all", async |socket: Socket, calls: State<Calls>| {
            socket.everybody().close_connections();
            call(socket, calls).await;
        })
        .on("fail", async || Err::<(), _>(ClientError::new("as a test wants it")))
        .on_error(call)
        .on_disconnect(call)
}

async fn admit(socket: Socket, calls: State<Calls>) -> Result<(), ClientError> {
    call(socket, calls).await;
    Ok(())
}

async fn pass(socket: Socket, calls: State<Calls>, event: EventRequest, next: Next) -> EventResponse {
    call(socket, calls).await;
    next.run(event).await
}

async fn call(socket: Socket, State(calls): State<Calls>) {
    let io = socket.io();
    let all = || io.of(socket.namespace());
    let _ = socket.join(["a", "b"]);
    socket.leave("b");
    let _ = (socket.rooms(), socket.is_in("a"), socket.transport(), socket.is_connected(), socket.event_names());
    let _ = socket.emit("news", 1);
    let _ = socket.volatile().emit("news", 1);
    let _ = socket.to("a").emit("news", 1);
    let _ = socket.broadcast().emit("news", bytes::Bytes::from_static(b"news"));
    drop(socket.emit_with_ack::<Value>("asked", 1));
    drop(all().timeout(Duration::from_millis(1)).emit_with_ack::<Value>("asked", 1));
    all().to("a").join("c");
    all().in_("c").leave("c");
    for other in all().sockets() {
        let _ = (other.rooms(), other.join("d"), other.emit("news", 2));
    }
    let _ = (io.rooms(), all().rooms(), all().count(), io.namespace_names(), io.new_namespaces(), io.room_events());
    let _ = io.of("/made-up-2").emit("news", 3);
    let listener = socket.on("later", async || {});
    socket.remove_listener(listener);
    socket.set_data(7_u8);
    socket.set_extension(7_u8);
    for client in io.engine().clients() {
        let _ = (client.transport(), client.is_closed(), client.handshake().uri());
    }
    tokio::task::yield_now().await;
    all().to("a").leave("a");
    calls.fetch_add(1, Ordering::Relaxed);
}

#[tokio::test]
async fn a49_everything_can_be_called_from_every_handler() {
    let calls = Calls::default();
    let realtime = SocketIoLayer::new()
        .namespace("/fixed", namespace())
        .dynamic_namespace(async || true, namespace())
        .with_state(calls.clone());
    withstand(realtime, async |endpoint| {
        for transport in Transport::BOTH {
            for namespace in ["/fixed,", "/made-up-1,"] {
                for end in ["disconnect me", "close me", "disconnect all", "close all", "leave"] {
                    let mut client = Client::open(endpoint, transport).await;
                    client.send(&format!("40{namespace}")).await;
                    hear(&mut client, &format!("40{namespace}{{")).await;
                    client.send(&format!(r#"42{namespace}["fail"]"#)).await;
                    client.send(&format!(r#"42{namespace}7["call"]"#)).await;
                    hear(&mut client, &format!("43{namespace}7[]")).await;
                    match end {
                        "leave" => client.send("1").await,
                        end => client.send(&format!(r#"42{namespace}["{end}"]"#)).await,
                    }
                    if end.starts_with("disconnect") {
                        hear(&mut client, &format!("41{namespace}")).await;
                        client.offend("1").await;
                    }
                    client.closed().await;
                }
            }
        }
    })
    .await;
    // Of each socket at least: middleware, connect, disconnect, two events with their middleware, and the error.
    let calls = calls.load(Ordering::Relaxed);
    assert!(calls >= 20 * 8, "{calls}");
}

/// Waits for a packet that begins like this, among others.
async fn hear(client: &mut Client, beginning: &str) {
    while !matches!(client.receive().await, Packet::Text(packet) if packet.starts_with(beginning)) {}
}
