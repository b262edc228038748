//! What runs on top of a session. Socket.IO does; so may anything else.

use std::net::IpAddr;
use std::task::Context;
use std::time::Instant;

use http::request::Parts;
use pintle_engine::{CloseReason, Message};

use crate::admission::Admission;
use crate::session::SessionHandle;

/// Makes what runs on each new session.
pub trait Protocol: Send + Sync + 'static {
    /// What runs on one session.
    type Connection: Connection;

    /// Takes out of the head of a request what a session must not keep, or puts in what it should. Called for handshakes
    /// alone, before anything else looks at it.
    fn prepare(&self, request: &mut Parts) {
        let _ = request;
    }

    /// Whether a client may have a session; `None` says yes at once. Node's `allowRequest`.
    ///
    /// It is asked for handshakes alone, when all but the protocol's version has been judged, and before there is anything
    /// of the session. It is dropped if the client hangs up, or if it takes longer than the
    /// [`admission_timeout`](crate::Config::set_admission_timeout). If it panics, the client is answered 500.
    fn admit(&self, request: &Parts) -> Option<Admission> {
        let _ = request;
        None
    }

    /// The address that a client's request comes from, if it is known. It is asked for where the sessions of an address are
    /// [counted](crate::Config::set_max_sessions_per_address).
    fn address(&self, request: &Parts) -> Option<IpAddr> {
        let _ = request;
        None
    }

    /// A session has been opened.
    fn connect(&self, session: SessionHandle, now: Instant) -> Self::Connection;
}

/// What runs on one session, owned and polled by the session's task alone.
///
/// None of these methods may block. What they want to send goes to the session's outbox through its
/// [handle](SessionHandle), and leaves in one write after they return.
pub trait Connection: Send + Unpin + 'static {
    /// A message of the client, in the order of arrival and only while [`is_ready`](Self::is_ready).
    fn handle_message(&mut self, cx: &mut Context<'_>, now: Instant, message: Message<'_>);

    /// Drives what messages started. Called whenever the task wakes.
    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) {
        let _ = (cx, now);
    }

    /// Whether another message can be taken. While it cannot, nothing is read, and the client has to wait.
    ///
    /// A connection that becomes ready otherwise than by [`poll`](Self::poll) must have its task
    /// [woken](SessionHandle::wake).
    fn is_ready(&self) -> bool {
        true
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due. It must move on then, or the task would be at it for ever.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) gave has come.
    fn handle_timeout(&mut self, cx: &mut Context<'_>, now: Instant) {
        let _ = (cx, now);
    }

    /// The session is over. Called once, and the last call but [`poll`](Self::poll) and
    /// [`is_finished`](Self::is_finished).
    fn handle_close(&mut self, cx: &mut Context<'_>, now: Instant, reason: CloseReason);

    /// Whether there is nothing left to drive after the session is over.
    fn is_finished(&self) -> bool {
        true
    }
}
