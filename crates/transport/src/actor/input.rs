//! What comes in: requests, packets, and the WebSocket that may take over.

use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use pintle_engine::{CandidateStep, CloseReason, Packet, PacketError, Packets, Session};
use tokio::sync::oneshot;

use super::link::Link;
use super::task::{Actor, Transport};
use crate::protocol::Connection;
use crate::session::{Answer, Request};
use crate::websocket::{Flow, ReadEnd};

/// The body of a POST, and how far it has been handled.
#[derive(Debug)]
pub(super) struct Backlog {
    /// UTF-8; the HTTP side has checked it.
    body: Bytes,
    /// Where the next packet begins; `None` after the last.
    at: Option<usize>,
    answer: oneshot::Sender<Answer>,
}

impl<C: Connection> Actor<C> {
    /// Takes what was left in the mailbox.
    pub(super) fn poll_requests(&mut self, cx: &mut Context<'_>, now: Instant) {
        let mut mailbox = self.handle.lock();
        mailbox.rouse();
        let requests = std::mem::take(&mut mailbox.requests);
        let command = mailbox.command;
        drop(mailbox);
        if let Some(command) = command {
            command.apply(&mut self.session, now);
        }
        self.poll_aborted(cx);
        for request in requests {
            if self.session.close_reason().is_some() {
                // Dropped, and the HTTP side answers that there is no such session.
                break;
            }
            match request {
                Request::Poll(answer) => self.handle_poll(answer),
                Request::Push(body, answer) => self.handle_push(body, answer),
                Request::Upgrade(upgrade) => {
                    // Where it may not take over it is dropped, and with it the connection.
                    if self.session.handle_candidate(now) {
                        self.candidate = Some(Box::new(Link::Opening(upgrade)));
                        self.poll_candidate(cx, now);
                    }
                }
            }
        }
        // Again, to be woken when the one that waits now is given up.
        self.poll_aborted(cx);
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
        if self.backlog.is_some() || !matches!(self.transport, Transport::Polling(_)) {
            drop(answer.send(Answer::Refused));
        } else {
            self.backlog = Some(Box::new(Backlog { body, at: Some(0), answer }));
        }
    }

    /// Reads and handles packets for as long as there are some and the connection takes them.
    pub(super) fn poll_input(&mut self, cx: &mut Context<'_>, now: Instant) {
        loop {
            // Handlers that finish make room for packets that wait.
            self.connection.poll(cx, now);
            let ready = self.connection.is_ready();
            self.session.set_paused(!ready);
            if !ready || !self.read(cx, now) {
                return;
            }
        }
    }

    /// Reads until there is no more. `true` if it stopped because the connection had enough.
    fn read(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.backlog.is_some() && !self.read_backlog(cx, now) {
            return true;
        }
        let Self { transport, session, connection, handle, .. } = self;
        let Transport::WebSocket(link) = transport else {
            return false;
        };
        let config = handle.config();
        let websocket = match link.poll_open(cx, config.max_payload()) {
            Poll::Pending => return false,
            Poll::Ready(Err(_)) => {
                session.handle_transport_closed(CloseReason::TransportClose);
                return false;
            }
            Poll::Ready(Ok((websocket, opened))) => {
                if opened {
                    let kind = session.transport();
                    websocket.queue().push_back(pintle_engine::open_frame(config, handle.sid(), kind));
                }
                websocket
            }
        };
        let end = websocket.poll_read(cx, |cx, packet| deliver(session, connection, cx, now, packet));
        match end {
            ReadEnd::Drained { partial } => {
                if partial {
                    session.handle_activity(now);
                }
                false
            }
            ReadEnd::Yielded => {
                cx.waker().wake_by_ref();
                false
            }
            ReadEnd::Full => session.close_reason().is_none(),
            ReadEnd::Closed(reason) => {
                session.handle_transport_closed(reason);
                false
            }
        }
    }

    /// Handles packets of a POST. `false` if some are left because the connection had enough.
    fn read_backlog(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let Self { backlog, session, connection, .. } = self;
        let Some(Backlog { body, at: Some(at), .. }) = backlog.as_deref() else {
            self.finish_backlog();
            return true;
        };
        let text = str::from_utf8(&body[*at..]).expect("the HTTP side has checked that it is UTF-8");
        let mut packets = Packets::new(text);
        for packet in packets.by_ref() {
            if deliver(session, connection, cx, now, packet) == Flow::Enough {
                break;
            }
        }
        let rest = packets.rest().map(|rest| body.len() - rest.len());
        if rest.is_none() || session.close_reason().is_some() {
            self.finish_backlog();
            return true;
        }
        if let Some(backlog) = backlog {
            backlog.at = rest;
        }
        false
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
        let websocket = match link.poll_open(cx, handle.config().max_payload()) {
            Poll::Pending => return,
            Poll::Ready(Err(_)) => {
                session.handle_candidate_closed();
                self.candidate = None;
                return;
            }
            Poll::Ready(Ok((websocket, _))) => websocket,
        };
        let mut last = None;
        let mut answers = Vec::new();
        let end = websocket.poll_read(cx, |_, packet| {
            session.handle_candidate_packet(now, packet);
            match session.poll_candidate() {
                Some(CandidateStep::Send(frame)) => answers.push(frame),
                step => last = step,
            }
            if last.is_some() { Flow::Enough } else { Flow::More }
        });
        websocket.queue().extend(answers);
        match end {
            ReadEnd::Closed(_) => {
                session.handle_candidate_closed();
                self.candidate = None;
                return;
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
                let polling = std::mem::replace(&mut self.transport, Transport::WebSocket(*link));
                if let Transport::Polling(Some(waiting)) = polling {
                    // The client has left long-polling; whatever still asks there learns nothing.
                    drop(waiting.send(Answer::Payload("6".to_owned())));
                }
                let mut mailbox = self.handle.lock();
                mailbox.transport = self.session.transport();
                mailbox.polled = false;
                drop(mailbox);
                tracing::debug!(sid = ?self.handle.sid(), "session upgraded");
            }
            Some(CandidateStep::Drop) => {
                if let Some(Link::Open(mut websocket)) = self.candidate.take().map(|link| *link) {
                    websocket.close();
                    // One attempt: it is a courtesy to a client that did not keep to the rules.
                    let _ = websocket.poll_write(cx);
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
            self.candidate = None;
        }
    }
}

/// Gives a packet to the session, and its message to what runs on it.
fn deliver<C: Connection>(
    session: &mut Session,
    connection: &mut C,
    cx: &mut Context<'_>,
    now: Instant,
    packet: Result<Packet<'_>, PacketError>,
) -> Flow {
    if let Some(message) = session.handle_packet(now, packet) {
        connection.handle_message(cx, now, message);
    }
    if session.close_reason().is_none() && connection.is_ready() { Flow::More } else { Flow::Enough }
}
