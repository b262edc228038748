//! The deadlines of a session: a table, so that one sleep serves them all.

use std::time::Instant;

/// What can fall due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// The next heartbeat.
    Ping,
    /// The answer to the last one.
    Pong,
    /// The end of an upgrade.
    Upgrade,
    /// The next answer to a GET that stands in the way of an upgrade.
    Noop,
    /// The end of a graceful close.
    Close,
    /// Progress of a blocked write.
    Write,
}

const TIMERS: [Timer; 6] = [Timer::Ping, Timer::Pong, Timer::Upgrade, Timer::Noop, Timer::Close, Timer::Write];

/// Deadlines by timer.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers([Option<Instant>; TIMERS.len()]);

impl Timers {
    pub(super) const fn is_set(&self, timer: Timer) -> bool {
        self.0[timer as usize].is_some()
    }

    pub(super) const fn set(&mut self, timer: Timer, at: Instant) {
        self.0[timer as usize] = Some(at);
    }

    pub(super) const fn stop(&mut self, timer: Timer) {
        self.0[timer as usize] = None;
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.iter().flatten().min().copied()
    }

    /// Takes one timer that is due, if there is one.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Timer> {
        let due = |timer: &Timer| self.0[*timer as usize].is_some_and(|at| at <= now);
        let timer = TIMERS.into_iter().find(due)?;
        self.stop(timer);
        Some(timer)
    }
}
