//! Handlers that run: polled here and now, and kept if that does not finish them.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream as _};
use pintle_proto::Slot;

use super::lanes::Lane;
use crate::ack::Asked;
use crate::error::HandlerErrorKind;
use crate::event::EventResponse;
use crate::handler::{EventKey, Running};
use crate::quoted;
use crate::socket::{Farewell, Socket};

/// What a handler was called for.
#[derive(Debug)]
pub(super) enum Purpose {
    Event {
        slot: Slot,
        socket: Socket,
        event: EventKey,
        lane: Option<Lane>,
        ack: Option<Asked>,
    },
    /// To be told of an event, and no more.
    Any {
        socket: Socket,
        event: EventKey,
    },
    /// To say whether there is a namespace of a name.
    Predicate {
        slot: Slot,
        parent: usize,
    },
    /// To wait until a socket of before has gone.
    Departure(Slot),
    Middleware(Slot),
    Connect {
        slot: Slot,
        socket: Socket,
    },
    Disconnect(Farewell),
    /// To be told what went wrong.
    Error,
}

impl Purpose {
    /// Whether such an error is what it is for: to refuse a client.
    pub(super) fn refuses(&self, kind: HandlerErrorKind) -> bool {
        matches!(self, Self::Middleware(_) | Self::Predicate { .. }) && kind != HandlerErrorKind::Panic
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { socket, event, .. } => {
                write!(f, "event {:?}", quoted::name(socket.nsp().handlers().events.name(event)))
            }
            Self::Any { socket, event } => {
                write!(f, "on_any of event {:?}", quoted::name(socket.nsp().handlers().events.name(event)))
            }
            Self::Predicate { .. } => f.write_str("predicate of a dynamic namespace"),
            Self::Departure(_) => f.write_str("recovery"),
            Self::Middleware(_) => f.write_str("middleware"),
            Self::Connect { .. } => f.write_str("on_connect"),
            Self::Disconnect(_) => f.write_str("on_disconnect"),
            Self::Error => f.write_str("on_error"),
        }
    }
}

/// A handler that has finished.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) purpose: Purpose,
    pub(super) response: EventResponse,
}

/// A handler, and what it was called for.
struct Job {
    running: Running,
    /// Taken when it has finished.
    purpose: Option<Purpose>,
}

/// The handlers of a connection that have not finished.
#[derive(Default)]
pub(super) struct Jobs {
    /// Made for the first handler that waits: most never do.
    waiting: Option<Box<FuturesUnordered<Job>>>,
}

impl Jobs {
    /// Keeps a handler that its first poll has not finished.
    pub(super) fn keep(&mut self, purpose: Purpose, running: Running) {
        self.waiting.get_or_insert_default().push(Job { running, purpose: Some(purpose) });
    }

    /// A handler that has finished, if one has.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Finished> {
        let waiting = self.waiting.as_mut()?;
        match Pin::new(&mut **waiting).poll_next(cx) {
            Poll::Ready(Some(finished)) => Some(finished),
            Poll::Ready(None) => {
                self.waiting = None;
                None
            }
            Poll::Pending => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.len())
    }
}

impl Future for Job {
    type Output = Finished;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Finished> {
        poll(&mut self.running, cx).map(|response| {
            let purpose = self.purpose.take().expect("a job finishes once");
            Finished { purpose, response }
        })
    }
}

/// Polls a handler for the first time, here and now: most are finished by it. The others are given back.
pub(super) fn first_poll(cx: &mut Context<'_>, mut running: Running) -> Result<EventResponse, Running> {
    match poll(&mut running, cx) {
        Poll::Ready(response) => Ok(response),
        Poll::Pending => Err(running),
    }
}

/// Polls a handler. A panic is what came of it.
fn poll(running: &mut Running, cx: &mut Context<'_>) -> Poll<EventResponse> {
    // The state of a handler that panicked is dropped and never looked at again.
    catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(cx)))
        .unwrap_or_else(|panic| Poll::Ready(EventResponse::panicked(&*panic)))
}
