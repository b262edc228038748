//! Long-polling.

use std::fmt::Write as _;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use pintle::{Ack, Data, SocketIoLayer};
use pintle_tests::{Request, TestServer};
use tower_http::compression::CompressionLayer;
use tower_http::decompression::RequestDecompressionLayer;

use crate::heap::{Heap, SLACK, until};
use crate::host::{Host, Wire};

/// Node's `maxHttpBufferSize`, and the default.
const MAX_PAYLOAD: usize = 1_000_000;

/// A session that nobody ever comes back to costs little, for no longer than its first heartbeat takes.
#[test]
fn h020_a_session_that_is_left_at_once_is_small_and_goes() {
    const CROWD: usize = 1_000;
    let heap = Heap::alone();
    let realtime = SocketIoLayer::new().ping_interval(Duration::from_secs(4)).ping_timeout(Duration::from_secs(2));
    let engine = realtime.io().engine();
    let host = Host::serve(Router::new().layer(realtime));
    drop(Wire::open(&host).handshake());
    let before = heap.settled();

    let mut wire = Wire::open(&host);
    for _ in 0..CROWD {
        wire.handshake();
    }
    let each = heap.live().saturating_sub(before) / CROWD;
    assert!(engine.clients_count() >= CROWD, "they are all there");
    assert!((200..=4_096).contains(&each), "{each} bytes each");
    drop(wire);
    until(|| engine.clients_count() == 0, || format!("{} stay", engine.clients_count()));
    heap.falls_to(before + SLACK);
}

/// What a client does not fetch waits for it, up to a bound, and then the client is gone.
#[test]
fn h047_what_nobody_polls_for_is_bounded() {
    let heap = Heap::alone();
    let realtime = SocketIoLayer::new().max_queued(1 << 20, 16_384);
    let io = realtime.io();
    let host = Host::serve(Router::new().layer(realtime));
    let before = heap.settled();

    let mut wire = Wire::open(&host);
    let sid = wire.handshake();
    wire.post(&sid, "content-length: 2");
    wire.send("40");
    wire.skip("ok");
    until(|| io.sockets().len() == 1, || "it joins".to_owned());
    let (mut most, mut sent) = (0, 0);
    while io.engine().clients_count() > 0 {
        assert!(sent < 1_000, "it is never closed");
        io.emit("news", "x".repeat(100_000)).expect("whoever can take it gets it");
        most = most.max(heap.live().saturating_sub(before));
        sent += 1;
        // As many as a hundred in a second.
        std::thread::sleep(Duration::from_millis(1));
    }
    // The queue, and what is being made for it.
    assert!(most < 4 << 20, "{most} bytes");
    drop((wire, sid));
    heap.falls_to(before + SLACK);
}

/// The bytes are counted as they come out, and no more of them are taken than may be in a body.
#[test]
fn h062_what_grows_when_it_is_unpacked_is_not_unpacked_whole() {
    const UNPACKED: usize = 1 << 25;
    let heap = Heap::alone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bomb = runtime.block_on(async {
        let zeros = Router::new().route("/", get(async || vec![0; UNPACKED])).layer(CompressionLayer::new());
        let zeros = TestServer::start(zeros).await;
        Request::get("/").header("accept-encoding", "gzip").send(zeros.address()).await.body
    });
    drop(runtime);
    let length = bomb.len();
    assert!(length < UNPACKED / 500, "{length}");
    let app = Router::new().layer(SocketIoLayer::new()).layer(RequestDecompressionLayer::new());
    let host = Host::serve(app);
    let mut wire = Wire::open(&host);
    let sid = wire.handshake();
    wire.post(&sid, "content-length: 1");
    wire.send("3");
    wire.skip("ok");

    let before = heap.allocated();
    wire.post(&sid, &format!("content-encoding: gzip\r\ncontent-length: {length}"));
    wire.send(bomb);
    wire.skip("HTTP/1.1 413");
    let spent = heap.allocated() - before;
    assert!(spent < 3 * MAX_PAYLOAD, "{spent} bytes for {length} that are {UNPACKED}");
}

/// A body in pieces of one byte is put together once, not once for each piece.
#[test]
fn h051_pieces_of_one_byte_cost_no_more_than_their_sum() {
    const LENGTH: usize = 200_000;
    let heap = Heap::alone();
    let realtime = SocketIoLayer::new().on("length", async |Data(text): Data<String>| Ack(text.len()));
    let host = Host::serve(Router::new().layer(realtime));
    let mut wire = Wire::open(&host);
    let sid = wire.handshake();
    wire.post(&sid, "content-length: 2");
    wire.send("40");
    wire.skip("ok");
    wire.get(&format!("&sid={sid}"));
    wire.skip("}");

    let body = format!(r#"420["length","{}"]"#, "x".repeat(LENGTH));
    let chunks = body.chars().fold(String::with_capacity(body.len() * 7), |mut chunks, byte| {
        write!(chunks, "1\r\n{byte}\r\n").expect("memory");
        chunks
    });
    let before = heap.allocated();
    wire.post(&sid, "transfer-encoding: chunked");
    wire.send(&chunks);
    wire.send("0\r\n\r\n");
    wire.skip("ok");
    wire.get(&format!("&sid={sid}"));
    wire.skip(&format!("430[{LENGTH}]"));
    let spent = heap.allocated() - before;
    // What is read comes in six bytes for one.
    assert!(spent < 10 * LENGTH, "{spent} bytes");
}
