//! The client's part of a conversation.

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};

use super::wire::{Answer, answer, head, push, receive_text, text};

/// The request for a session on long-polling.
pub(crate) const ASK_TO_POLL: &str = "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: test\r\n\r\n";

/// A client that polls.
pub(crate) struct Poller<T> {
    pub(crate) io: T,
    pub(crate) sid: String,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Poller<T> {
    /// Opens a session.
    pub(crate) async fn open(mut io: T) -> Self {
        io.write_all(ASK_TO_POLL.as_bytes()).await.unwrap();
        let opened = answer(&mut io).await;
        let sid = opened.body.strip_prefix(r#"0{"sid":""#).unwrap().split('"').next().unwrap().to_owned();
        Self { io, sid }
    }

    /// Asks for what there is to hear, and waits for it.
    pub(crate) async fn poll(&mut self) -> Answer {
        let Self { io, sid } = self;
        let request = format!("GET /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: test\r\n\r\n");
        io.write_all(request.as_bytes()).await.unwrap();
        answer(io).await
    }

    /// Says something, and waits until it has been handled.
    pub(crate) async fn push(&mut self, body: impl AsRef<[u8]>) -> Answer {
        self.io.write_all(&push(&self.sid, body.as_ref())).await.unwrap();
        answer(&mut self.io).await
    }
}

/// The request for a WebSocket, for the session `sid` or a new one.
pub(crate) fn ask_for_websocket(sid: Option<&str>) -> String {
    let sid = sid.map_or_else(String::new, |sid| format!("&sid={sid}"));
    format!(
        "GET /engine.io/?EIO=4&transport=websocket{sid} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// Asks for whatever it is, and gives the answer.
pub(crate) async fn ask<T: AsyncRead + AsyncWrite + Unpin>(mut io: T, request: &str) -> Answer {
    io.write_all(request.as_bytes()).await.unwrap();
    answer(&mut io).await
}

/// Opens a session over a WebSocket, and reads its open packet.
pub(crate) async fn open_websocket<T: AsyncRead + AsyncWrite + Unpin>(mut io: T) -> T {
    io.write_all(ask_for_websocket(None).as_bytes()).await.unwrap();
    switched(&mut io).await;
    assert!(receive_text(&mut io).await.starts_with("0{"));
    io
}

/// Opens a WebSocket that may take over the session `sid`, and has its probe answered.
pub(crate) async fn probe<T: AsyncRead + AsyncWrite + Unpin>(mut io: T, sid: &str) -> T {
    io.write_all(ask_for_websocket(Some(sid)).as_bytes()).await.unwrap();
    switched(&mut io).await;
    io.write_all(&text("2probe")).await.unwrap();
    assert_eq!(receive_text(&mut io).await, "3probe");
    io
}

/// Moves the session `sid` to a WebSocket.
pub(crate) async fn upgrade<T: AsyncRead + AsyncWrite + Unpin>(io: T, sid: &str) -> T {
    let mut io = probe(io, sid).await;
    io.write_all(&text("5")).await.unwrap();
    io
}

async fn switched<T: AsyncRead + Unpin>(io: &mut T) {
    let head = head(io).await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
}
