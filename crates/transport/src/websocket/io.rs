//! The byte stream under a WebSocket.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The byte stream under a WebSocket.
#[derive(Debug)]
pub(crate) enum Io {
    /// What `axum::serve` gives: taken out of hyper's boxes, so that reads and vectored writes reach the socket directly.
    Tcp(TcpStream),
    /// TLS, a Unix socket, or another server's stream.
    Other(Box<TokioIo<Upgraded>>),
}

impl Io {
    /// Unpacks an upgraded connection. Gives also what hyper had read beyond the request.
    pub(crate) fn new(upgraded: Upgraded) -> (Self, Bytes) {
        // hyper-util's server wraps the stream, hyper's own does not.
        let unpacked = downcast::<TokioIo<TcpStream>>(upgraded)
            .map(|parts| (parts.io, parts.read_buf))
            .or_else(|upgraded| upgraded.downcast::<TokioIo<TcpStream>>().map(|parts| (parts.io, parts.read_buf)));
        match unpacked {
            Ok((io, read_ahead)) => {
                let stream = io.into_inner();
                // Answers are small and each is written whole: waiting for more only delays them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY was refused");
                }
                (Self::Tcp(stream), read_ahead)
            }
            // The bytes that were read ahead stay inside and come first.
            Err(upgraded) => (Self::Other(Box::new(TokioIo::new(upgraded))), Bytes::new()),
        }
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Other(stream) => Pin::new(&mut **stream).poll_read(cx, buffer),
        }
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            // One slice is the common case, and a plain write of it is cheaper.
            Self::Tcp(stream) if slices.len() == 1 => Pin::new(stream).poll_write(cx, &slices[0]),
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Other(stream) => Pin::new(&mut **stream).poll_write_vectored(cx, slices),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            Self::Other(stream) => Pin::new(&mut **stream).poll_flush(cx),
        }
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Other(stream) => Pin::new(&mut **stream).poll_shutdown(cx),
        }
    }
}
