//! The promises of the session's actor: one task a connection, handlers inside of it, and nobody's trouble is another's.

mod handlers;
mod isolation;
mod leaving;
mod overflow;
mod panics;
mod tasks;

use axum::Router;
use pintle::{SocketIo, SocketIoLayer};
use pintle_tests::TestServer;

/// A server of nothing but sockets, and the handle to them.
async fn serve(realtime: SocketIoLayer) -> (TestServer, SocketIo) {
    let io = realtime.io();
    (TestServer::start(Router::new().layer(realtime)).await, io)
}
