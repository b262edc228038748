//! From a client's frame to the frames that come of it: a whole server in this thread, and clients that cost little.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use pintle::{Ack, Args, EmitError, NotFound, Socket, SocketIo, SocketIoLayer, SocketIoService};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;
use crate::frame;

/// Frames that a client sends with one write.
const BATCH: usize = 4;
/// What a pipe holds.
const PIPE: usize = 64 * 1024;
/// There are no heartbeats: they come by the clock, and not by the instructions.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// `message` with a string of `length` bytes, which comes back.
pub(crate) fn echo(length: usize, units: usize) {
    let data = "x".repeat(length);
    let message = frame::text(&format!(r#"42["message","{data}"]"#));
    let answer = frame::answer(&format!(r#"42["message-back","{data}"]"#));
    run(async { converse(Server::new().dial().await, &message, &answer, units).await });
}

/// The same over a TCP connection, which the server knows how to take out of its wrapping.
pub(crate) fn echo_over_tcp(length: usize, units: usize) {
    let data = "x".repeat(length);
    let message = frame::text(&format!(r#"42["message","{data}"]"#));
    let answer = frame::answer(&format!(r#"42["message-back","{data}"]"#));
    run(async { converse(Server::new().dial_tcp().await, &message, &answer, units).await });
}

/// `message` with an attachment of `length` bytes, which comes back.
pub(crate) fn echo_binary(length: usize, units: usize) {
    let data = vec![1; length];
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let message = [frame::text(&format!(r#"451-["message",{placeholder}]"#)), frame::binary(&data)].concat();
    let back = frame::answer(&format!(r#"451-["message-back",{placeholder}]"#));
    let answer = [back, frame::binary_answer(&data)].concat();
    run(async { converse(Server::new().dial().await, &message, &answer, units).await });
}

/// `message-with-ack` with a string of `length` bytes, which comes back as the acknowledgement.
pub(crate) fn acknowledge(length: usize, units: usize) {
    let data = "x".repeat(length);
    let message = frame::text(&format!(r#"421["message-with-ack","{data}"]"#));
    let answer = frame::answer(&format!(r#"431["{data}"]"#));
    run(async { converse(Server::new().dial().await, &message, &answer, units).await });
}

/// `broadcast` with a string of `length` bytes, which everybody gets; one at a time. A unit is a delivery.
pub(crate) fn broadcast(receivers: usize, length: usize, units: usize) {
    let data = "x".repeat(length);
    let message = frame::text(&format!(r#"42["broadcast","{data}"]"#));
    let delivery = frame::answer(&format!(r#"42["broadcast","{data}"]"#));
    run(async {
        let server = Server::new();
        let mut clients = Vec::new();
        for _ in 0..receivers {
            clients.push(server.dial().await);
        }
        for _ in 0..units / receivers {
            clients[0].send(&message).await;
            for client in &mut clients {
                client.expect(&delivery).await;
            }
        }
    });
}

async fn converse<T>(mut client: Client<T>, message: &[u8], answer: &[u8], units: usize)
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let (messages, answers) = (message.repeat(BATCH), answer.repeat(BATCH));
    for _ in 0..units / BATCH {
        client.send(&messages).await;
        client.expect(&answers).await;
    }
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be had");
    runtime.block_on(work);
}

/// The server that the other hosts of the benchmark are compared with.
struct Server(SocketIoService<NotFound>);

impl Server {
    fn new() -> Self {
        let layer = SocketIoLayer::new()
            .ping_interval(NEVER)
            .on("message", message)
            .on("message-with-ack", message_with_ack)
            .on("broadcast", broadcast_to_all);
        Self(layer.into_service())
    }

    /// A client on a pipe.
    async fn dial(&self) -> Client<DuplexStream> {
        let (here, there) = duplex(PIPE);
        self.serve(there);
        Client::connect(here).await
    }

    /// A client on a TCP connection.
    async fn dial_tcp(&self) -> Client<TcpStream> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let here = TcpStream::connect(address).await.expect("somebody listens");
        here.set_nodelay(true).expect("TCP has it");
        let (there, _) = listener.accept().await.expect("somebody has connected");
        self.serve(there);
        Client::connect(here).await
    }

    fn serve<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, io: T) {
        let service = TowerToHyperService::new(self.0.clone());
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            // Where it fails, the client misses its answers, and says so.
            let _ = builder.serve_connection_with_upgrades(TokioIo::new(io), service).await;
        });
    }
}

async fn message(socket: Socket, args: Args) -> Result<(), EmitError> {
    socket.emit("message-back", args)
}

async fn message_with_ack(args: Args) -> Ack<Args> {
    Ack(args)
}

async fn broadcast_to_all(io: SocketIo, args: Args) -> Result<(), EmitError> {
    io.emit("broadcast", args)
}
