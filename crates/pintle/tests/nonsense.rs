//! H-188: options that make no sense. Whatever a server is told, it does not panic and it does not hang.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use pintle::{Ack, Args, Overflow, Socket, SocketIoLayer, StateRecovery, TransportKind};
use support::{dial, settle};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

type Declare = fn() -> SocketIoLayer;

type Set<T> = fn(SocketIoLayer, T) -> SocketIoLayer;

const TIMES: &[(&str, Set<Duration>)] = &[
    ("ping_interval", |layer, time| layer.ping_interval(time)),
    ("ping_timeout", |layer, time| layer.ping_timeout(time)),
    ("upgrade_timeout", |layer, time| layer.upgrade_timeout(time)),
    ("connect_timeout", |layer, time| layer.connect_timeout(time)),
    ("ack_timeout", |layer, time| layer.ack_timeout(time)),
    ("close_timeout", |layer, time| layer.close_timeout(time)),
    ("write_timeout", |layer, time| layer.write_timeout(time)),
    ("body_idle_timeout", |layer, time| layer.body_idle_timeout(time)),
    ("body_timeout", |layer, time| layer.body_timeout(time)),
    ("message_timeout", |layer, time| layer.message_timeout(time)),
    ("attachment_timeout", |layer, time| layer.attachment_timeout(time)),
    ("farewell_timeout", |layer, time| layer.farewell_timeout(time)),
    ("admission_timeout", |layer, time| layer.admission_timeout(time)),
    ("max_disconnection", |layer, time| layer.recovery(StateRecovery::new().max_disconnection(time))),
];

const AMOUNTS: &[(&str, Set<usize>)] = &[
    ("max_payload", |layer, amount| layer.max_payload(amount)),
    ("max_fragments", |layer, amount| layer.max_fragments(amount)),
    ("max_attachments", |layer, amount| layer.max_attachments(amount)),
    ("max_attachment_bytes", |layer, amount| layer.max_attachment_bytes(amount)),
    ("max_namespaces", |layer, amount| layer.max_namespaces(amount)),
    ("max_namespace_len", |layer, amount| layer.max_namespace_len(amount)),
    ("max_event_len", |layer, amount| layer.max_event_len(amount)),
    ("max_room_len", |layer, amount| layer.max_room_len(amount)),
    ("max_rooms", |layer, amount| layer.max_rooms(amount)),
    ("max_pending_acks", |layer, amount| layer.max_pending_acks(amount)),
    ("max_running", |layer, amount| layer.max_running(amount)),
    ("max_queued bytes", |layer, amount| layer.max_queued(amount, 10)),
    ("max_queued packets", |layer, amount| layer.max_queued(1000, amount)),
    ("max_queued refusing", |layer, amount| layer.overflow(Overflow::Refuse).max_queued(amount, amount)),
    ("min_write_progress", |layer, amount| layer.min_write_progress(amount)),
    ("max_sessions", |layer, amount| layer.max_sessions(amount)),
    ("max_sessions_per_address", |layer, amount| layer.max_sessions_per_address(amount)),
    ("recovery: max_packets", |layer, amount| layer.recovery(StateRecovery::new().max_packets(amount))),
    ("recovery: max_bytes", |layer, amount| layer.recovery(StateRecovery::new().max_bytes(amount))),
    ("recovery: max_sessions", |layer, amount| layer.recovery(StateRecovery::new().max_sessions(amount))),
];

#[tokio::test(start_paused = true)]
async fn h188_no_time_and_no_amount_makes_a_server_panic_or_hang() {
    watch_panics();
    for (option, set) in TIMES {
        for time in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            serve(&format!("{option} {time:?}"), |layer| set(layer, time)).await;
        }
    }
    for (option, set) in AMOUNTS {
        for amount in [0, 1, usize::MAX] {
            serve(&format!("{option} {amount}"), |layer| set(layer, amount)).await;
        }
    }
    serve("no transports", |layer| layer.transports([])).await;
    serve("WebSocket alone, and no way there", |layer| {
        layer.transports([TransportKind::Polling]).allow_upgrades(false)
    })
    .await;
}

#[test]
fn h188_what_cannot_be_meant_panics_when_it_is_declared() {
    let declared: [(&str, Declare); 8] = [
        ("path", || SocketIoLayer::new().path("")),
        ("path", || SocketIoLayer::new().path("//")),
        ("origins", || SocketIoLayer::new().origins(["chat.example"])),
        ("origins", || SocketIoLayer::new().origins(["https://chat.example/"])),
        ("allowed_hosts", || SocketIoLayer::new().allowed_hosts([""])),
        ("allowed_hosts", || SocketIoLayer::new().allowed_hosts(["https://chat.example"])),
        ("allowed_hosts", || SocketIoLayer::new().allowed_hosts(["user@chat.example"])),
        ("allowed_hosts", || SocketIoLayer::new().allowed_hosts([""; 0])),
    ];
    for (option, declare) in declared {
        assert!(catch_unwind(AssertUnwindSafe(|| drop(declare()))).is_err(), "{option}");
    }
    // Lists of nothing that mean something: nobody from elsewhere, and no transport.
    drop(SocketIoLayer::<()>::new().origins([""; 0]).transports([]));
}

/// Serves clients that do a bit of everything. What comes of it is up to the option.
async fn serve(what: &str, set: impl FnOnce(SocketIoLayer) -> SocketIoLayer) {
    let layer = SocketIoLayer::new().allow_request(async || true).on_connect(connect).on("echo", echo);
    let layer = set(layer);
    let io = layer.io();
    let service = layer.into_service();
    let polling = "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let websocket = support::ask_for_websocket("/socket.io/?EIO=4&transport=websocket");
    let packets = [
        support::text("40"),
        // A part of it, to wait for.
        support::text(r#"42["echo",1]"#)[..3].to_vec(),
        support::text(r#"42["echo",1]"#)[3..].to_vec(),
        support::text(r#"421["echo",{"a":[1,2,3]}]"#),
        support::text(r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#),
        b"\x82\x81\0\0\0\0a".to_vec(),
        b"\x82\x81\0\0\0\0b".to_vec(),
        // Three frames of one message.
        b"\x01\x82\0\0\0\x0042\0\x80\0\0\0\0\x80\x88\0\0\0\0[\"echo\"]".to_vec(),
        support::text(&format!(r#"459{}-["echo"]"#, "9".repeat(18))),
    ];
    let mut clients = vec![(polling.as_bytes().to_vec(), vec![])];
    // All at once, and one after the other.
    clients.push((websocket.clone().into_bytes(), vec![packets.concat()]));
    clients.push((websocket.into_bytes(), packets.to_vec()));
    for (head, packets) in clients {
        let mut stream = dial(&service);
        // Whether it is still heard is not for us to say.
        let _ = stream.write_all(&head).await;
        for packet in packets {
            settle().await;
            let _ = io.emit("news", Bytes::from_static(b"to whom it may concern"));
            let _ = stream.write_all(&packet).await;
        }
        let mut heard = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut heard)).await;
        assert!(heard.starts_with(b"HTTP/1.1 "), "{what}: no answer");
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{what}: the server panicked");
    }
    assert!(tokio::time::timeout(Duration::from_secs(3600), io.close()).await.is_ok(), "{what}: the server hangs");
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{what}: the server panicked");
}

async fn connect(socket: Socket) {
    // Where it may not, it need not.
    let _ = socket.join(["a", "b"]);
    let _ = socket.emit("welcome", "x".repeat(1000));
    drop(socket.emit_with_ack::<u8>("ask", ()));
}

async fn echo(args: Args) -> Ack<Args> {
    Ack(args)
}

/// Panics on other threads than those of the tests that want them.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn watch_panics() {
    let here = std::thread::current().id();
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // The runtime of the test is this thread.
        if std::thread::current().id() == here {
            PANICS.fetch_add(1, Ordering::Relaxed);
        }
        print(panic);
    }));
}
