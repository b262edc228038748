//! WebSockets over streams of every kind: narrow, unhurried, and with frames that come along with the request.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use support::{Echo, Quiet, Received, Server, ask_for_websocket, frame, head, open_websocket, receive, receive_text};
use support::{text, within};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf, split};

#[tokio::test(start_paused = true)]
async fn a_flush_that_has_to_wait_is_no_blocked_write() {
    let server = Server::new(|_| Quiet);
    let (io, there) = tokio::io::duplex(65_536);
    server.serve(Unhurried { io: there, unflushed: false });
    let mut io = open_websocket(io).await;
    // The pause between two heartbeats is longer than the write timeout.
    for _ in 0..3 {
        assert_eq!(within(receive_text(&mut io)).await, "2");
        io.write_all(&text("3")).await.unwrap();
    }
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn messages_and_pings_get_through_a_pipe_of_one_byte() {
    let server = Server::new(Echo);
    let (mut reader, mut writer) = split(server.dial(1));
    let talk = async {
        writer.write_all(ask_for_websocket(None).as_bytes()).await.unwrap();
        for nth in 0..50 {
            writer.write_all(&text(&format!("4{nth}"))).await.unwrap();
            writer.write_all(&frame(0x9, b"hi")).await.unwrap();
        }
    };
    let listen = async {
        head(&mut reader).await;
        assert!(receive_text(&mut reader).await.starts_with("0{"));
        let mut heard = 0;
        while heard < 50 {
            match receive(&mut reader).await.unwrap() {
                // Not every ping has an answer of its own: the last one counts.
                Received::Pong(payload) => assert_eq!(payload, b"hi"),
                other => {
                    assert_eq!(other, Received::Text(format!("4{heard}")));
                    heard += 1;
                }
            }
        }
    };
    within(async { tokio::join!(talk, listen) }).await;
    assert_eq!(server.reasons(), []);
}

#[tokio::test(start_paused = true)]
async fn frames_that_come_with_the_request_are_heard() {
    let server = Server::new(Echo);
    frames_with_the_request(server.dial(65_536)).await;
    assert_eq!(server.reasons(), []);
}

/// A socket of the kernel's is taken out of hyper's hands, and what hyper had read with it.
#[tokio::test]
async fn frames_that_come_with_the_request_over_tcp_are_heard() {
    let server = Server::new(Echo);
    frames_with_the_request(server.dial_tcp().await).await;
    assert_eq!(server.reasons(), []);
}

/// Sends a frame and a half in one go with the request.
async fn frames_with_the_request(mut io: impl AsyncRead + AsyncWrite + Unpin) {
    let second = text("4two");
    let request = [ask_for_websocket(None).as_bytes(), &text("4one"), &second[..4]].concat();
    io.write_all(&request).await.unwrap();
    within(head(&mut io)).await;
    assert!(within(receive_text(&mut io)).await.starts_with("0{"));
    assert_eq!(within(receive_text(&mut io)).await, "4one");
    io.write_all(&second[4..]).await.unwrap();
    assert_eq!(within(receive_text(&mut io)).await, "4two");
}

/// A stream whose flush has to wait a little after each write, as that of TLS does when the socket is full for a moment.
struct Unhurried<T> {
    io: T,
    unflushed: bool,
}

impl<T: AsyncRead + Unpin> AsyncRead for Unhurried<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Unhurried<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.unflushed = true;
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.unflushed) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
