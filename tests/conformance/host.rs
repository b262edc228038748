//! The server under test.

use std::net::SocketAddr;

use axum::Router;
use conformance_host::Times;
use pintle::SocketIoLayer;
use pintle_tests::{Endpoint, Reference, TestServer, judging_reference};

/// The conformance host: on Pintle, or on Node when the tests themselves are judged.
pub(crate) enum Host {
    Pintle(TestServer),
    Node(Reference),
}

impl Host {
    /// A host on which nothing happens of itself while a test runs.
    pub(crate) async fn start() -> Self {
        Self::with(Times::CALM).await
    }

    /// A host with the short times of the official suites.
    pub(crate) async fn hasty() -> Self {
        Self::with(Times::SUITES).await
    }

    pub(crate) async fn with(times: Times) -> Self {
        if !judging_reference() {
            return Self::Pintle(TestServer::start(conformance_host::app(times)).await);
        }
        let variables = [
            ("PING_INTERVAL", times.ping_interval),
            ("PING_TIMEOUT", times.ping_timeout),
            ("UPGRADE_TIMEOUT", times.upgrade_timeout),
            ("CONNECT_TIMEOUT", times.connect_timeout),
        ];
        let variables = variables.map(|(name, time)| (name, time.as_millis().to_string()));
        Self::Node(Reference::start(&variables.each_ref().map(|(name, time)| (*name, &**time))).await)
    }

    /// A host with nothing but a Socket.IO server: `layer`, and in Node one with the same `options`, as JSON.
    pub(crate) async fn bare(layer: SocketIoLayer, options: &str) -> Self {
        if judging_reference() {
            return Self::Node(Reference::start(&[("OPTIONS", options)]).await);
        }
        Self::Pintle(TestServer::start(Router::new().layer(layer)).await)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Pintle(server) => server.address(),
            Self::Node(reference) => reference.address(),
        }
    }

    /// Plain Engine.IO, which echoes.
    pub(crate) fn engine_io(&self) -> Endpoint {
        Endpoint::new(self.address(), "/engine.io/")
    }

    /// Plain Engine.IO, which echoes after a word of welcome.
    pub(crate) fn welcoming(&self) -> Endpoint {
        Endpoint::new(self.address(), "/welcome.io/")
    }

    pub(crate) fn socket_io(&self) -> Endpoint {
        Endpoint::new(self.address(), "/socket.io/")
    }

    /// Both, for what must hold on each.
    pub(crate) fn endpoints(&self) -> [Endpoint; 2] {
        [self.engine_io(), self.socket_io()]
    }
}
