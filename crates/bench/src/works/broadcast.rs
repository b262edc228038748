//! `broadcast` and `broadcast-rate`: one sends, a thousand receive. What works with rooms share stands here too.

use std::time::{Duration, Instant};
use std::{io, mem};

use crate::works::arrival;
use crate::works::meter::Meter;
use crate::works::{Effort, Figures, Target};
use bench_load::{Crowd, Driver, Histogram, Message};

const RECEIVERS: usize = 1_000;
const IN_FLIGHT: usize = 32;
/// How many of the last events a receiver may lack. Fewer than socketioxide queues for one: it drops what is more.
const LAG: usize = 96;
/// Twenty a second.
const PERIOD: Duration = Duration::from_millis(50);

/// The data of an event is its number, written with as many digits, so that a delivery says what was delivered.
const DIGITS: usize = 16;

pub(super) fn broadcast(target: &Target, effort: &Effort) -> io::Result<Figures> {
    to_all(target, effort, RECEIVERS, LAG, Pace::InFlight(IN_FLIGHT))
}

pub(super) fn broadcast_rate(target: &Target, effort: &Effort) -> io::Result<Figures> {
    to_all(target, effort, RECEIVERS, LAG, Pace::Period(PERIOD))
}

/// Broadcasts to as many receivers, of whom none lacks more than the last `lag` events.
pub(super) fn to_all(
    target: &Target,
    effort: &Effort,
    receivers: usize,
    lag: usize,
    pace: Pace,
) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, receivers)?;
    let emits = (0..lag).map(|nth| Emit::new(0, "broadcast", None, nth)).collect();
    measure(target, effort, &mut crowd, Deliveries::new(r#"42["broadcast",""#, emits, receivers, pace))
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
    /// The `number`th event, which connection `sender` sends, to a room if there is one.
    pub(super) fn new(sender: usize, event: &str, room: Option<&str>, number: usize) -> Self {
        let room = room.map(|room| format!(r#""{room}","#)).unwrap_or_default();
        let message = bench_load::text(&format!(r#"42["{event}",{room}"{number:0DIGITS$}"]"#));
        Self { sender, message, sent: Instant::now(), out: 0 }
    }
}

/// When to send.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pace {
    /// So that as many are always in flight: one is until its sender has it, too.
    InFlight(usize),
    /// One each period.
    Period(Duration),
    /// No more.
    Ended,
}

/// Sends events in turn, each when the one before it with its number has been delivered to everybody. So there are as many
/// numbers as a receiver may lag behind.
#[derive(Debug)]
pub(super) struct Deliveries {
    /// What a delivery begins with: the number of the event follows, and `"]`.
    prefix: &'static str,
    emits: Vec<Emit>,
    receivers: usize,
    pace: Pace,
    next: usize,
    /// How many may be sent as soon as their numbers are free.
    credit: usize,
    /// What is sent with one write. Empty in between.
    together: Vec<u8>,
    due: Instant,
    awaited: usize,
    latency: Histogram,
}

impl Deliveries {
    /// `emits` in turn, each delivered to as many `receivers`, as an event that begins with `prefix`.
    pub(super) fn new(prefix: &'static str, emits: Vec<Emit>, receivers: usize, pace: Pace) -> Self {
        Self {
            prefix,
            emits,
            receivers,
            pace,
            next: 0,
            credit: 0,
            together: Vec::new(),
            due: Instant::now(),
            awaited: 0,
            latency: Histogram::new(),
        }
    }

    fn begin(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let now = Instant::now();
        self.due = now;
        let Pace::InFlight(count) = self.pace else { return Ok(()) };
        self.credit = count;
        self.send(crowd, now)
    }

    /// Sends what may be sent, that of one sender with one write.
    fn send(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<()> {
        let mut together = mem::take(&mut self.together);
        let mut sender = None;
        while self.credit > 0
            && let Some(emit) = self.next(now)
        {
            if let Some(before) = sender.replace(emit.sender).filter(|&before| before != emit.sender) {
                crowd.send(before, &together)?;
                together.clear();
            }
            together.extend_from_slice(&emit.message);
        }
        if let Some(sender) = sender {
            crowd.send(sender, &together)?;
        }
        together.clear();
        self.together = together;
        Ok(())
    }

    /// The next event, if everybody has the last one with its number. It is as good as sent.
    fn next(&mut self, now: Instant) -> Option<&Emit> {
        let nth = self.next % self.emits.len();
        let emit = self.emits.get_mut(nth).filter(|emit| emit.out == 0)?;
        self.next = nth + 1;
        self.credit -= 1;
        emit.sent = now;
        emit.out = self.receivers;
        self.awaited += self.receivers;
        Some(emit)
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
    fn message(&mut self, _crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        let Message::Text(text) = message else { return Err(message.unexpected()) };
        let emit = self.number(text).and_then(|number| self.emits.get_mut(number)).filter(|emit| emit.out > 0);
        let emit = emit.ok_or_else(|| message.unexpected())?;
        self.latency.record(now - emit.sent);
        emit.out -= 1;
        self.awaited -= 1;
        if matches!(self.pace, Pace::InFlight(_)) {
            self.credit += usize::from(id == emit.sender);
        }
        Ok(())
    }

    fn read(&mut self, crowd: &mut Crowd, _id: usize, now: Instant) -> io::Result<()> {
        if matches!(self.pace, Pace::Ended) { Ok(()) } else { self.send(crowd, now) }
    }

    fn poll(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<Option<Instant>> {
        let Pace::Period(period) = self.pace else { return Ok(None) };
        if self.due <= now {
            self.due += period;
            self.credit += 1;
            self.send(crowd, Instant::now())?;
        }
        Ok(Some(self.due))
    }

    fn awaited(&self) -> usize {
        self.awaited
    }
}
