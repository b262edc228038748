//! Why a socket left, as the server tells it, with the official client at the other end. `interop` has the same with a
//! client that does by hand what this one never would.

use std::time::Duration;

use pintle::{DisconnectReason, Namespace, Socket, SocketIoLayer};
use serde_json::{Value, json};

use crate::stage::{BOTH, Heard, Stage, notes, realtime};

/// A server that tells why sockets leave.
fn telling() -> (SocketIoLayer, Heard<DisconnectReason>) {
    let (told, heard) = notes();
    let realtime = realtime()
        .on("leave", async |socket: Socket| socket.disconnect())
        .on("close", async |socket: Socket| socket.close())
        .on("close the engine", async |socket: Socket| socket.conn().close())
        .namespace("/other", Namespace::new())
        .on_disconnect(async move |reason: DisconnectReason| told.say(reason));
    (realtime, heard)
}

/// Has a client of each transport do something that ends its socket. Why, as either side tells it.
async fn ends(doing: &str) -> Vec<(DisconnectReason, Value)> {
    let (realtime, mut heard) = telling();
    let Some(mut stage) = Stage::open(realtime).await else { return Vec::new() };
    let mut ends = Vec::new();
    for ways in BOTH {
        stage.console.over(ways);
        let body =
            format!("const socket = await connect('/', {{ reconnection: false }}); {doing}; return life(socket);");
        let here = stage.run(&body).await;
        ends.push((heard.next().await, here[1].clone()));
        assert!(heard.all().is_empty(), "once");
    }
    ends
}

/// The two ends tell these reasons, on either transport.
async fn ends_as(doing: &str, there: DisconnectReason, here: &str) {
    for (reason, said) in ends(doing).await {
        assert_eq!((reason, &said), (there, &json!(here)), "{doing}");
    }
}

#[tokio::test]
async fn s_58_client_namespace_disconnect() {
    let leaves = "const other = beside(socket, '/other'); await connected(other); socket.disconnect()";
    ends_as(leaves, DisconnectReason::ClientNamespaceDisconnect, "io client disconnect").await;
}

#[tokio::test]
async fn s_58_server_namespace_disconnect() {
    for event in ["leave", "close"] {
        let asks = format!("socket.emit('{event}')");
        ends_as(&asks, DisconnectReason::ServerNamespaceDisconnect, "io server disconnect").await;
    }
}

#[tokio::test]
async fn s_58_transport_close() {
    ends_as("socket.io.engine.close()", DisconnectReason::TransportClose, "forced close").await;
}

#[tokio::test]
async fn s_58_transport_error() {
    // A heartbeat in the wrong direction.
    let offends = "socket.io.engine._sendPacket('ping')";
    for (reason, said) in ends(offends).await {
        assert_eq!(reason, DisconnectReason::TransportError);
        assert!(["transport close", "transport error"].contains(&said.as_str().unwrap_or_default()), "{said}");
    }
}

#[tokio::test]
async fn s_58_parse_error() {
    // A packet of a type that there is not.
    let offends = "const { transport } = socket.io.engine;
        if (transport.ws) transport.ws.send('abc'); else transport.doWrite('abc', () => {})";
    for (reason, _) in ends(offends).await {
        assert_eq!(reason, DisconnectReason::ParseError);
    }
}

#[tokio::test]
async fn s_58_forced_close() {
    for doing in ["socket.io.engine.write('2[')", "socket.emit('close the engine')"] {
        ends_as(doing, DisconnectReason::ForcedClose, "transport close").await;
    }
}

#[tokio::test]
async fn s_58_forced_server_close() {
    for packet in ["0", "2/unknown,[\"event\"]", "4{}"] {
        let doing = format!("socket.io.engine.write('{packet}')");
        ends_as(&doing, DisconnectReason::ForcedServerClose, "transport close").await;
    }
}

#[tokio::test]
async fn s_58_ping_timeout() {
    let (realtime, mut heard) = telling();
    let realtime = realtime.ping_interval(Duration::from_millis(300)).ping_timeout(Duration::from_millis(200));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage.console.over(ways).run("kept.socket = patient(await connect('/', { reconnection: false }))").await;
        stage.network.silence();
        assert_eq!(heard.next().await, DisconnectReason::PingTimeout);
        stage.network.restore();
    }
}

#[tokio::test]
async fn s_58_a_connection_that_is_cut() {
    let (realtime, mut heard) = telling();
    let Some(mut stage) = Stage::open(realtime).await else { return };
    // A polling client may not poll at the moment, and then its end is a ping timeout.
    stage.console.over(BOTH[1]).run("kept.socket = await connect('/', { reconnection: false })").await;
    stage.network.cut();
    let reason = heard.next().await;
    assert!(matches!(reason, DisconnectReason::TransportClose | DisconnectReason::TransportError), "{reason}");
    let here = stage.run("return life(kept.socket)").await;
    assert!(["transport close", "transport error"].contains(&here[1].as_str().unwrap_or_default()), "{here}");
}

#[tokio::test]
async fn s_58_server_shutting_down() {
    for ways in BOTH {
        let (realtime, mut heard) = telling();
        let Some(mut stage) = Stage::open(realtime).await else { return };
        stage.console.over(ways).run("kept.socket = await connect('/', { reconnection: false })").await;
        let io = stage.io.clone();
        let (here, ()) = tokio::join!(stage.run("return life(kept.socket)"), io.close());
        assert_eq!(here, json!(["disconnect", "transport close"]));
        assert_eq!(heard.next().await, DisconnectReason::ServerShuttingDown);
    }
}

#[tokio::test]
async fn s_58_every_reason_has_nodes_word() {
    let words = [
        (DisconnectReason::ClientNamespaceDisconnect, "client namespace disconnect", false),
        (DisconnectReason::ServerNamespaceDisconnect, "server namespace disconnect", false),
        (DisconnectReason::ServerShuttingDown, "server shutting down", true),
        (DisconnectReason::PingTimeout, "ping timeout", true),
        (DisconnectReason::TransportClose, "transport close", true),
        (DisconnectReason::TransportError, "transport error", true),
        (DisconnectReason::ParseError, "parse error", false),
        (DisconnectReason::ForcedClose, "forced close", true),
        (DisconnectReason::ForcedServerClose, "forced server close", true),
    ];
    for (reason, word, recoverable) in words {
        assert_eq!((reason.as_str(), reason.is_recoverable()), (word, recoverable));
    }
}
