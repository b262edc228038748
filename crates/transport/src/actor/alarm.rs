//! One sleep for all deadlines of a session.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

/// Who looks at a deadline later than this did not run in between.
const LATE: Duration = Duration::from_millis(50);
/// The longest reprieve. Long enough for a crowd of sessions to be woken and to read.
const REPRIEVE: Duration = Duration::from_secs(1);

/// One sleep for all deadlines of a session.
///
/// Deadlines move with almost every packet and seldom come nearer, so a later one leaves the sleep alone: it wakes the
/// task once for nothing, which is cheaper than to move a timer for each packet.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When the sleep will wake the task, if it is going to.
    armed: Option<Instant>,
    /// Until when nothing is done about what is due.
    reprieve: Option<Instant>,
}

impl Alarm {
    /// Whether to do now what was due at `deadline`.
    ///
    /// Not at once if that was a while ago. Then a handler has blocked the thread, or the whole process stood still, and what
    /// would have kept the deadline may lie unread in the kernel: the task learns of it only when the runtime has looked
    /// there again. So what is due waits, once, for as long as it is late already.
    pub(super) fn is_due(&mut self, now: Instant, deadline: Option<Instant>) -> bool {
        let Some(late) = deadline.and_then(|deadline| now.checked_duration_since(deadline)) else {
            self.reprieve = None;
            return false;
        };
        if late > LATE && self.reprieve.is_none() {
            self.reprieve = Some(now + late.min(REPRIEVE));
        }
        if self.reprieve.is_some_and(|until| now < until) {
            return false;
        }
        self.reprieve = None;
        true
    }

    /// Has the task woken no later than at `deadline`, or when the reprieve is over.
    pub(super) fn set(&mut self, cx: &mut Context<'_>, now: Instant, deadline: Option<Instant>) {
        let Some(deadline) = deadline.max(self.reprieve) else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_is_noticed_late_is_looked_at_once_more() {
        let mut alarm = Alarm::default();
        let deadline = clock::now() + SECOND;
        for late in [Duration::ZERO, LATE] {
            assert!(alarm.is_due(deadline + late, Some(deadline)), "{late:?} is no time");
        }
        for (late, reprieve) in [(2 * LATE, 2 * LATE), (3600 * SECOND, REPRIEVE)] {
            let noticed = deadline + late;
            assert!(!alarm.is_due(noticed, Some(deadline)));
            assert!(!alarm.is_due(noticed + reprieve - LATE / 2, Some(deadline)));
            assert!(alarm.is_due(noticed + reprieve, Some(deadline)));
        }
    }

    #[test]
    fn a_deadline_that_has_moved_needs_no_reprieve() {
        let mut alarm = Alarm::default();
        let deadline = clock::now() + SECOND;
        assert!(!alarm.is_due(deadline + SECOND, Some(deadline)));
        // The answer was there.
        let next = deadline + 25 * SECOND;
        assert!(!alarm.is_due(deadline + SECOND, Some(next)));
        assert!(!alarm.is_due(next, None));
        assert!(alarm.is_due(next, Some(next)));
    }
}
