//! What the log says of clients that go without. A program of its own: of a line that another thread logged first, the
//! subscriber of one thread may never hear.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pintle::{Overflow, SocketIoLayer};
use support::{Server, Written, settle};
use tracing::Level;

#[tokio::test(start_paused = true)]
async fn h150_the_log_says_who_went_without() {
    let (written, _guard) = Written::collect(Level::DEBUG);
    let server = Server::new(SocketIoLayer::new().overflow(Overflow::Refuse).max_queued(1000, 100));
    let mut deaf = server.join().await;
    let socket = server.io().sockets().pop().unwrap();
    // More than the pipe holds.
    socket.emit("fill", "x".repeat(70_000)).unwrap();
    settle().await;
    for _ in 0..10 {
        server.io().emit("news", 1).unwrap();
        assert!(socket.emit("lost", ()).unwrap_err().is_full());
    }
    assert!(deaf.hear().await.starts_with(r#"2["fill""#));
    settle().await;
    let log = written.text();
    assert_eq!(log.matches("namespace=/ sockets=1").count(), 10, "each broadcast: {log}");
    assert_eq!(log.matches("packets=20").count(), 1, "and the session, once: {log}");
}
