//! The task itself: what it owns, and what a turn of it does.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use hyper::upgrade::OnUpgrade;
use pintle_engine::{CloseReason, Session, TransportKind};
use tokio::sync::oneshot;

use super::alarm::Alarm;
use super::input::Backlog;
use super::link::Link;
use crate::clock;
use crate::meter::Present;
use crate::metrics::{Limit, Metrics, Traffic};
use crate::protocol::Connection;
use crate::registry::Seat;
use crate::session::{Answer, SessionHandle};
use crate::tasks::Running;

/// The task of a session.
#[derive(Debug)]
pub(crate) struct Actor<C: Connection> {
    pub(super) handle: SessionHandle,
    /// Given up when the session is over.
    seat: Option<Seat>,
    pub(super) session: Session,
    pub(super) connection: C,
    pub(super) transport: Transport,
    /// A WebSocket that may take over from long-polling.
    pub(super) candidate: Option<Box<Link>>,
    /// Packets of a POST that wait until the connection can take more.
    pub(super) backlog: Option<Box<Backlog>>,
    pub(super) metrics: Metrics,
    /// It counts as a session of its transport.
    pub(super) present: Present,
    pub(super) traffic: Traffic,
    alarm: Alarm,
    /// Set once the session is over: until when the peer may take to hang up.
    ended: Option<Instant>,
    /// The last field, to be dropped when nothing else is left.
    _running: Running,
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
    pub(crate) fn polling(seat: Seat, running: Running, metrics: Metrics, connection: C, now: Instant) -> Self {
        Self::new(seat, running, metrics, connection, Transport::Polling(None), now)
    }

    /// The task of a session that opens over a WebSocket.
    pub(crate) fn websocket(
        seat: Seat,
        running: Running,
        metrics: Metrics,
        connection: C,
        upgrade: OnUpgrade,
        now: Instant,
    ) -> Self {
        Self::new(seat, running, metrics, connection, Transport::WebSocket(Link::Opening(upgrade)), now)
    }

    fn new(seat: Seat, running: Running, metrics: Metrics, connection: C, transport: Transport, now: Instant) -> Self {
        let handle = seat.session().clone();
        let present = metrics.opened(handle.transport());
        Self {
            session: Session::new(handle.config().clone(), handle.transport(), now),
            handle,
            seat: Some(seat),
            connection,
            transport,
            candidate: None,
            backlog: None,
            metrics,
            present,
            traffic: Traffic::default(),
            alarm: Alarm::default(),
            ended: None,
            _running: running,
        }
    }

    /// One turn: everything that came in, everything that is due, everything that goes out.
    fn turn(&mut self, cx: &mut Context<'_>, now: Instant) {
        self.poll_candidate(cx, now);
        self.poll_mail(cx, now);
        let deadline = self.deadline();
        let due = self.alarm.is_due(now, deadline);
        if due && self.connection.poll_timeout().is_some_and(|at| at <= now) {
            self.connection.handle_timeout(cx, now);
        }
        self.poll_input(cx, now);
        // After what has come: who answered in time must not be judged before it is read.
        if due && self.session.poll_timeout().is_some_and(|at| at <= now) {
            if self.handle.lock().pushing {
                // A body that is on its way: only one POST at a time can be, so the pong is behind it.
                self.session.handle_activity();
            }
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

    /// When something is due next.
    fn deadline(&self) -> Option<Instant> {
        [self.session.poll_timeout(), self.connection.poll_timeout()].into_iter().flatten().min()
    }

    /// Tells everybody, once, that the session is over.
    fn poll_close(&mut self, cx: &mut Context<'_>, now: Instant) {
        let Some(reason) = self.session.close_reason() else {
            return;
        };
        let sid = self.handle.sid();
        tracing::debug!(?sid, %reason, "session closed");
        if reason == CloseReason::Overflow {
            let waiting = self.handle.lock().outbox.bytes();
            tracing::warn!(?sid, waiting, "outbox overflow");
            self.metrics.reached(Limit::Outbox);
        }
        self.ended = Some(now + self.handle.config().farewell_timeout());
        self.metrics.closed(reason);
        self.present = Present::nowhere();
        self.seat = None;
        self.lose_candidate();
        self.finish_backlog();
        self.connection.handle_close(cx, now, reason);
    }

    /// Counts what the session has carried.
    fn count_traffic(&mut self) {
        let transport = match &mut self.transport {
            Transport::Polling(_) => TransportKind::Polling,
            Transport::WebSocket(link) => {
                if let Link::Open(websocket) = link {
                    websocket.count_traffic(&mut self.traffic);
                }
                TransportKind::WebSocket
            }
            Transport::Gone => return,
        };
        self.metrics.carried(transport, &mut self.traffic);
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
            self.count_traffic();
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
        this.count_traffic();
        let deadline = this.deadline();
        this.alarm.set(cx, now, deadline);
        Poll::Pending
    }
}

impl<C: Connection> Drop for Actor<C> {
    /// The runtime stops, or something here panicked: the session must not stay behind as a ghost.
    fn drop(&mut self) {
        self.seat = None;
        self.handle.lock().retire();
        if self.ended.is_none() {
            self.metrics.dropped();
        }
    }
}
