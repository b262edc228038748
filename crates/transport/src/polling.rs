//! Long-polling, the HTTP half: a GET waits for the actor's answer, a POST brings it a body.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt as _;
use pintle_engine::{CloseReason, Reject, TransportKind};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::response::{self, Reply};
use crate::session::{Command, Mail, SessionHandle};

/// How long a client may pause in the middle of a body. A slow one holds memory for as long as it is slow.
const BODY_IDLE: Duration = Duration::from_secs(20);
/// How long a body may take as a whole.
const BODY_TOTAL: Duration = Duration::from_secs(60);

/// A GET.
///
/// If the client hangs up, hyper drops this future, with it the receiver, and the actor sees that.
pub(crate) async fn poll(session: SessionHandle) -> Reply {
    let (sender, receiver) = oneshot::channel();
    if session.hand_in(Mail::Poll(sender)).is_err() {
        return response::reject(Reject::UnknownSession);
    }
    response::answer(receiver.await.ok())
}

/// A POST.
pub(crate) async fn push<B>(session: SessionHandle, headers: HeaderMap, body: B) -> Reply
where
    B: Body,
{
    let Some(push) = Push::begin(&session) else {
        return response::status(StatusCode::BAD_REQUEST);
    };
    // A binary payload is a thing of version 3.
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream") {
        return push.fail(CloseReason::TransportError);
    }
    let limit = session.config().max_payload();
    let body = match timeout(BODY_TOTAL, read(body, limit)).await {
        Ok(Ok(body)) => body,
        Ok(Err(Unread::TooLarge)) => {
            // Node leaves the session open; its client closes.
            push.end();
            return response::status(StatusCode::PAYLOAD_TOO_LARGE);
        }
        Ok(Err(Unread::Broken)) => return push.fail(CloseReason::TransportError),
        Ok(Err(Unread::Slow)) | Err(_) => {
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
enum Unread {
    TooLarge,
    Broken,
    Slow,
}

/// Reads a body of at most `limit` bytes, whatever its length is said to be.
async fn read<B: Body>(body: B, limit: usize) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unread::TooLarge);
    }
    let mut body = std::pin::pin!(body);
    let mut whole = BytesMut::new();
    while let Some(frame) = timeout(BODY_IDLE, body.frame()).await.map_err(|_| Unread::Slow)? {
        let Ok(mut data) = frame.map_err(|_| Unread::Broken)?.into_data() else {
            continue;
        };
        if data.remaining() > limit - whole.len() {
            return Err(Unread::TooLarge);
        }
        if whole.is_empty() && body.is_end_stream() {
            // The usual case: all of it in one piece, and no copy.
            return Ok(data.copy_to_bytes(data.remaining()));
        }
        whole.extend_from_slice(&data.copy_to_bytes(data.remaining()));
    }
    Ok(whole.freeze())
}
