//! Handlers that run: polled here and now, and kept if that does not finish them.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, Stream as _};
use pintle_proto::Slot;

use super::lanes::Lane;
use crate::ack::EventName;
use crate::error::ClientError;
use crate::handler::Running;

/// What a handler was called for.
#[derive(Debug)]
pub(super) enum Purpose {
    Event { slot: Slot, event: EventName, lane: Option<Lane>, ack: Option<u64> },
    Middleware(Slot),
    Connect(Slot),
    Disconnect,
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event { event, .. } => write!(f, "event {event:?}"),
            Self::Middleware(_) => f.write_str("middleware"),
            Self::Connect(_) => f.write_str("on_connect"),
            Self::Disconnect => f.write_str("on_disconnect"),
        }
    }
}

/// A handler that has finished.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) purpose: Purpose,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Done,
    Failed(ClientError),
    Panicked(String),
}

/// A handler, and what it was called for.
struct Job {
    running: Running,
    purpose: Purpose,
}

/// The handlers of a connection that have not finished.
#[derive(Default)]
pub(super) struct Jobs {
    /// Made for the first handler that waits: most never do.
    waiting: Option<Box<FuturesUnordered<Job>>>,
}

impl Jobs {
    /// Polls a handler for the first time, here and now. Gives it if that finished it, and keeps it otherwise.
    pub(super) fn start(&mut self, cx: &mut Context<'_>, purpose: Purpose, running: Running) -> Option<Finished> {
        let mut job = Job { running, purpose };
        match Pin::new(&mut job).poll(cx) {
            Poll::Ready(finished) => Some(finished),
            Poll::Pending => {
                self.waiting.get_or_insert_default().push(job);
                None
            }
        }
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
        // The state of a handler that panicked is dropped and never looked at again.
        let polled = catch_unwind(AssertUnwindSafe(|| self.running.as_mut().poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => Outcome::Done,
            Ok(Poll::Ready(Err(error))) => Outcome::Failed(error),
            Err(panic) => Outcome::Panicked(message(&*panic).to_owned()),
        };
        let purpose = std::mem::replace(&mut self.purpose, Purpose::Disconnect);
        Poll::Ready(Finished { purpose, outcome })
    }
}

/// What a panic says.
fn message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "no message",
    }
}
