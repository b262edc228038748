//! Long-polling, the HTTP half: a GET waits for the actor's answer, a POST brings it a body.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use pintle_engine::{CloseReason, Config, Reject, TransportKind};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::future::Serving;
use crate::metrics::Metrics;
use crate::response::{self, Reply};
use crate::session::{Command, Mail, SessionHandle};

/// A GET.
///
/// If the client hangs up, hyper drops the future of the response, with it the receiver, and the actor sees that.
pub(crate) fn poll(session: &SessionHandle) -> Serving {
    let (sender, receiver) = oneshot::channel();
    match session.hand_in(Mail::Poll(sender)) {
        Ok(()) => Serving::Asked(receiver),
        Err(_) => Serving::done(response::reject(Reject::UnknownSession)),
    }
}

/// Whether a POST has a binary payload, which is a thing of version 3.
pub(crate) fn is_binary(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream")
}

/// A POST.
pub(crate) async fn push<B>(session: SessionHandle, metrics: Metrics, binary: bool, body: B) -> Reply
where
    B: Body,
{
    let Some(push) = Push::begin(&session) else {
        return response::status(StatusCode::BAD_REQUEST);
    };
    if binary {
        return push.fail(CloseReason::TransportError);
    }
    let body = match read(body, session.config()).await.inspect_err(|unread| metrics.unread(unread)) {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            tracing::debug!(sid = ?session.sid(), "a body is too large");
            // Node leaves the session open; its client closes.
            push.end();
            return response::status(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Err(Unread::Broken) => return push.fail(CloseReason::TransportError),
        Err(Unread::Slow) => {
            tracing::debug!(sid = ?session.sid(), "a body takes too long");
            drop(push.fail(CloseReason::TransportError));
            return response::status(StatusCode::REQUEST_TIMEOUT);
        }
    };
    let (sender, receiver) = oneshot::channel();
    if session.hand_in(Mail::Push(body, sender)).is_err() {
        return response::reject(Reject::UnknownSession);
    }
    let answer = receiver.await.ok();
    push.end();
    response::answer(answer)
}

/// A POST under way: the one that its session may have.
struct Push<'a> {
    session: &'a SessionHandle,
    ended: bool,
}

impl<'a> Push<'a> {
    /// Marks the session as being pushed to. A second POST ends the session: the order of what they say is lost.
    fn begin(session: &'a SessionHandle) -> Option<Self> {
        if std::mem::replace(&mut session.lock().pushing, true) {
            abort(session, CloseReason::TransportError);
            return None;
        }
        Some(Self { session, ended: false })
    }

    fn end(mut self) {
        self.ended = true;
    }

    fn fail(self, reason: CloseReason) -> Reply {
        abort(self.session, reason);
        self.end();
        response::status(StatusCode::BAD_REQUEST)
    }
}

impl Drop for Push<'_> {
    fn drop(&mut self) {
        self.session.lock().pushing = false;
        // Dropped half-way: the client has hung up.
        if !self.ended {
            abort(self.session, CloseReason::TransportError);
        }
    }
}

/// Ends a session for what went wrong with long-polling, unless it has left that behind.
fn abort(session: &SessionHandle, reason: CloseReason) {
    session.command_if(|transport| transport == TransportKind::Polling, Command::Abort(reason));
}

/// Why there is no body.
#[derive(Debug)]
pub(crate) enum Unread {
    TooLarge,
    Broken,
    Slow,
}

/// Reads a body, which may be only so large whatever its length is said to be, and take only so long.
async fn read<B: Body>(body: B, config: &Config) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > config.max_payload() as u64 {
        return Err(Unread::TooLarge);
    }
    let mut reading = Reading { body: std::pin::pin!(body), whole: BytesMut::new(), config };
    // The usual case: all of it is there, and nothing has to be timed.
    if let Poll::Ready(piece) = poll_fn(|cx| Poll::Ready(reading.poll_piece(cx))).await
        && let Some(whole) = piece?
    {
        return Ok(whole);
    }
    Box::pin(reading.rest()).await
}

/// A body that is being read.
struct Reading<'a, B> {
    body: Pin<&'a mut B>,
    whole: BytesMut,
    config: &'a Config,
}

impl<B: Body> Reading<'_, B> {
    /// Waits for what is missing.
    async fn rest(mut self) -> Result<Bytes, Unread> {
        let (idle, total) = (self.config.body_idle_timeout(), self.config.body_timeout());
        let read = async {
            loop {
                let piece = timeout(idle, poll_fn(|cx| self.poll_piece(cx))).await;
                if let Some(whole) = piece.map_err(|_| Unread::Slow)?? {
                    return Ok(whole);
                }
            }
        };
        timeout(total, read).await.map_err(|_| Unread::Slow)?
    }

    /// Takes the next piece, and gives the whole if that was the last.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Unread>> {
        let Some(frame) = ready!(self.body.as_mut().poll_frame(cx)) else {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.whole).freeze())));
        };
        let Ok(mut data) = frame.map_err(|_| Unread::Broken)?.into_data() else {
            return Poll::Ready(Ok(None));
        };
        if data.remaining() > self.config.max_payload() - self.whole.len() {
            return Poll::Ready(Err(Unread::TooLarge));
        }
        let piece = data.copy_to_bytes(data.remaining());
        if self.whole.is_empty() && self.body.is_end_stream() {
            // All of it in one piece, and no copy.
            return Poll::Ready(Ok(Some(piece)));
        }
        self.whole.extend_from_slice(&piece);
        Poll::Ready(Ok(None))
    }
}
