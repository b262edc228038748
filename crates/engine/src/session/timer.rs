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
    /// The end of a message that has begun to come.
    Message,
}

/// Deadlines by timer, kept small: every session has them, and waits for one or two.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    /// Which of [`Timer::Ping`], [`Timer::Pong`] and [`Timer::Close`] it is that `phase_ends` is meant for. A session is
    /// in one phase at a time, so each of them takes the place of the others.
    phase: Timer,
    phase_ends: Option<Instant>,
    write: Option<Instant>,
    rare: Option<Box<Rare>>,
}

/// Those that there are during an upgrade, or while a message is under way.
#[derive(Clone, Debug, Default)]
struct Rare {
    upgrade: Option<Instant>,
    noop: Option<Instant>,
    message: Option<Instant>,
}

impl Timers {
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.get(timer).is_some()
    }

    pub(super) fn set(&mut self, timer: Timer, at: Instant) {
        match timer {
            Timer::Ping | Timer::Pong | Timer::Close => (self.phase, self.phase_ends) = (timer, Some(at)),
            Timer::Write => self.write = Some(at),
            Timer::Upgrade | Timer::Noop | Timer::Message => {
                *self.rare.get_or_insert_default().slot(timer) = Some(at);
            }
        }
    }

    pub(super) fn stop(&mut self, timer: Timer) {
        match timer {
            Timer::Ping | Timer::Pong | Timer::Close if self.phase == timer => self.phase_ends = None,
            Timer::Ping | Timer::Pong | Timer::Close => {}
            Timer::Write => self.write = None,
            Timer::Upgrade | Timer::Noop | Timer::Message => {
                let Some(rare) = &mut self.rare else { return };
                *rare.slot(timer) = None;
                if rare.all().next().is_none() {
                    self.rare = None;
                }
            }
        }
    }

    pub(super) fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        let rare = self.rare.iter().flat_map(|rare| rare.all());
        [self.phase_ends, self.write].into_iter().flatten().chain(rare).min()
    }

    /// Takes one timer that is due, if there is one.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Timer> {
        let due = |timer: &Timer| self.get(*timer).is_some_and(|at| at <= now);
        let timer = [self.phase, Timer::Upgrade, Timer::Noop, Timer::Write, Timer::Message].into_iter().find(due)?;
        self.stop(timer);
        Some(timer)
    }

    pub(super) fn get(&self, timer: Timer) -> Option<Instant> {
        match timer {
            Timer::Ping | Timer::Pong | Timer::Close => self.phase_ends.filter(|_| self.phase == timer),
            Timer::Write => self.write,
            Timer::Upgrade => self.rare.as_ref()?.upgrade,
            Timer::Noop => self.rare.as_ref()?.noop,
            Timer::Message => self.rare.as_ref()?.message,
        }
    }
}

impl Rare {
    const fn slot(&mut self, timer: Timer) -> &mut Option<Instant> {
        match timer {
            Timer::Upgrade => &mut self.upgrade,
            Timer::Noop => &mut self.noop,
            _ => &mut self.message,
        }
    }

    fn all(&self) -> impl Iterator<Item = Instant> + use<> {
        [self.upgrade, self.noop, self.message].into_iter().flatten()
    }
}
