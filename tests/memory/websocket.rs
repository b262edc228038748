//! WebSockets.

use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use pintle::{BroadcastAckError, Data, EmitWithAckError, SocketIoLayer};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::heap::{Heap, SLACK, until};
use crate::host::{Host, Wire};

/// A connection that has had much to say, and is idle now, is as small as one that never had.
#[test]
fn a37_a_large_message_leaves_nothing_with_its_connection() {
    const CROWD: usize = 200;
    let heap = Heap::alone();
    let realtime =
        SocketIoLayer::new().on("text", async |Data(_): Data<String>| {}).on("binary", async |Data(_): Data<Bytes>| {});
    let host = Host::serve(Router::new().layer(realtime));
    let empty = heap.settled();
    let mut crowd: Vec<Wire> = (0..CROWD).map(|_| Wire::websocket(&host)).collect();
    let text = format!(r#"42["text","{}"]"#, "x".repeat(60_000));
    let binary = [7; 60_000];
    let talk = |crowd: &mut Vec<Wire>| {
        for wire in crowd {
            wire.frame(0x81, text.as_bytes());
            wire.frame(0x81, br#"451-["binary",{"_placeholder":true,"num":0}]"#);
            // In two fragments, and what comes of it in one.
            wire.frame(0x02, &binary[..30_000]);
            wire.frame(0x80, &binary[30_000..]);
            // It is answered when all that was before has been handled.
            wire.frame(0x89, b"done?");
            wire.skip("done?");
        }
    };
    // The scratch of the thread is as large as it gets.
    talk(&mut crowd);
    let before = heap.settled();
    talk(&mut crowd);
    heap.falls_to(before + SLACK);
    let idle = (before - empty) / CROWD;
    assert!(idle < 5_000, "{idle} bytes each, with what the server has for all");
}

/// Nobody answers, and what waited for the answers is forgotten when their time is over, or their socket gone.
#[test]
fn a17_acknowledgements_that_never_come_are_forgotten() {
    let heap = Heap::alone();
    let realtime = SocketIoLayer::new().max_queued(64 << 20, 1 << 20);
    let io = realtime.io();
    let host = Host::serve(Router::new().layer(realtime));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut silent = Wire::websocket(&host);
    until(|| io.sockets().len() == 1, || "it joins".to_owned());
    let socket = io.sockets().pop().expect("it is there");
    let mut round = |timeout: Duration| {
        runtime.block_on(async {
            let mut asked = JoinSet::new();
            for _ in 0..500 {
                let answer = socket.timeout(timeout).emit_with_ack::<Value>("asked", 1);
                // Had one of before been kept, there would be too many.
                asked.spawn(async { matches!(answer.await, Err(EmitWithAckError::Timeout)) });
            }
            for _ in 0..100 {
                let answers = io.timeout(timeout).emit_with_ack::<Value>("asked", 1);
                asked.spawn(async { matches!(answers.await, Err(BroadcastAckError::Missing(_))) });
            }
            assert!(asked.join_all().await.into_iter().all(|timed_out| timed_out));
        });
        silent.frame(0x89, b"done?");
        silent.skip("done?");
    };
    let soon = Duration::from_millis(20);
    round(soon);
    let before = heap.settled();
    for _ in 0..20 {
        round(soon);
    }
    heap.falls_to(before + SLACK);
}

/// Of pongs that cannot be written only the latest are kept.
#[test]
fn a36_pings_of_who_does_not_read_pile_nothing_up() {
    /// More than the kernel's buffers hold the answers to.
    const PINGS: usize = 100_000;
    let heap = Heap::alone();
    let host = Host::serve(Router::new().layer(SocketIoLayer::new()));
    let mut deaf = Wire::websocket(&host);
    deaf.frame(0x89, &[b'x'; 125]);
    let before = heap.settled();
    let mut most = 0;
    for _ in 0..PINGS {
        deaf.frame(0x89, &[b'x'; 125]);
        most = most.max(heap.live().saturating_sub(before));
    }
    assert!(most < 2 * SLACK, "{most} bytes");
}

/// What goes to all is in memory once, however many wait for it.
#[test]
fn h154_a_large_broadcast_is_in_memory_once() {
    const CROWD: usize = 100;
    /// More than the kernel's buffers hold, so that it waits for each of them.
    const SIZE: usize = 16 << 20;
    let heap = Heap::alone();
    let realtime = SocketIoLayer::new();
    let io = realtime.io();
    let host = Host::serve(Router::new().layer(realtime));
    let crowd: Vec<Wire> = (0..CROWD).map(|_| Wire::websocket(&host)).collect();
    until(|| io.sockets().len() == CROWD, || "all have joined".to_owned());
    let before = heap.settled();
    io.emit("news", Bytes::from(vec![7; SIZE])).expect("what can be written");
    // Once it is written to all of them, as far as it can be.
    let kept = heap.settled().saturating_sub(before);
    assert!(kept >= SIZE, "it waits: {kept} bytes");
    assert!(kept < 2 * SIZE, "{kept} bytes");
    drop(crowd);
    heap.falls_to(before + SLACK);
}
