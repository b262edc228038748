//! An axum app on a free port, and where on it a session is opened.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// An axum app that runs in the test's own runtime; it stops when this is dropped.
#[derive(Debug)]
pub struct TestServer {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl TestServer {
    /// Serves `app` on a free port.
    pub async fn start(app: Router) -> Self {
        Self::start_on(TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port"), app)
    }

    /// Serves `app` on a port of the test's choice.
    pub fn start_on(listener: TcpListener, app: Router) -> Self {
        let address = listener.local_addr().expect("a bound listener");
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("axum serves until it is stopped");
        });
        Self { address, serving }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its `/socket.io/`.
    pub fn socket_io(&self) -> Endpoint {
        Endpoint::new(self.address, "/socket.io/")
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Where sessions are opened: a server and a path.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    address: SocketAddr,
    path: &'static str,
}

impl Endpoint {
    /// `path` on the server at `address`.
    pub fn new(address: SocketAddr, path: &'static str) -> Self {
        Self { address, path }
    }

    /// The server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The path with a query.
    pub fn target(&self, query: &str) -> String {
        format!("{}?{query}", self.path)
    }
}
