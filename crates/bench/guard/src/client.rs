//! A client that costs next to nothing: what it sends is prepared, and what it gets is compared.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::frame;

const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A client in `/`.
pub(crate) struct Client<T> {
    io: T,
    received: Vec<u8>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    /// Connects over a stream that a server has the other end of.
    pub(crate) async fn connect(io: T) -> Self {
        let mut client = Self { io, received: Vec::new() };
        client.send(UPGRADE.as_bytes()).await;
        let head = client.receive_until(b"\r\n\r\n").await;
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
        client.receive_until(b"}").await;
        client.send(&frame::text("40")).await;
        let welcome = client.receive_until(b"}").await;
        assert!(welcome[2..].starts_with(br#"40{"sid":""#), "{}", String::from_utf8_lossy(&welcome));
        client
    }

    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.expect("the server reads");
    }

    /// Receives what must come next, and nothing else.
    pub(crate) async fn expect(&mut self, expected: &[u8]) {
        self.received.resize(expected.len(), 0);
        self.io.read_exact(&mut self.received).await.expect("the server answers");
        assert!(self.received == expected, "{}", String::from_utf8_lossy(&self.received));
    }

    async fn receive_until(&mut self, end: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end) {
            bytes.push(self.io.read_u8().await.expect("the server answers"));
        }
        bytes
    }
}
