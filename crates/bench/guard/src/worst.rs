//! The worst that a client may send in so many bytes, and be it refused: what it costs has to grow as the bytes do.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_pipe::{Expected, Server, frame};
use pintle::SocketIoLayer;
use pintle_engine::{Config as Limits, Packets, Session, TransportKind};
use pintle_proto::{Config, Connection, Incoming};

/// A payload made of nothing but this packet, and what separates two.
pub(crate) fn packets(packet: &str, bytes: usize) {
    let body = format!("{packet}\u{1e}").repeat(bytes / (packet.len() + 1));
    let now = Instant::now();
    let mut session = Session::new(Arc::new(Limits::default()), TransportKind::Polling, now);
    for packet in Packets::new(body.as_bytes()) {
        black_box(session.handle_packet(now, packet));
    }
}

/// A packet of Socket.IO that is read as far as it goes: `start`, then `filling` as often as there is room, then `end`.
pub(crate) fn packet(start: &str, filling: &str, end: &str, bytes: usize) {
    let text = format!("{start}{}{end}", filling.repeat(bytes / filling.len()));
    let now = Instant::now();
    let mut connection = Connection::new(Arc::new(Config::default()), now);
    let Ok(Some(Incoming::Connect { slot, .. })) = connection.handle_text(now, "0") else {
        unreachable!("the packet is a CONNECT");
    };
    connection.begin(slot, ());
    assert!(connection.accept(slot), "the namespace is pending");
    let heard = match connection.handle_text(now, &text) {
        Ok(None) => connection.handle_binary(now, b"attachment"),
        heard => heard,
    };
    if let Ok(Some(Incoming::Event { args, .. })) = heard {
        // Whoever does not want it checks it, and whoever wants something else is told so.
        black_box(args.validate().is_ok());
        black_box(args.deserialize::<(u8, u8)>().is_err());
    }
}

/// An event that comes over a WebSocket byte by byte. It is one of those that [`frame::text`] can cut.
pub(crate) fn dribble(bytes: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be had");
    runtime.block_on(async {
        let server = Server::new(SocketIoLayer::new().ping_interval(Duration::from_secs(24 * 60 * 60)));
        let mut client = server.dial();
        client.connect().await;
        let event = frame::text(&format!(r#"42["x","{}"]"#, "x".repeat(bytes)));
        for byte in event.chunks(1) {
            client.send(byte).await;
            tokio::task::yield_now().await;
        }
        client.send(&frame::text(r#"421["message-with-ack"]"#)).await;
        client.expect(&mut Expected::new(frame::answer("431[]"))).await;
    });
}
