//! A server that listens nowhere: its clients come through pipes.

use std::error::Error;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use pintle::{NotFound, SocketIo, SocketIoLayer, SocketIoService};
use tokio::io::DuplexStream;
use tower::Service;

use super::client::Client;

/// A server that stands alone.
pub(crate) struct Server {
    io: SocketIo,
    service: SocketIoService<NotFound>,
}

impl Server {
    /// The server that a layer declares.
    pub(crate) fn new(layer: SocketIoLayer) -> Self {
        Self { io: layer.io(), service: layer.into_service() }
    }

    /// The handle to it.
    pub(crate) const fn io(&self) -> &SocketIo {
        &self.io
    }

    /// A client that is in no namespace yet.
    pub(crate) async fn open(&self) -> Client {
        Client::open(dial(&self.service), "/socket.io/?EIO=4&transport=websocket").await
    }

    /// A client that is in `/`.
    pub(crate) async fn join(&self) -> Client {
        let mut client = self.open().await;
        client.join("/").await;
        client
    }
}

/// A pipe to an HTTP server, which answers with `service`.
pub(crate) fn dial<S, B>(service: &S) -> DuplexStream
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (here, there) = tokio::io::duplex(65_536);
    let service = TowerToHyperService::new(service.clone());
    tokio::spawn(async move {
        // A client that breaks off is what many a test is about.
        let _ = Builder::new(TokioExecutor::new()).serve_connection_with_upgrades(TokioIo::new(there), service).await;
    });
    here
}
