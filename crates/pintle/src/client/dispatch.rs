//! A client, and what becomes of its packets and handlers.

use std::collections::VecDeque;
use std::fmt;
use std::task::Context;
use std::time::Instant;

use pintle_proto::{Args, Connection as Machine, DecodeError, Incoming, Slot};
use pintle_transport::meter::Present;
use pintle_transport::{CloseReason, Connection, Message, SessionHandle};

use super::departure::Leaving;
use super::jobs::{Finished, Jobs, Purpose, first_poll};
use super::lanes::{Lane, Lanes};
use crate::error::{HandlerError, HandlerErrorKind};
use crate::event::Stack;
use crate::extract::EventParts;
use crate::handler::{EventKey, Running};
use crate::io::SocketIo;
use crate::quoted;
use crate::reason::DisconnectReason;
use crate::socket::Socket;

/// While a client is asked for acknowledgements its packets are read on, though handlers wait: what they wait for may be
/// among them. This many times more events may wait then.
const ASKING: usize = 16;

/// One client, in all its namespaces.
pub(crate) struct Client {
    pub(super) io: SocketIo,
    pub(super) session: SessionHandle,
    pub(super) machine: Machine<Joined>,
    pub(super) jobs: Jobs,
    /// Sockets that ended while something of theirs was still to be done: their disconnect handler comes after it.
    pub(super) leaving: Vec<Leaving>,
    /// Handlers that finished while another one was seen to.
    finished: VecDeque<Finished>,
    /// A handler's end is being seen to.
    settling: bool,
    /// The server closes the connection: its sockets are still to be told.
    pub(super) closing: bool,
    /// The connection closes: what the client still says does not count.
    pub(super) ended: bool,
}

/// A namespace that the client is in.
pub(super) struct Joined {
    pub(super) socket: Socket,
    pub(super) lanes: Lanes,
    /// The namespace's layers around this socket's handlers, if it has some.
    pub(super) stack: Option<Stack>,
    /// It counts as a socket of its namespace, once it is let in.
    pub(super) present: Present,
}

impl Client {
    pub(super) fn new(io: SocketIo, session: SessionHandle, now: Instant) -> Self {
        let machine = Machine::new(io.config().proto.clone(), now);
        Self {
            io,
            session,
            machine,
            jobs: Jobs::default(),
            leaving: Vec::new(),
            finished: VecDeque::new(),
            settling: false,
            closing: false,
            ended: false,
        }
    }

    fn handle_incoming(&mut self, cx: &mut Context<'_>, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Connect { slot, namespace, auth } => self.handle_connect(cx, slot, namespace, auth),
            Incoming::Event { slot, id, name, args } => self.handle_event(cx, slot, &name, id, args),
            Incoming::Ack { slot, id, args } => self.handle_ack(cx, slot, id, args),
            Incoming::Disconnect { slot } => self.leave(cx, slot, DisconnectReason::ClientNamespaceDisconnect),
            _ => {}
        }
    }

    pub(super) fn start(&mut self, cx: &mut Context<'_>, purpose: Purpose, running: Running) {
        match first_poll(cx, running) {
            Ok(response) => self.settle(cx, Finished { purpose, response }),
            Err(running) => self.jobs.keep(purpose, running),
        }
    }

    /// Sees to the end of a handler, and of all handlers that this starts and that end at once: in a loop and not one
    /// inside the other, for there may be many.
    pub(super) fn settle(&mut self, cx: &mut Context<'_>, finished: Finished) {
        if self.settling {
            self.finished.push_back(finished);
            return;
        }
        self.settling = true;
        let mut next = Some(finished);
        while let Some(finished) = next {
            self.finish(cx, finished);
            self.run_waiting(cx);
            next = self.finished.pop_front();
        }
        self.finished = VecDeque::new();
        self.settling = false;
    }

    /// A handler has finished.
    fn finish(&mut self, cx: &mut Context<'_>, finished: Finished) {
        let Finished { purpose, response } = finished;
        self.report(&purpose, response.errors());
        match purpose {
            Purpose::Event { slot, socket, event, lane, ack } => {
                let errors = response.finish(&socket, ack);
                self.tell_errors(cx, &socket, Some(&event), errors);
                self.free(slot, lane);
            }
            Purpose::Any { socket, event } => {
                let errors = response.into_errors();
                self.tell_errors(cx, &socket, Some(&event), errors);
            }
            Purpose::Predicate { slot, parent } => {
                let refused = response.is_answered();
                if let Some(socket) = self.machine.get(slot).map(|joined| joined.socket.clone()) {
                    self.tell_errors(cx, &socket, None, response.into_errors());
                }
                self.finish_predicate(cx, slot, parent, refused);
            }
            Purpose::Departure(slot) => self.finish_departure(cx, slot),
            Purpose::Middleware(slot) => match response.into_errors().pop() {
                None => self.accept(cx, slot),
                Some(error) => self.finish_refusal(cx, slot, error),
            },
            Purpose::Connect { slot, socket } => {
                let errors = response.into_errors();
                if !errors.is_empty() {
                    // One whose arrival was not seen to is half set up, and must not go on like that.
                    socket.disconnect();
                    self.tell_errors(cx, &socket, None, errors);
                }
                self.free(slot, Some(Lane::All));
            }
            Purpose::Disconnect(farewell) => {
                self.tell_errors(cx, farewell.socket(), None, response.into_errors());
            }
            Purpose::Error => {}
        }
    }

    /// Tells the log of a handler that did not end well.
    fn report(&self, purpose: &Purpose, errors: &[HandlerError]) {
        for error in errors {
            let message = error.to_string();
            let message = quoted::message(&message);
            match error.kind() {
                HandlerErrorKind::Panic => tracing::error!(%purpose, panic = ?message, "a handler panicked"),
                _ => tracing::debug!(%purpose, error = ?message, "a handler failed"),
            }
            if !purpose.refuses(error.kind()) {
                self.io.metrics().handler_failed(error.kind());
            }
        }
    }

    /// The middleware has refused a socket, which is its right, or it has panicked.
    fn finish_refusal(&mut self, cx: &mut Context<'_>, slot: Slot, error: HandlerError) {
        let socket = self.machine.get(slot).map(|joined| joined.socket.clone());
        self.reject(slot, error.error());
        if let Some(socket) = socket
            && error.kind() == HandlerErrorKind::Panic
        {
            self.tell_errors(cx, &socket, None, vec![error]);
        }
    }

    /// Has the error handler of a namespace see what went wrong in it.
    fn tell_errors(
        &mut self,
        cx: &mut Context<'_>,
        socket: &Socket,
        event: Option<&EventKey>,
        errors: Vec<HandlerError>,
    ) {
        for error in errors {
            if error.error().is_malformed() {
                // It is told of that with the rest of the connection.
                return self.violate(cx, DecodeError::InvalidPayload.into());
            }
            let error = match event {
                Some(event) => error.of_event(socket.nsp().handlers().events.name(event)),
                None => error,
            };
            self.tell_error(cx, socket, error);
        }
    }

    pub(super) fn tell_error(&mut self, cx: &mut Context<'_>, socket: &Socket, error: HandlerError) {
        if let Some(endpoint) = socket.nsp().handlers().error.clone() {
            let running = endpoint.call(EventParts::for_error(socket.clone(), error), Args::empty());
            self.start(cx, Purpose::Error, running);
        }
    }
}

impl Connection for Client {
    fn handle_message(&mut self, cx: &mut Context<'_>, now: Instant, message: Message<'_>) {
        if self.ended {
            return;
        }
        let incoming = match &message {
            Message::Text(text) => self.machine.handle_text(now, text),
            Message::Binary(data) => self.machine.handle_binary(now, data),
        };
        match incoming {
            Ok(Some(incoming)) => self.handle_incoming(cx, incoming),
            Ok(None) => {}
            Err(violation) => self.violate(cx, violation),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>, _: Instant) {
        while let Some(finished) = self.jobs.poll(cx) {
            self.settle(cx, finished);
        }
        self.dismiss(cx);
        if self.io.is_closed() && !self.ended {
            self.end(cx, DisconnectReason::ServerShuttingDown);
            self.session.close();
        }
    }

    fn is_ready(&self) -> bool {
        let busy = self.jobs.len() + self.waiting();
        let limit = self.io.config().max_running;
        // What the handlers wait for may be an acknowledgement of this very client.
        busy < limit
            || busy < limit.saturating_mul(ASKING)
                && self.machine.slots().any(|(_, joined)| joined.socket.is_awaiting_acks())
    }

    fn poll_timeout(&self) -> Option<Instant> {
        if self.ended { None } else { self.machine.poll_timeout() }
    }

    fn handle_timeout(&mut self, cx: &mut Context<'_>, now: Instant) {
        if let Err(violation) = self.machine.handle_timeout(now) {
            self.violate(cx, violation);
        }
    }

    fn handle_close(&mut self, cx: &mut Context<'_>, _: Instant, reason: CloseReason) {
        self.end(cx, reason.into());
    }

    fn is_finished(&self) -> bool {
        self.jobs.len() == 0
    }
}

impl Drop for Client {
    /// The runtime stops, or something here panicked: no socket must stay behind as a ghost.
    fn drop(&mut self) {
        for joined in self.machine.drain() {
            drop(joined.socket.retire(true, false));
            joined.socket.deafen();
        }
        self.leaving.iter().for_each(|leaving| leaving.joined.socket.deafen());
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("session", &self.session)
            .field("running", &self.jobs.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
