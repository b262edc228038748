//! A server and official clients in one test.

use axum::Router;
use pintle::{Ack, SocketIo, SocketIoLayer};
use pintle_tests::{Driver, RealSocket, TestServer};
use serde_json::Value;

/// A server, and Node.js with clients of it.
pub(crate) struct Scene {
    pub(crate) io: SocketIo,
    pub(crate) node: Driver,
    pub(crate) server: TestServer,
}

impl Scene {
    /// Starts both; `None`, said loudly, when there is no client to install.
    pub(crate) async fn set(layer: SocketIoLayer) -> Option<Self> {
        let layer = layer.on("sync", sync);
        let io = layer.io();
        let server = TestServer::start(Router::new().layer(layer)).await;
        let node = Driver::start(server.address()).await?;
        Some(Self { io, node, server })
    }
}

/// What [`RealSocket::heard_by_now`] asks: every namespace handles it.
pub(crate) async fn sync() -> Ack<()> {
    Ack(())
}

/// The texts of all `told` that these have heard by now; they may have heard nothing else.
pub(crate) async fn told<const N: usize>(sockets: &mut [RealSocket; N]) -> Vec<Vec<String>> {
    let mut texts = Vec::new();
    for socket in sockets {
        let text = |heard: Value| match heard.as_array().map(Vec::as_slice) {
            Some([event, Value::String(text)]) if event == "told" => text.clone(),
            _ => panic!("not told, but {heard}"),
        };
        texts.push(socket.heard_by_now().await.into_iter().map(text).collect());
    }
    texts
}
