//! The deadlines of a session: a table, so that one sleep serves them all.

use std::time::Instant;

/// What can fall due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Timer {
    /// The next heartbeat.
    #[default]
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

/// Deadlines by timer, kept small: every session has them, and waits for one or two.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    /// Which of [`Timer::Ping`], [`Timer::Pong`] and [`Timer::Close`] it is that `phase_ends` is meant for. A session is
    /// in one phase at a time, so each of them takes the place of the others.
    phase: Timer,
    phase_ends: Option<Instant>,
    write: Option<Instant>,
    upgrade: Option<Box<Upgrade>>,
}

/// Those that there are during an upgrade alone.
#[derive(Clone, Debug, Default)]
struct Upgrade {
    ends: Option<Instant>,
    noop: Option<Instant>,
}

impl Timers {
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.get(timer).is_some()
    }

    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        match timer {
            Timer::Ping | Timer::Pong | Timer::Close => (self.phase, self.phase_ends) = (timer, Some(at)),
            Timer::Write => self.write = Some(at),
            Timer::Upgrade => self.upgrade.get_or_insert_default().ends = Some(at),
            Timer::Noop => self.upgrade.get_or_insert_default().noop = Some(at),
        }
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        match timer {
            Timer::Ping | Timer::Pong | Timer::Close if self.phase == timer => self.phase_ends = None,
            Timer::Ping | Timer::Pong | Timer::Close => {}
            Timer::Write => self.write = None,
            Timer::Upgrade | Timer::Noop => {
                let Some(upgrade) = &mut self.upgrade else { return };
                let stopped = if timer == Timer::Upgrade { &mut upgrade.ends } else { &mut upgrade.noop };
                *stopped = None;
                if upgrade.ends.is_none() && upgrade.noop.is_none() {
                    self.upgrade = None;
                }
            }
        }
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        let upgrade = self.upgrade.iter().flat_map(|upgrade| [upgrade.ends, upgrade.noop]);
        [self.phase_ends, self.write].into_iter().chain(upgrade).flatten().min()
    }

    /// Takes one timer that is due, if there is one.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Timer> {
        let due = |timer: &Timer| self.get(*timer).is_some_and(|at| at <= now);
        let timer = [self.phase, Timer::Upgrade, Timer::Noop, Timer::Write].into_iter().find(due)?;
        self.stop(timer);
        Some(timer)
    }

    fn get(&self, timer: Timer) -> Option<Instant> {
        match timer {
            Timer::Ping | Timer::Pong | Timer::Close => self.phase_ends.filter(|_| self.phase == timer),
            Timer::Write => self.write,
            Timer::Upgrade => self.upgrade.as_ref()?.ends,
            Timer::Noop => self.upgrade.as_ref()?.noop,
        }
    }
}
