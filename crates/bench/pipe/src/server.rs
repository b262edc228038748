//! A server that listens nowhere.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use pintle::{Ack, Args, EmitError, NotFound, Socket, SocketIo, SocketIoLayer, SocketIoService};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;

/// What a pipe holds, each way.
const PIPE: usize = 64 * 1024;

/// A server that does what the hosts of the benchmark do: `message`, `message-with-ack`, `broadcast`.
#[derive(Debug)]
pub struct Server {
    io: SocketIo,
    service: SocketIoService<NotFound>,
}

impl Server {
    /// The server that a layer makes, its events added.
    pub fn new(layer: SocketIoLayer) -> Self {
        let layer = layer.on("message", message).on("message-with-ack", message_with_ack).on("broadcast", broadcast);
        Self { io: layer.io(), service: layer.into_service() }
    }

    /// The handle to it.
    pub const fn io(&self) -> &SocketIo {
        &self.io
    }

    /// A client on a pipe, which has said nothing yet.
    pub fn dial(&self) -> Client<DuplexStream> {
        let (here, there) = pipe();
        self.serve(there);
        Client::new(here)
    }

    /// A client on a TCP connection, which has said nothing yet.
    pub async fn dial_tcp(&self) -> Client<TcpStream> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let here = TcpStream::connect(address).await.expect("somebody listens");
        here.set_nodelay(true).expect("TCP has it");
        let (there, _) = listener.accept().await.expect("somebody has connected");
        self.serve(there);
        Client::new(here)
    }

    fn serve<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, io: T) {
        let service = TowerToHyperService::new(self.service.clone());
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            // Where it fails, the client misses its answers, and says so.
            let _ = builder.serve_connection_with_upgrades(TokioIo::new(io), service).await;
        });
    }
}

/// A pipe as the clients of a [`Server`] have them.
pub fn pipe() -> (DuplexStream, DuplexStream) {
    duplex(PIPE)
}

async fn message(socket: Socket, args: Args) -> Result<(), EmitError> {
    socket.emit("message-back", args)
}

async fn message_with_ack(args: Args) -> Ack<Args> {
    Ack(args)
}

async fn broadcast(io: SocketIo, args: Args) -> Result<(), EmitError> {
    io.emit("broadcast", args)
}
