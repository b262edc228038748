//! The official clients, unmodified, against an axum app.

mod app;
mod node;
mod numbers;
mod python;
mod reasons;
mod rooms;

use std::net::SocketAddr;

use pintle_tests::{Endpoint, Reference, TestServer, judging_reference};

use app::Times;

/// The app of this suite: on Pintle, or on Node when the tests themselves are judged.
enum Host {
    Pintle(TestServer),
    Node(Reference),
}

impl Host {
    async fn start(times: Times) -> Self {
        if !judging_reference() {
            return Self::Pintle(TestServer::start(app::app(times)).await);
        }
        let interval = times.ping_interval.as_millis().to_string();
        let timeout = times.ping_timeout.as_millis().to_string();
        Self::Node(Reference::start(&[("PING_INTERVAL", &interval), ("PING_TIMEOUT", &timeout)]).await)
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Pintle(server) => server.address(),
            Self::Node(reference) => reference.address(),
        }
    }

    fn socket_io(&self) -> Endpoint {
        Endpoint::new(self.address(), "/socket.io/")
    }
}
