//! What a test of an item needs: a server, the official client, and notes of what the handlers saw.

use axum::Router;
use pintle::{Ack, SocketIo, SocketIoLayer};
use pintle_tests::{Console, Proxy, TestServer, within};
use serde_json::Value;
use tokio::sync::mpsc;

/// Each transport, for what must hold on both alike.
pub(crate) const BOTH: [&[&str]; 2] = [&["polling"], &["websocket"]];

/// A server, a network before it, and the official client.
pub(crate) struct Stage {
    pub(crate) io: SocketIo,
    pub(crate) console: Console,
    pub(crate) network: Proxy,
    pub(crate) server: TestServer,
}

impl Stage {
    /// `None`, said loudly, when the npm packages are missing.
    pub(crate) async fn open(realtime: SocketIoLayer) -> Option<Self> {
        let io = realtime.io();
        let server = TestServer::start(Router::new().layer(realtime)).await;
        let network = Proxy::start(server.address()).await;
        let console = Console::open(network.address()).await?;
        Some(Self { io, console, network, server })
    }

    /// Runs the body of an async function under Node.js.
    pub(crate) async fn run(&mut self, body: &str) -> Value {
        self.console.run(body).await
    }
}

/// A server whose clients can ask whether they have [heard](Console) everything.
pub(crate) fn realtime() -> SocketIoLayer {
    SocketIoLayer::new().on("everything?", async || Ack(()))
}

/// What handlers tell a test, in their order.
pub(crate) fn notes<T>() -> (Told<T>, Heard<T>) {
    let (told, heard) = mpsc::unbounded_channel();
    (Told(told), Heard(heard))
}

pub(crate) struct Told<T>(mpsc::UnboundedSender<T>);

pub(crate) struct Heard<T>(mpsc::UnboundedReceiver<T>);

impl<T> Told<T> {
    /// Nobody listens any more once the test is over.
    pub(crate) fn say(&self, note: T) {
        let _ = self.0.send(note);
    }
}

impl<T> Clone for Told<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Heard<T> {
    pub(crate) async fn next(&mut self) -> T {
        within("a handler", self.0.recv()).await.expect("handlers to hear of")
    }

    /// All until now.
    pub(crate) fn all(&mut self) -> Vec<T> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}
