//! The machine itself.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::timer::{Timer, Timers};
use crate::close::CloseReason;
use crate::config::{Config, TransportKind};
use crate::frame::Frame;
use crate::outbox::Outbox;
use crate::packet::{Message, Packet, PacketError};

/// How often the wait for a pong is prolonged because other bytes come. A message that is under way keeps the pong behind it;
/// with Node's times it may take a minute, as the body of a POST may.
const PROLONGATIONS: u8 = 2;

/// While an upgrade waits for the client to stop polling, a pending GET is answered this often. Node's interval.
const NOOP_INTERVAL: Duration = Duration::from_millis(100);

const CLOSE: Frame = Frame::from_static(b"\x81\x011");
const PING: Frame = Frame::from_static(b"\x81\x012");
const PROBE_ANSWER: Frame = Frame::from_static(b"\x81\x063probe");
const NOOP: Frame = Frame::from_static(b"\x81\x016");

/// One client's session, as a machine.
///
/// It does no IO and has no clock. Whoever drives it owns it alone and keeps to four kinds of methods:
///
/// - *getters* tell what is;
/// - `handle_*` takes what came from outside, with the time at which it came where that matters;
/// - *commands* ([`close`](Self::close), [`abort`](Self::abort)) are what this side wants;
/// - `poll_*` gives what is to be done outside.
///
/// # The order of calls
///
/// After any `handle_*` or command, and before waiting again: [`poll_candidate`](Self::poll_candidate) until it is `None`,
/// then [`poll_transmit`](Self::poll_transmit) whenever the transport can take something, then
/// [`close_reason`](Self::close_reason), and last [`poll_timeout`](Self::poll_timeout) for the time at which
/// [`handle_timeout`](Self::handle_timeout) is due.
#[derive(Debug)]
pub struct Session {
    config: Arc<Config>,
    state: State,
    transport: TransportKind,
    /// A GET waits for an answer. Only on long-polling.
    polled: bool,
    candidate: Option<Candidate>,
    /// What `poll_candidate` will give next.
    candidate_step: Option<Step>,
    ping_due: bool,
    noop_due: bool,
    /// Bytes have come since the wait for a pong began, or was prolonged.
    active: bool,
    /// How often the wait for a pong has been prolonged.
    prolonged: u8,
    /// The driver does not read for a while: silence is not the client's fault.
    paused: bool,
    /// Bytes that were written since the write timeout began, if it has.
    written: u32,
    timers: Timers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// This side closes once the client has what waits for it.
    Closing,
    Closed(CloseReason),
}

/// A WebSocket on its way to become the session's transport.
#[derive(Debug)]
struct Candidate {
    probed: bool,
    /// A GET has been answered since: the client need not wait for one any more.
    released: bool,
}

/// What is to be done with the candidate: a [`CandidateStep`], without the room for a frame that every session would have.
#[derive(Clone, Copy, Debug)]
enum Step {
    AnswerProbe,
    Promote,
    Drop,
}

/// What the driver does on the current transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Transmit {
    /// Nothing to send, or nothing to send it with.
    Idle,
    /// Send the frames: one WebSocket write, or the answer to the pending GET.
    Send,
    /// Send the frames, if there are any, then close the transport.
    Close,
}

/// What the driver does with the WebSocket that may take over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum CandidateStep {
    /// Send this on it.
    Send(Frame),
    /// It is the session's transport from now on.
    Promote,
    /// Close it. The session goes on where it is.
    Drop,
}

/// A second GET while one waits: the session closes, and the second is answered 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollRefused;

impl fmt::Display for PollRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another poll is pending, or the session has left long-polling")
    }
}

impl std::error::Error for PollRefused {}

impl Candidate {
    /// Whether a GET is to be answered so that the client can stop polling: the first one is.
    const fn release(&mut self) -> bool {
        self.probed && !std::mem::replace(&mut self.released, true)
    }
}

impl Session {
    /// A session that has just been opened over `transport`. Sending the open packet is the driver's first act.
    pub fn new(config: Arc<Config>, transport: TransportKind, now: Instant) -> Self {
        let mut timers = Timers::default();
        timers.set(Timer::Ping, now + config.ping_interval());
        Self {
            config,
            state: State::Open,
            transport,
            polled: false,
            candidate: None,
            candidate_step: None,
            ping_due: false,
            noop_due: false,
            active: false,
            prolonged: 0,
            paused: false,
            written: 0,
            timers,
        }
    }

    /// The current transport.
    pub const fn transport(&self) -> TransportKind {
        self.transport
    }

    /// Why the session is over; `None` while it is not.
    pub const fn close_reason(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed(reason) => Some(reason),
            State::Open | State::Closing => None,
        }
    }

    /// Whether the session closes as soon as everything has gone out.
    pub fn is_closing(&self) -> bool {
        self.state == State::Closing
    }

    /// Whether something could be sent at once, were there nothing else to send.
    pub fn is_writable(&self) -> bool {
        self.state == State::Open && (self.transport == TransportKind::WebSocket || self.polled)
    }

    /// A packet on the current transport. Gives the message it carries, if it carries one.
    #[must_use]
    pub fn handle_packet<'a>(&mut self, now: Instant, packet: Result<Packet<'a>, PacketError>) -> Option<Message<'a>> {
        if self.state != State::Open {
            return None;
        }
        match packet {
            Ok(Packet::Message(message)) => return Some(message),
            Ok(Packet::Pong) => self.handle_pong(now),
            Ok(Packet::Close) => self.abort(CloseReason::TransportClose),
            // In version 4 it is the server that pings.
            Ok(Packet::Ping(_)) => self.abort(CloseReason::TransportError),
            Ok(Packet::Open | Packet::Upgrade | Packet::Noop) => {}
            Err(_) => self.abort(CloseReason::ParseError),
        }
        None
    }

    /// Bytes have come, whatever they are, or are about to. They prolong the wait for a pong, twice at the most: a long upload
    /// is no silence, and no answer either.
    pub const fn handle_activity(&mut self) {
        self.active = true;
    }

    /// A GET that will wait for an answer.
    ///
    /// # Errors
    ///
    /// When one waits already. The session closes.
    pub fn handle_poll(&mut self) -> Result<(), PollRefused> {
        if self.transport != TransportKind::Polling {
            return Err(PollRefused);
        }
        if self.polled {
            self.abort(CloseReason::TransportError);
            return Err(PollRefused);
        }
        self.polled = true;
        // It was on its way when the client was told to stop polling. One: who goes on with it waits.
        self.noop_due |= self.candidate.as_mut().is_some_and(Candidate::release);
        Ok(())
    }

    /// The client gave up the GET that waited.
    pub fn handle_poll_aborted(&mut self) {
        self.polled = false;
        self.abort(CloseReason::TransportError);
    }

    /// The client asks to move to a WebSocket. Whether it may; if not, the WebSocket is closed and nothing else happens.
    #[must_use]
    pub fn handle_candidate(&mut self, now: Instant) -> bool {
        let wanted = self.state == State::Open && self.transport == TransportKind::Polling && self.candidate.is_none();
        if wanted {
            self.candidate = Some(Candidate { probed: false, released: false });
            self.timers.set(Timer::Upgrade, now + self.config.upgrade_timeout());
        }
        wanted
    }

    /// A packet on the WebSocket that may take over. Anything but the probe's dance ends the attempt, and only that.
    pub fn handle_candidate_packet(&mut self, now: Instant, packet: Result<Packet<'_>, PacketError>) {
        let Some(candidate) = &mut self.candidate else {
            return;
        };
        match packet {
            Ok(Packet::Ping("probe")) if !candidate.probed => {
                candidate.probed = true;
                self.candidate_step = Some(Step::AnswerProbe);
                // The client will stop polling now, and cannot while its GET waits.
                self.noop_due = self.polled && candidate.release();
                self.timers.set(Timer::Noop, now + NOOP_INTERVAL);
            }
            Ok(Packet::Upgrade) if candidate.probed => {
                self.end_upgrade(Step::Promote);
                self.transport = TransportKind::WebSocket;
                self.polled = false;
            }
            _ => self.end_upgrade(Step::Drop),
        }
    }

    /// The WebSocket that might have taken over is gone.
    pub fn handle_candidate_closed(&mut self) {
        self.end_upgrade(Step::Drop);
        self.candidate_step = None;
    }

    /// The current transport is gone.
    pub fn handle_transport_closed(&mut self, reason: CloseReason) {
        self.abort(reason);
    }

    /// Some of a write is left. It has until the write timeout to get on.
    pub fn handle_write_blocked(&mut self, now: Instant) {
        // Last words that get stuck are no reason to wait: the session is over.
        if self.close_reason().is_none() && !self.timers.is_set(Timer::Write) {
            self.written = 0;
            self.timers.set(Timer::Write, now + self.config.write_timeout());
        }
    }

    /// A write got on by so many bytes. Enough of them are a reason to give it as much time again.
    pub fn handle_write_progress(&mut self, bytes: usize) {
        self.written = self.written.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
        if self.written as usize >= self.config.min_write_progress() {
            self.handle_write_finished();
        }
    }

    /// All has been written.
    pub fn handle_write_finished(&mut self) {
        self.timers.stop(Timer::Write);
    }

    /// Reading has come to an end for now: in the middle of a message if it is `partial`, and not in the middle of the same
    /// as the last time if one has been `completed` since.
    pub fn handle_read(&mut self, now: Instant, partial: bool, completed: bool) {
        if !partial || self.close_reason().is_some() {
            self.timers.stop(Timer::Message);
        } else if completed || !self.timers.is_set(Timer::Message) {
            self.timers.set(Timer::Message, now + self.config.message_timeout());
        }
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) gave has come.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.expired(now) {
            match timer {
                Timer::Ping => {
                    self.ping_due = true;
                    (self.active, self.prolonged) = (false, 0);
                    self.timers.set(Timer::Pong, now + self.config.ping_timeout());
                }
                // The answer may lie unread. So another ping: to write it tells whether the client is still there. If the
                // last one could not even be sent, it is not.
                Timer::Pong if self.paused && !self.ping_due => {
                    self.ping_due = true;
                    self.timers.set(Timer::Pong, now + self.config.ping_timeout());
                }
                Timer::Pong if self.active && self.prolonged < PROLONGATIONS => {
                    self.active = false;
                    self.prolonged += 1;
                    self.timers.set(Timer::Pong, now + self.config.ping_timeout());
                }
                Timer::Pong => self.abort(CloseReason::PingTimeout),
                Timer::Upgrade => self.end_upgrade(Step::Drop),
                Timer::Noop => {
                    self.noop_due = self.polled;
                    self.timers.set(Timer::Noop, now + NOOP_INTERVAL);
                }
                Timer::Close => self.abort(CloseReason::ForcedClose),
                Timer::Write => self.abort(CloseReason::WriteTimeout),
                // The rest may lie unread.
                Timer::Message if self.paused => {
                    self.timers.set(Timer::Message, now + self.config.message_timeout());
                }
                Timer::Message => self.abort(CloseReason::MessageTimeout),
            }
        }
    }

    /// Whether the driver has said that it does not read for a while.
    pub const fn is_paused(&self) -> bool {
        self.paused
    }

    /// Says whether the driver reads. While it does not, a missing pong is not held against the client.
    pub const fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Closes once the client has what waits for it, or the close timeout is over. A client that owes an answer to a heartbeat
    /// has no longer than it had for that: it may be gone.
    pub fn close(&mut self, now: Instant) {
        if self.state == State::Open {
            self.state = State::Closing;
            self.ping_due = false;
            let until = now + self.config.close_timeout();
            let until = self.timers.get(Timer::Pong).map_or(until, |owed| owed.min(until));
            self.timers.stop(Timer::Ping);
            self.timers.stop(Timer::Pong);
            self.timers.set(Timer::Close, until);
        }
    }

    /// Closes now. What waits is lost.
    pub fn abort(&mut self, reason: CloseReason) {
        if let State::Closed(_) = self.state {
            return;
        }
        self.state = State::Closed(reason);
        self.ping_due = false;
        self.noop_due = false;
        self.timers.stop_all();
        self.end_upgrade(Step::Drop);
    }

    /// What to do with the WebSocket that may take over.
    pub fn poll_candidate(&mut self) -> Option<CandidateStep> {
        self.candidate_step.take().map(|step| match step {
            Step::AnswerProbe => CandidateStep::Send(PROBE_ANSWER),
            Step::Promote => CandidateStep::Promote,
            Step::Drop => CandidateStep::Drop,
        })
    }

    /// What to do on the current transport: fills `frames` with what goes out now.
    pub fn poll_transmit(&mut self, outbox: &mut Outbox, frames: &mut VecDeque<Frame>) -> Transmit {
        let polling = self.transport == TransportKind::Polling;
        if polling && !self.polled {
            return Transmit::Idle;
        }
        match self.state {
            State::Open => {}
            State::Closing => {
                outbox.take(frames);
                if !frames.is_empty() {
                    // The end comes when the client has all of this. On long-polling it has an answer of its own: a
                    // client drops events that come together with it.
                    self.polled = false;
                    return Transmit::Send;
                }
                if polling {
                    frames.extend([NOOP, CLOSE]);
                }
                self.polled = false;
                self.abort(CloseReason::ForcedClose);
                return Transmit::Close;
            }
            State::Closed(reason) => {
                if polling {
                    // The client knows when it was the one to close.
                    let last = if reason == CloseReason::TransportClose { NOOP } else { CLOSE };
                    frames.push_back(last);
                    self.polled = false;
                }
                return Transmit::Close;
            }
        }
        if std::mem::take(&mut self.ping_due) {
            frames.push_back(PING);
        }
        outbox.take(frames);
        if std::mem::take(&mut self.noop_due) && frames.is_empty() {
            frames.push_back(NOOP);
        }
        if frames.is_empty() {
            return Transmit::Idle;
        }
        self.polled = false;
        Transmit::Send
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    fn handle_pong(&mut self, now: Instant) {
        // An answer that nobody asked for proves nothing: it does not prolong the session.
        if self.timers.is_set(Timer::Pong) {
            self.timers.stop(Timer::Pong);
            self.timers.set(Timer::Ping, now + self.config.ping_interval());
        }
    }

    fn end_upgrade(&mut self, step: Step) {
        if self.candidate.take().is_some() {
            self.candidate_step = Some(step);
            self.noop_due = false;
            self.timers.stop(Timer::Upgrade);
            self.timers.stop(Timer::Noop);
        }
    }
}
