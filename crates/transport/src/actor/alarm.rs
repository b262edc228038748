//! One sleep for all deadlines of a session.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

/// One sleep for all deadlines of a session.
///
/// Deadlines move with almost every packet and seldom come nearer, so a later one leaves the sleep alone: it wakes the
/// task once for nothing, which is cheaper than to move a timer for each packet.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When the sleep will wake the task, if it is going to.
    armed: Option<Instant>,
}

impl Alarm {
    /// Has the task woken no later than at `deadline`.
    pub(super) fn set(&mut self, cx: &mut Context<'_>, now: Instant, deadline: Option<Instant>) {
        let Some(deadline) = deadline else {
            return;
        };
        if self.armed.is_some_and(|at| now < at && at <= deadline) {
            return;
        }
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                sleep.as_mut().reset(deadline.into());
                sleep
            }
            none => none.insert(Box::pin(sleep_until(deadline.into()))),
        };
        self.armed = Some(deadline);
        if std::pin::pin!(tokio::task::unconstrained(sleep.as_mut())).poll(cx).is_ready() {
            // It is due already: the next turn will see to it.
            self.armed = None;
            cx.waker().wake_by_ref();
        }
    }
}
