//! What the feature `metrics` counts: each counter is seen to count, and each gauge to come down again, however a session or
//! a socket ends.

mod names;
mod page;
mod recorder;
mod sessions;
mod sockets;
mod traffic;

use std::fmt::Debug;
use std::time::Duration;

use axum::Router;
use pintle::{SocketIo, SocketIoLayer};
use pintle_tests::{Endpoint, PATIENCE, TestServer};
use tokio::time::{sleep, timeout};

use self::recorder::Counts;

/// A server whose counts can be read.
struct Counted {
    io: SocketIo,
    server: TestServer,
    counts: Counts,
}

impl Counted {
    async fn start(layer: SocketIoLayer) -> Self {
        let counts = Counts::default();
        // A server asks for its counters when it is made.
        let io = metrics::with_local_recorder(&counts, || layer.io());
        let server = TestServer::start(Router::new().layer(layer)).await;
        Self { io, server, counts }
    }

    fn endpoint(&self) -> Endpoint {
        self.server.socket_io()
    }

    /// Waits until what was counted is this, and nothing else. Packets and bytes are left out: see [`traffic`].
    async fn counts(&self, expected: &[(&str, u64)]) {
        let mut expected: Vec<_> = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        expected.sort();
        self.reach(expected, Counts::all_but_traffic).await;
    }

    /// Waits until one counter or gauge stands so.
    async fn count(&self, name: &str, expected: u64) {
        self.reach((name, expected), |counts| (name, counts.get(name))).await;
    }

    async fn reach<T: PartialEq + Debug>(&self, expected: T, read: impl Fn(&Counts) -> T) {
        // Said in full when it fails: what is counted instead is what one wants to know.
        let reached = timeout(PATIENCE, async {
            while read(&self.counts) != expected {
                sleep(Duration::from_millis(2)).await;
            }
        });
        if reached.await.is_err() {
            assert_eq!(read(&self.counts), expected);
        }
    }
}
