//! What comes in: requests, packets, and the WebSocket that may take over.

use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use pintle_engine::{CandidateStep, CloseReason, Packet, PacketError, Packets, Session};
use tokio::sync::oneshot;

use super::link::Link;
use super::task::{Actor, Transport};
use crate::metrics::{Limit, Metrics, Pause, Traffic};
use crate::protocol::Connection;
use crate::session::{Answer, Mail, SessionHandle};
use crate::websocket::{Flow, ReadEnd};

/// Packets of a POST that are handled in one go, after which others get theirs.
const PACKETS: usize = 1024;
/// How often in one turn reading may be taken up again after it paused.
const RESUMPTIONS: usize = 64;

/// The body of a POST, and how far it has been handled.
#[derive(Debug)]
pub(super) struct Backlog {
    /// What has not been handled yet.
    rest: Bytes,
    answer: oneshot::Sender<Answer>,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// There is no more for now, or it is somebody else's turn; the task will be woken.
    Waiting,
    /// The connection had enough, or so much is to be written that this comes first.
    Full,
}

impl<C: Connection> Actor<C> {
    /// Takes what was left in the mailbox.
    pub(super) fn poll_mail(&mut self, cx: &mut Context<'_>, now: Instant) {
        let mut mailbox = self.handle.lock();
        mailbox.rouse();
        let mail = std::mem::take(&mut mailbox.mail);
        let command = mailbox.command;
        let refused = std::mem::take(&mut mailbox.refused);
        drop(mailbox);
        if refused > 0 {
            self.report_refused(refused);
        }
        // Before reading: what was wanted first is what the session ends for.
        if let Some(command) = command {
            command.apply(&mut self.session, now);
        }
        self.poll_aborted(cx);
        for mail in mail {
            if self.session.close_reason().is_some() {
                // Dropped, and the HTTP side answers that there is no such session.
                break;
            }
            match mail {
                Mail::Poll(answer) => self.handle_poll(answer),
                Mail::Push(body, answer) => self.handle_push(body, answer),
                Mail::Upgrade(upgrade) => {
                    // Where it may not take over it is dropped, and with it the connection.
                    if self.session.handle_candidate(now) {
                        self.candidate = Some(Box::new(Link::Opening(upgrade)));
                        self.poll_candidate(cx, now);
                    } else {
                        self.metrics.upgrade_failed();
                    }
                }
            }
        }
        // Again, to be woken when the one that waits now is given up.
        self.poll_aborted(cx);
    }

    /// So many packets did not fit into the outbox, and the session was not closed for it. Who sent them was told; the log
    /// is told here, where no lock is held.
    fn report_refused(&self, packets: u32) {
        self.metrics.reached_often(Limit::Outbox, packets);
        tracing::debug!(sid = ?self.handle.sid(), packets, "packets refused: the client does not read fast enough");
    }

    /// Whether the client has given up the GET that waits.
    fn poll_aborted(&mut self, cx: &mut Context<'_>) {
        if let Transport::Polling(Some(waiting)) = &mut self.transport
            && waiting.poll_closed(cx).is_ready()
        {
            self.session.handle_poll_aborted();
            self.transport = Transport::Polling(None);
        }
    }

    fn handle_poll(&mut self, answer: oneshot::Sender<Answer>) {
        let refused = self.session.handle_poll().is_err();
        match &mut self.transport {
            Transport::Polling(waiting @ None) if !refused => *waiting = Some(answer),
            // The receiver may have gone; then nobody is left to be told.
            _ => drop(answer.send(Answer::Refused)),
        }
    }

    fn handle_push(&mut self, body: Bytes, answer: oneshot::Sender<Answer>) {
        self.session.handle_activity();
        if self.backlog.is_some() || !matches!(self.transport, Transport::Polling(_)) {
            drop(answer.send(Answer::Refused));
        } else {
            self.traffic.bytes_in.add(body.len());
            self.backlog = Some(Box::new(Backlog { rest: body, answer }));
        }
    }

    /// Reads and handles packets for as long as there are some, the connection takes them, and what they cause can be
    /// written.
    pub(super) fn poll_input(&mut self, cx: &mut Context<'_>, now: Instant) {
        for _ in 0..RESUMPTIONS {
            // Handlers that finish make room for packets that wait.
            self.connection.poll(cx, now);
            if self.handle.is_crowded() {
                // Write first. Who has us write so much and does not read is not read from either.
                self.poll_transmit(cx, now);
            }
            let ready = self.connection.is_ready();
            let crowded = self.handle.is_crowded();
            let over = self.session.close_reason().is_some();
            if (!ready || crowded) && !over && !self.session.is_paused() {
                self.metrics.paused(if ready { Pause::Outbox } else { Pause::Handlers });
            }
            self.session.set_paused(!ready || crowded);
            if !ready || crowded || over || self.read(cx, now) == Stop::Waiting {
                return;
            }
        }
        // There is more, and it is somebody else's turn.
        cx.waker().wake_by_ref();
    }

    fn read(&mut self, cx: &mut Context<'_>, now: Instant) -> Stop {
        if self.backlog.is_some()
            && let Some(stop) = self.read_backlog(cx, now)
        {
            return stop;
        }
        let Self { transport, session, connection, handle, metrics, traffic, .. } = self;
        let Transport::WebSocket(link) = transport else {
            return Stop::Waiting;
        };
        let config = handle.config();
        let websocket = match link.poll_open(cx) {
            Poll::Pending => return Stop::Waiting,
            Poll::Ready(Err(_)) => {
                session.handle_transport_closed(CloseReason::TransportClose);
                return Stop::Waiting;
            }
            Poll::Ready(Ok((websocket, opened))) => {
                if opened {
                    let kind = session.transport();
                    websocket.queue().push_back(pintle_engine::open_frame(config, handle.sid(), kind));
                    traffic.packets_out.add(1);
                }
                websocket
            }
        };
        let mut receiver = Receiver { session, connection, handle, metrics, traffic };
        let mut completed = false;
        let end = websocket.poll_read(cx, config, |cx, message| {
            completed = true;
            receiver.take(cx, now, message.packet())
        });
        match end {
            ReadEnd::Drained { read } => {
                if read {
                    session.handle_activity();
                }
                session.handle_read(now, websocket.is_in_message(), completed);
                Stop::Waiting
            }
            ReadEnd::Yielded => {
                session.handle_activity();
                session.handle_read(now, websocket.is_in_message(), completed);
                cx.waker().wake_by_ref();
                Stop::Waiting
            }
            ReadEnd::Full => {
                session.handle_activity();
                // What is left waits for us, whatever it is.
                session.handle_read(now, false, completed);
                Stop::Full
            }
            ReadEnd::Closed(reason) => {
                session.handle_transport_closed(reason);
                Stop::Waiting
            }
            ReadEnd::Violated(code) => {
                metrics.violated(code);
                session.handle_transport_closed(CloseReason::TransportError);
                Stop::Waiting
            }
        }
    }

    /// Handles packets of a POST. `None` when all of them are.
    fn read_backlog(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<Stop> {
        let Self { backlog, session, connection, handle, metrics, traffic, .. } = self;
        let backlog = backlog.as_deref_mut()?;
        let mut receiver = Receiver { session, connection, handle, metrics, traffic };
        let mut packets = Packets::new(&backlog.rest);
        let mut stop = Stop::Waiting;
        for packet in packets.by_ref().take(PACKETS) {
            if receiver.take(cx, now, packet) == Flow::Enough {
                stop = Stop::Full;
                break;
            }
        }
        let rest = packets.rest().map(|rest| backlog.rest.slice_ref(rest));
        match rest {
            Some(rest) if receiver.session.close_reason().is_none() => {
                backlog.rest = rest;
                if stop == Stop::Waiting {
                    cx.waker().wake_by_ref();
                }
                Some(stop)
            }
            _ => {
                self.finish_backlog();
                None
            }
        }
    }

    /// Answers the POST whose packets have been handled.
    pub(super) fn finish_backlog(&mut self) {
        if let Some(backlog) = self.backlog.take() {
            let answer = match self.session.close_reason() {
                None | Some(CloseReason::TransportClose) => Answer::Done,
                Some(_) => Answer::Refused,
            };
            // The receiver may have gone; then nobody is left to be told.
            drop(backlog.answer.send(answer));
        }
    }

    /// Takes what the WebSocket that may take over has to say.
    pub(super) fn poll_candidate(&mut self, cx: &mut Context<'_>, now: Instant) {
        let Self { candidate, session, handle, .. } = self;
        let Some(link) = candidate else {
            return;
        };
        let websocket = match link.poll_open(cx) {
            Poll::Pending => return,
            Poll::Ready(Err(_)) => {
                session.handle_candidate_closed();
                return self.lose_candidate();
            }
            Poll::Ready(Ok((websocket, _))) => websocket,
        };
        let mut last = None;
        let mut answers = Vec::new();
        let end = websocket.poll_read(cx, handle.config(), |_, message| {
            session.handle_candidate_packet(now, message.packet());
            match session.poll_candidate() {
                Some(CandidateStep::Send(frame)) => answers.push(frame),
                step => last = step,
            }
            if last.is_some() { Flow::Enough } else { Flow::More }
        });
        websocket.queue().extend(answers);
        match end {
            ReadEnd::Closed(_) | ReadEnd::Violated(_) => {
                // One attempt to say why.
                let _ = websocket.poll_write(cx);
                session.handle_candidate_closed();
                return self.lose_candidate();
            }
            ReadEnd::Yielded => cx.waker().wake_by_ref(),
            ReadEnd::Drained { .. } | ReadEnd::Full => {}
        }
        self.step_candidate(cx, last);
    }

    /// Does what the machine says about the WebSocket that may take over.
    pub(super) fn step_candidate(&mut self, cx: &mut Context<'_>, step: Option<CandidateStep>) {
        match step {
            Some(CandidateStep::Promote) => {
                let Some(link) = self.candidate.take() else { return };
                self.present = self.metrics.upgraded();
                let polling = std::mem::replace(&mut self.transport, Transport::WebSocket(*link));
                if let Transport::Polling(Some(waiting)) = polling {
                    // The client has left long-polling; whatever still asks there learns nothing.
                    drop(waiting.send(Answer::Payload(Bytes::from_static(b"6"))));
                }
                let mut mailbox = self.handle.lock();
                mailbox.transport = self.session.transport();
                mailbox.polled = false;
                drop(mailbox);
                tracing::debug!(sid = ?self.handle.sid(), "session upgraded");
            }
            Some(CandidateStep::Drop) => {
                if let Some(Link::Open(mut websocket)) = self.candidate.take().map(|link| *link) {
                    websocket.close(None);
                    // One attempt: it is a courtesy to a client that did not keep to the rules.
                    let _ = websocket.poll_write(cx);
                    self.metrics.upgrade_failed();
                }
            }
            Some(CandidateStep::Send(frame)) => {
                if let Some(Link::Open(websocket)) = self.candidate.as_deref_mut() {
                    websocket.queue().push_back(frame);
                }
            }
            None => {}
        }
        if let Some(Link::Open(websocket)) = self.candidate.as_deref_mut()
            && let Poll::Ready(Err(_)) = websocket.poll_write(cx)
        {
            self.session.handle_candidate_closed();
            self.lose_candidate();
        }
    }

    /// The WebSocket that might have taken over will not.
    pub(super) fn lose_candidate(&mut self) {
        if self.candidate.take().is_some() {
            self.metrics.upgrade_failed();
        }
    }
}

/// What takes the packets that are read.
struct Receiver<'a, C> {
    session: &'a mut Session,
    connection: &'a mut C,
    handle: &'a SessionHandle,
    metrics: &'a Metrics,
    traffic: &'a mut Traffic,
}

impl<C: Connection> Receiver<'_, C> {
    /// Gives a packet to the session, and its message to what runs on it.
    fn take(&mut self, cx: &mut Context<'_>, now: Instant, packet: Result<Packet<'_>, PacketError>) -> Flow {
        let Self { session, connection, handle, metrics, traffic } = self;
        traffic.packets_in.add(1);
        if let Err(error) = packet {
            metrics.malformed(error);
        }
        if let Some(message) = session.handle_packet(now, packet) {
            connection.handle_message(cx, now, message);
        }
        let more = session.close_reason().is_none() && connection.is_ready() && !handle.is_crowded();
        if more { Flow::More } else { Flow::Enough }
    }
}
