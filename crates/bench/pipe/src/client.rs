//! A client on any stream.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::frame;

/// The request for a WebSocket.
pub const UPGRADE: &[u8] =
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
      Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A client on a stream that a server has the other end of. It keeps nothing but the stream.
#[derive(Debug)]
pub struct Client<T>(T);

/// What a client must get, and room to receive it. Clients that must get the same can share it.
#[derive(Debug)]
pub struct Expected {
    bytes: Vec<u8>,
    received: Vec<u8>,
}

impl Expected {
    /// These bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { received: vec![0; bytes.len()], bytes }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    /// A client that has said nothing yet.
    pub const fn new(io: T) -> Self {
        Self(io)
    }

    /// Opens a WebSocket and joins `/`.
    pub async fn connect(&mut self) {
        self.send(UPGRADE).await;
        self.opened().await;
        self.send(&frame::text("40")).await;
        self.joined().await;
    }

    /// Receives the answer to [`UPGRADE`], and the open packet.
    pub async fn opened(&mut self) {
        let head = self.receive_until(b"\r\n\r\n").await;
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        let open = self.receive_until(b"}").await;
        assert!(open.windows(2).any(|start| start == b"0{"), "{}", String::from_utf8_lossy(&open));
    }

    /// Receives the answer to a CONNECT.
    pub async fn joined(&mut self) {
        let welcome = self.receive_until(b"}").await;
        assert!(welcome[2..].starts_with(br#"40{"sid":""#), "{}", String::from_utf8_lossy(&welcome));
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the server reads");
    }

    /// Receives what must come next, and nothing else.
    pub async fn expect(&mut self, expected: &mut Expected) {
        let Expected { bytes, received } = expected;
        self.0.read_exact(received).await.expect("the server answers");
        assert!(received == bytes, "{}", String::from_utf8_lossy(received));
    }

    /// Receives a response of status 200 to the end of its body.
    pub(crate) async fn response(&mut self, end: &str) -> String {
        let head = self.receive_until(b"\r\n\r\n").await;
        assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&head));
        let body = self.receive_until(end.as_bytes()).await;
        String::from_utf8([head, body].concat()).expect("it is text")
    }

    /// Receives as many bytes as there is room for.
    pub(crate) async fn fill(&mut self, received: &mut [u8]) {
        self.0.read_exact(received).await.expect("the server answers");
    }

    async fn receive_until(&mut self, end: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            bytes.push(self.0.read_u8().await.expect("the server answers"));
        }
        bytes
    }
}
