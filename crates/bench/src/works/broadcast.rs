//! `broadcast` and `broadcast-rate`: one sends, a thousand receive. What works with rooms share stands here too.

use std::io;
use std::time::{Duration, Instant};

use crate::load::{self, Crowd, Driver, Histogram, Message};
use crate::works::arrival;
use crate::works::meter::Meter;
use crate::works::{Effort, Figures, Target};

const RECEIVERS: usize = 1_000;
const IN_FLIGHT: usize = 32;
/// Twenty a second.
const PERIOD: Duration = Duration::from_millis(50);

/// The data of an event is its number, written with as many digits, so that a delivery says what was delivered.
const DIGITS: usize = 16;

pub(super) fn broadcast(target: &Target, effort: &Effort) -> io::Result<Figures> {
    saturated::<RECEIVERS, IN_FLIGHT>(target, effort)
}

/// Broadcasts to `RECEIVERS` with `IN_FLIGHT` in flight.
pub(super) fn saturated<const RECEIVERS: usize, const IN_FLIGHT: usize>(
    target: &Target,
    effort: &Effort,
) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, RECEIVERS)?;
    measure(target, effort, &mut crowd, to_all(RECEIVERS, IN_FLIGHT, Pace::InFlight(IN_FLIGHT)))
}

pub(super) fn broadcast_rate(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, RECEIVERS)?;
    measure(target, effort, &mut crowd, to_all(RECEIVERS, IN_FLIGHT, Pace::Period(PERIOD)))
}

fn to_all(receivers: usize, in_flight: usize, pace: Pace) -> Deliveries {
    let emits = (0..in_flight).map(|nth| Emit::new(0, &format!(r#"["broadcast","{nth:0DIGITS$}"]"#)));
    Deliveries::new(r#"42["broadcast",""#, emits.collect(), receivers, pace)
}

/// Sends, and measures what is delivered.
pub(super) fn measure(
    target: &Target,
    effort: &Effort,
    crowd: &mut Crowd,
    mut deliveries: Deliveries,
) -> io::Result<Figures> {
    deliveries.begin(crowd)?;
    crowd.run_for(&mut deliveries, effort.warm_up)?;
    deliveries.latency.clear();
    let meter = Meter::start(target)?;
    crowd.run_for(&mut deliveries, effort.measure)?;
    let figures = meter.read(deliveries.latency.count())?;
    let latency = deliveries.latency.latency();
    // What is still out must come, or it was lost.
    deliveries.pace = Pace::Ended;
    crowd.run_until(&mut deliveries, |deliveries| deliveries.awaited() == 0)?;
    Ok(Figures { latency, ..figures })
}

/// An event that is sent again and again, and delivered to several.
#[derive(Debug)]
pub(super) struct Emit {
    sender: usize,
    message: Vec<u8>,
    sent: Instant,
    /// To how many it is still to be delivered.
    out: usize,
}

impl Emit {
    /// What connection `sender` sends.
    pub(super) fn new(sender: usize, event: &str) -> Self {
        Self { sender, message: load::text(&format!("42{event}")), sent: Instant::now(), out: 0 }
    }
}

/// When to send.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// So that as many are always in flight: one is until everybody has it.
    InFlight(usize),
    /// One each period.
    Period(Duration),
    /// No more.
    Ended,
}

/// Sends events in turn, each when the one before it with its number has been delivered to everybody.
#[derive(Debug)]
pub(super) struct Deliveries {
    /// What a delivery begins with: the number of the event follows, and `"]`.
    prefix: &'static str,
    emits: Vec<Emit>,
    receivers: usize,
    pace: Pace,
    next: usize,
    due: Instant,
    awaited: usize,
    latency: Histogram,
}

impl Deliveries {
    /// `emits` in turn, each delivered to as many `receivers`. The last argument of each is its number.
    pub(super) fn new(prefix: &'static str, emits: Vec<Emit>, receivers: usize, pace: Pace) -> Self {
        let (latency, due) = (Histogram::new(), Instant::now());
        Self { prefix, emits, receivers, pace, next: 0, due, awaited: 0, latency }
    }

    fn begin(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let now = Instant::now();
        self.due = now;
        let Pace::InFlight(count) = self.pace else { return Ok(()) };
        (0..count).try_for_each(|_| self.send_next(crowd, now))
    }

    /// Sends the next event that everybody has.
    fn send_next(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<()> {
        let count = self.emits.len();
        let free = (self.next..self.next + count).map(|nth| nth % count).find(|&nth| self.emits[nth].out == 0);
        let nth = free.ok_or_else(|| {
            io::Error::new(io::ErrorKind::TimedOut, format!("{count} events have not been delivered to everybody"))
        })?;
        self.next = nth + 1;
        let emit = &mut self.emits[nth];
        emit.sent = now;
        emit.out = self.receivers;
        self.awaited += self.receivers;
        crowd.send(emit.sender, &emit.message)
    }

    /// The number of the event that `text` delivers.
    fn number(&self, text: &[u8]) -> Option<usize> {
        let digits = text.strip_prefix(self.prefix.as_bytes())?.strip_suffix(b"\"]")?;
        if digits.len() != DIGITS || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(digits.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
    }
}

impl Driver for Deliveries {
    fn message(&mut self, crowd: &mut Crowd, _id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        let Message::Text(text) = message else { return Err(message.unexpected()) };
        let emit = self.number(text).and_then(|number| self.emits.get_mut(number)).filter(|emit| emit.out > 0);
        let emit = emit.ok_or_else(|| message.unexpected())?;
        self.latency.record(now - emit.sent);
        emit.out -= 1;
        self.awaited -= 1;
        if emit.out == 0 && matches!(self.pace, Pace::InFlight(_)) { self.send_next(crowd, now) } else { Ok(()) }
    }

    fn poll(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<Option<Instant>> {
        let Pace::Period(period) = self.pace else { return Ok(None) };
        if self.due <= now {
            self.due += period;
            self.send_next(crowd, Instant::now())?;
        }
        Ok(Some(self.due))
    }

    fn awaited(&self) -> usize {
        self.awaited
    }
}
