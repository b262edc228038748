//! The task itself: what it owns, and what a turn of it does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::upgrade::OnUpgrade;
use pintle_engine::{Session, TransportKind};
use tokio::sync::oneshot;

use super::alarm::Alarm;
use super::input::Backlog;
use super::link::Link;
use crate::clock;
use crate::protocol::Connection;
use crate::registry::Registry;
use crate::session::{Answer, SessionHandle};

/// The task of a session.
#[derive(Debug)]
pub(crate) struct Actor<C: Connection> {
    pub(super) handle: SessionHandle,
    registry: Arc<Registry>,
    pub(super) session: Session,
    pub(super) connection: C,
    pub(super) transport: Transport,
    /// A WebSocket that may take over from long-polling.
    pub(super) candidate: Option<Box<Link>>,
    /// Packets of a POST that wait until the connection can take more.
    pub(super) backlog: Option<Box<Backlog>>,
    alarm: Alarm,
    /// Set once the session is over: until when the peer may take to hang up.
    ended: Option<Instant>,
}

/// What the session speaks through.
#[derive(Debug)]
pub(super) enum Transport {
    /// Long-polling, and the GET that waits.
    Polling(Option<oneshot::Sender<Answer>>),
    WebSocket(Link),
    /// It is closed.
    Gone,
}

impl<C: Connection> Actor<C> {
    /// The task of a session that has been opened over long-polling, its handshake answered.
    pub(crate) fn polling(handle: SessionHandle, registry: Arc<Registry>, connection: C, now: Instant) -> Self {
        Self::new(handle, registry, connection, Transport::Polling(None), TransportKind::Polling, now)
    }

    /// The task of a session that opens over a WebSocket.
    pub(crate) fn websocket(
        handle: SessionHandle,
        registry: Arc<Registry>,
        connection: C,
        upgrade: OnUpgrade,
        now: Instant,
    ) -> Self {
        let transport = Transport::WebSocket(Link::Opening(upgrade));
        Self::new(handle, registry, connection, transport, TransportKind::WebSocket, now)
    }

    /// Lets others find the session. To be called when nothing can go wrong any more before the task is spawned.
    pub(crate) fn register(&self) {
        self.registry.insert(*self.handle.sid(), self.handle.clone());
    }

    fn new(
        handle: SessionHandle,
        registry: Arc<Registry>,
        connection: C,
        transport: Transport,
        kind: TransportKind,
        now: Instant,
    ) -> Self {
        Self {
            session: Session::new(handle.config().clone(), kind, now),
            handle,
            registry,
            connection,
            transport,
            candidate: None,
            backlog: None,
            alarm: Alarm::default(),
            ended: None,
        }
    }

    /// One turn: everything that came in, everything that is due, everything that goes out.
    fn turn(&mut self, cx: &mut Context<'_>, now: Instant) {
        self.poll_candidate(cx, now);
        self.poll_mail(cx, now);
        if self.connection.poll_timeout().is_some_and(|at| at <= now) {
            self.connection.handle_timeout(cx, now);
        }
        self.poll_input(cx, now);
        // After what has come: who answered in time must not be judged before it is read.
        if self.session.poll_timeout().is_some_and(|at| at <= now) {
            self.session.handle_timeout(now);
        }
        let crowded = self.handle.is_crowded();
        self.poll_transmit(cx, now);
        if crowded && !self.handle.is_crowded() {
            // Reading has waited for this, and nothing else would have it go on.
            cx.waker().wake_by_ref();
        }
        self.poll_close(cx, now);
    }

    /// Tells everybody, once, that the session is over.
    fn poll_close(&mut self, cx: &mut Context<'_>, now: Instant) {
        let Some(reason) = self.session.close_reason() else {
            return;
        };
        tracing::debug!(sid = ?self.handle.sid(), %reason, "session closed");
        self.ended = Some(now + self.handle.config().farewell_timeout());
        self.retire();
        self.finish_backlog();
        self.connection.handle_close(cx, now, reason);
    }

    /// Takes the session out of the world's reach.
    fn retire(&mut self) {
        self.registry.remove(self.handle.sid());
        let mut mailbox = self.handle.lock();
        mailbox.closed = true;
        mailbox.outbox.clear();
        // Their senders are dropped with them, and the HTTP side answers that there is no such session.
        let mail = std::mem::take(&mut mailbox.mail);
        drop(mailbox);
        drop(mail);
        self.candidate = None;
    }

    /// After the end: handlers that still run, and the peer's last words.
    fn poll_ended(&mut self, cx: &mut Context<'_>, now: Instant, until: Instant) -> Poll<()> {
        self.handle.lock().rouse();
        self.connection.poll(cx, now);
        if !self.handle.lock().rest(cx.waker()) {
            cx.waker().wake_by_ref();
        }
        let said = match &mut self.transport {
            Transport::WebSocket(Link::Open(websocket)) => websocket.poll_farewell(cx).is_ready(),
            _ => true,
        };
        if said || until <= now {
            self.transport = Transport::Gone;
            if self.connection.is_finished() {
                return Poll::Ready(());
            }
        } else {
            self.alarm.set(cx, now, Some(until));
        }
        Poll::Pending
    }
}

impl<C: Connection> Future for Actor<C> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let now = clock::now();
        if this.ended.is_none() {
            this.turn(cx, now);
        }
        if let Some(until) = this.ended {
            return this.poll_ended(cx, now, until);
        }
        let deadline = [this.session.poll_timeout(), this.connection.poll_timeout()];
        this.alarm.set(cx, now, deadline.into_iter().flatten().min());
        Poll::Pending
    }
}

impl<C: Connection> Drop for Actor<C> {
    /// The runtime stops, or something here panicked: the session must not stay behind as a ghost.
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.retire();
        }
        self.handle.lock().retire();
    }
}
