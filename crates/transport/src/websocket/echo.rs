//! A WebSocket without Engine.IO on it, for those who judge how we keep RFC 6455.
//!
//! The Autobahn cases want to hear again what they say, which no server of ours does. So this stands where a session's task
//! stands otherwise, and polls the same [`WebSocket`].

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use pintle_engine::{Config, Frame};

use super::accept::accept;
use super::io::Io;
use super::socket::{Flow, ReadEnd, Received, WebSocket};
use crate::response;

/// The cases have messages in 65,537 frames.
const MAX_FRAGMENTS: usize = 1 << 17;

/// Answers a request for a WebSocket as a session's would be answered, and gives what then says again whatever it is told,
/// in messages of up to `max_payload` bytes. Where the request is refused that ends at once.
pub fn echo<B>(
    mut request: Request<B>,
    max_payload: usize,
) -> (Response<Full<Bytes>>, impl Future<Output = ()> + Send) {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    let (reply, accepted) = match accept(&parts) {
        Ok(headers) => (response::switching(headers), true),
        Err((status, message)) => (response::refuse_websocket(status, message), false),
    };
    let mut config = Config::default();
    config.set_max_payload(max_payload).set_max_fragments(MAX_FRAGMENTS);
    let task = async move {
        if accepted && let Ok(upgraded) = upgrade.await {
            let (io, read_ahead) = Io::new(upgraded);
            Echo { websocket: WebSocket::new(io, &read_ahead), config, over: false }.await;
        }
    };
    (reply, task)
}

/// Says again what it is told, until it is over.
#[derive(Debug)]
struct Echo {
    websocket: WebSocket,
    config: Config,
    over: bool,
}

impl Echo {
    /// Reads some, and queues the same to be written.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> ReadEnd {
        let mut heard = Vec::new();
        let end = self.websocket.poll_read(cx, &self.config, |_, message| {
            heard.push(match message {
                Received::Text(text) => Frame::packet(text),
                Received::Binary(data) => Frame::binary(data),
            });
            Flow::More
        });
        self.websocket.queue().extend(heard);
        end
    }
}

impl Future for Echo {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        while !this.over {
            // Who does not read is not read from.
            while !this.websocket.is_drained() {
                if ready!(this.websocket.poll_write(cx)).is_err() {
                    return Poll::Ready(());
                }
            }
            match this.poll_read(cx) {
                ReadEnd::Closed(_) | ReadEnd::Violated(_) => this.over = true,
                ReadEnd::Drained { .. } if this.websocket.is_drained() => return Poll::Pending,
                ReadEnd::Drained { .. } | ReadEnd::Yielded | ReadEnd::Full => {}
            }
        }
        this.websocket.poll_farewell(cx)
    }
}
