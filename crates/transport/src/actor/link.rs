//! A WebSocket from the moment at which hyper promises it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::upgrade::OnUpgrade;

use crate::websocket::{Io, WebSocket};

/// A WebSocket from the moment at which hyper promises it.
#[derive(Debug)]
pub(super) enum Link {
    /// The answer 101 is on its way.
    Opening(OnUpgrade),
    /// Frames can flow.
    Open(WebSocket),
}

impl Link {
    /// The WebSocket, and whether it has just become one; an error if it never will.
    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(&mut WebSocket, bool), hyper::Error>> {
        let opened = match self {
            Self::Open(_) => false,
            Self::Opening(upgrade) => match Pin::new(upgrade).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(upgraded)) => {
                    let (io, read_ahead) = Io::new(upgraded);
                    *self = Self::Open(WebSocket::new(io, &read_ahead));
                    true
                }
            },
        };
        match self {
            Self::Open(websocket) => Poll::Ready(Ok((websocket, opened))),
            Self::Opening(_) => Poll::Pending,
        }
    }
}
