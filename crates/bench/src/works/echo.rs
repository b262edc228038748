//! `echo-*` and `ack-*`: each of a hundred connections sends a message, and another for each answer.

use std::time::Instant;
use std::{io, mem};

use crate::works::arrival;
use crate::works::meter::Meter;
use crate::works::{Effort, Figures, Target};
use bench_load::{Crowd, Driver, Histogram, Message};

/// How many connections talk.
pub(super) const TALKERS: usize = 100;
/// How many messages each has in flight.
const IN_FLIGHT: usize = 4;
const ATTACHMENT: usize = 1024;

pub(super) fn echo<const SIZE: usize>(target: &Target, effort: &Effort) -> io::Result<Figures> {
    talk(target, effort, Exchange::echo("", SIZE))
}

pub(super) fn echo_binary(target: &Target, effort: &Effort) -> io::Result<Figures> {
    talk(target, effort, Exchange::binary("51-", "message", "51-", "\"message-back\","))
}

pub(super) fn ack<const SIZE: usize>(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let data = "x".repeat(SIZE);
    let asked = format!(r#"421["message-with-ack","{data}"]"#);
    talk(target, effort, Exchange::new(&bench_load::text(&asked), format!(r#"431["{data}"]"#)))
}

pub(super) fn ack_binary(target: &Target, effort: &Effort) -> io::Result<Figures> {
    talk(target, effort, Exchange::binary("51-1", "message-with-ack", "61-1", ""))
}

fn talk(target: &Target, effort: &Effort, exchange: Exchange) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, TALKERS)?;
    measure(target, effort, &mut crowd, vec![exchange])
}

/// Has the first hundred connections of `crowd` talk: all alike, or each in its own words.
pub(super) fn measure(
    target: &Target,
    effort: &Effort,
    crowd: &mut Crowd,
    exchanges: Vec<Exchange>,
) -> io::Result<Figures> {
    let mut talk = Talk::new(exchanges, Instant::now());
    talk.begin(crowd)?;
    crowd.run_for(&mut talk, effort.warm_up)?;
    talk.latency.clear();
    let meter = Meter::start(target)?;
    crowd.run_for(&mut talk, effort.measure)?;
    let figures = meter.read(talk.latency.count())?;
    let latency = talk.latency.latency();
    // What is still out must come, or it was lost.
    talk.ended = true;
    crowd.run_until(&mut talk, |talk| talk.awaited() == 0)?;
    Ok(Figures { latency, ..figures })
}

/// What is sent, and what must come back.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The messages that are sent in turn, and after the last the first again, as many as may be in flight: so those
    /// that are sent together always stand together.
    sent: Vec<u8>,
    /// Where in `sent` each message starts, and where the last ends.
    starts: Vec<usize>,
    /// What may be answered.
    answers: Vec<String>,
    /// The attachment behind the answer.
    attachment: Option<Vec<u8>>,
}

impl Exchange {
    /// An echo of `size` bytes of text. `namespace` is written as in a packet: with a comma behind it, or not at all.
    pub(super) fn echo(namespace: &str, size: usize) -> Self {
        let data = "x".repeat(size);
        let sent = bench_load::text(&format!(r#"42{namespace}["message","{data}"]"#));
        Self::new(&sent, format!(r#"42{namespace}["message-back","{data}"]"#))
    }

    fn new(message: &[u8], answer: String) -> Self {
        Self::in_turn(&[message], vec![answer])
    }

    /// One of several messages that are sent in turn, and are all answered with one of `answers`.
    pub(super) fn in_turn(messages: &[impl AsRef<[u8]>], answers: Vec<String>) -> Self {
        let (mut sent, mut starts) = (Vec::new(), vec![0]);
        for message in messages.iter().cycle().take(messages.len() + IN_FLIGHT) {
            sent.extend_from_slice(message.as_ref());
            starts.push(sent.len());
        }
        Self { sent, starts, answers, attachment: None }
    }

    /// How many messages there are.
    fn len(&self) -> usize {
        self.starts.len() - 1 - IN_FLIGHT
    }

    fn is_answer(&self, text: &[u8]) -> bool {
        self.answers.iter().any(|answer| answer.as_bytes() == text)
    }

    /// `count` messages from `at` on.
    fn messages(&self, at: usize, count: usize) -> &[u8] {
        &self.sent[self.starts[at]..self.starts[at + count]]
    }

    /// One of an attachment. The packets are `4`, `asks` and `answers`, and then their arguments.
    fn binary(asks: &str, event: &str, answers: &str, first: &str) -> Self {
        const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;
        let attachment = [b'x'; ATTACHMENT];
        let mut message = bench_load::text(&format!(r#"4{asks}["{event}",{PLACEHOLDER}]"#));
        message.extend(bench_load::binary(&attachment));
        let exchange = Self::new(&message, format!("4{answers}[{first}{PLACEHOLDER}]"));
        Self { attachment: Some(attachment.into()), ..exchange }
    }
}

/// A connection that talks.
#[derive(Debug)]
struct Talker {
    /// When each message that is in flight was sent, the oldest at `sent[answers % IN_FLIGHT]`.
    sent: [Instant; IN_FLIGHT],
    answers: usize,
    /// How many messages are in flight.
    out: usize,
    /// Which message is next.
    next: usize,
    /// How many answers are to be replied to with the next write.
    unreplied: usize,
    /// An answer has come, its attachment not yet.
    attachment_due: bool,
}

#[derive(Debug)]
struct Talk {
    exchanges: Vec<Exchange>,
    talkers: Vec<Talker>,
    awaited: usize,
    latency: Histogram,
    /// Nothing is sent any more.
    ended: bool,
}

impl Talk {
    fn new(exchanges: Vec<Exchange>, now: Instant) -> Self {
        // If there are many messages, the talkers begin at different ones.
        let first = |id: usize| exchanges[id % exchanges.len()].len() * id / TALKERS;
        let talker = |id| Talker {
            sent: [now; IN_FLIGHT],
            answers: 0,
            out: 0,
            next: first(id),
            unreplied: 0,
            attachment_due: false,
        };
        let talkers = (0..TALKERS).map(talker).collect();
        Self { exchanges, talkers, awaited: 0, latency: Histogram::new(), ended: false }
    }

    fn begin(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        (0..TALKERS).try_for_each(|id| self.send(crowd, id, IN_FLIGHT))
    }

    fn send(&mut self, crowd: &mut Crowd, id: usize, count: usize) -> io::Result<()> {
        let exchange = &self.exchanges[id % self.exchanges.len()];
        let talker = &mut self.talkers[id];
        let messages = exchange.messages(talker.next, count);
        talker.next = (talker.next + count) % exchange.len();
        talker.out += count;
        self.awaited += count;
        crowd.send(id, messages)
    }

    fn answered(&mut self, id: usize, now: Instant) {
        let talker = &mut self.talkers[id];
        let slot = &mut talker.sent[talker.answers % IN_FLIGHT];
        self.latency.record(now - *slot);
        // The reply to it takes its place.
        *slot = now;
        talker.answers += 1;
        talker.out -= 1;
        talker.unreplied += 1;
        self.awaited -= 1;
    }
}

impl Driver for Talk {
    fn message(&mut self, _crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        let exchange = &self.exchanges[id % self.exchanges.len()];
        let talker = self.talkers.get_mut(id).filter(|talker| talker.out > 0).ok_or_else(|| message.unexpected())?;
        match message {
            Message::Text(text) if exchange.is_answer(text) && !talker.attachment_due => {
                if exchange.attachment.is_some() {
                    talker.attachment_due = true;
                } else {
                    self.answered(id, now);
                }
            }
            Message::Binary(data) if talker.attachment_due && exchange.attachment.as_deref() == Some(data) => {
                talker.attachment_due = false;
                self.answered(id, now);
            }
            other => return Err(other.unexpected()),
        }
        Ok(())
    }

    fn read(&mut self, crowd: &mut Crowd, id: usize, _now: Instant) -> io::Result<()> {
        let Some(talker) = self.talkers.get_mut(id) else { return Ok(()) };
        let replies = mem::take(&mut talker.unreplied);
        if self.ended || replies == 0 { Ok(()) } else { self.send(crowd, id, replies) }
    }

    fn awaited(&self) -> usize {
        self.awaited
    }
}
