//! The way of a packet to its handler, and of a socket through its middleware.

use std::collections::VecDeque;
use std::fmt;
use std::task::Context;
use std::time::Instant;

use pintle_proto::{Args, Connection as Machine, DecodeError, Encoded, Incoming, Slot, SocketId};
use pintle_transport::{CloseReason, Connection, Message, SessionHandle};
use smallvec::SmallVec;

use super::departure::Leaving;
use super::jobs::{Finished, Jobs, Outcome, Purpose};
use super::lanes::{Call, Lane, Lanes};
use crate::ack::AckSender;
use crate::error::ClientError;
use crate::extract::EventParts;
use crate::handler::Running;
use crate::io::SocketIo;
use crate::reason::DisconnectReason;
use crate::socket::Socket;

/// While a client is asked for acknowledgements its packets are read on, though handlers wait: what they wait for may be
/// among them. This many times more events may wait then.
const ASKING: usize = 16;

/// One client, in all its namespaces.
pub(crate) struct Client {
    io: SocketIo,
    pub(super) session: SessionHandle,
    pub(super) machine: Machine<Joined>,
    jobs: Jobs,
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

    /// Somebody wants in: runs the middleware, if there is some.
    fn handle_connect(&mut self, cx: &mut Context<'_>, slot: Slot, namespace: &str, auth: Option<&str>) {
        let Some(nsp) = self.io.nsp(namespace).cloned() else {
            self.machine.leave(slot);
            self.refuse(namespace, &ClientError::new("Invalid namespace"));
            return;
        };
        let mut entropy = [0; SocketId::ENTROPY];
        if let Err(error) = getrandom::fill(&mut entropy) {
            tracing::error!(%error, "no randomness for a socket id");
            self.machine.leave(slot);
            self.refuse(namespace, &ClientError::internal());
            return;
        }
        let id = SocketId::from_entropy(entropy);
        let socket = Socket::new(id, nsp.clone(), self.io.clone(), self.session.clone(), auth);
        self.machine.begin(slot, Joined { socket: socket.clone(), lanes: Lanes::default() });
        if nsp.handlers().middleware.is_empty() {
            self.accept(cx, slot);
        } else {
            let running = nsp.handlers().run_middleware(move || EventParts::new(socket.clone()));
            self.start(cx, Purpose::Middleware(slot), running);
        }
    }

    /// The middleware has accepted a socket.
    fn accept(&mut self, cx: &mut Context<'_>, slot: Slot) {
        if !self.machine.accept(slot) {
            return;
        }
        let Some(joined) = self.machine.get_mut(slot) else {
            return;
        };
        let socket = joined.socket.clone();
        if socket.send(&Encoded::connect(socket.namespace(), socket.id().as_str(), None)).is_err() {
            // The session is over, and its end will come here.
            return;
        }
        socket.accept();
        if let Some(endpoint) = socket.nsp().handlers().connect.clone() {
            joined.lanes.take_up(Lane::All);
            let running = endpoint.call(EventParts::new(socket), Args::empty());
            self.start(cx, Purpose::Connect(slot), running);
        }
    }

    /// The middleware has refused a socket, or panicked.
    fn reject(&mut self, slot: Slot, error: &ClientError) {
        if let Some(joined) = self.machine.leave(slot) {
            joined.socket.retire(true);
            self.refuse(joined.socket.namespace(), error);
        }
    }

    /// Says that a namespace cannot be joined. The connection stays.
    fn refuse(&self, namespace: &str, error: &ClientError) {
        match Encoded::connect_error(namespace, error.message(), error.data()) {
            Ok(packet) => {
                // If the session is over, nobody is left to be told.
                let _ = self.session.send(packet.frames());
            }
            Err(error) => tracing::error!(%error, "a refusal cannot be encoded"),
        }
    }

    fn handle_ack(&mut self, cx: &mut Context<'_>, slot: Slot, id: u64, args: Args) {
        if args.validate().is_err() {
            self.violate(cx, DecodeError::InvalidPayload.into());
        } else if let Some(joined) = self.machine.get(slot) {
            joined.socket.acknowledged(id, args);
        }
    }

    /// Calls the handler of an event, or has it wait for its turn.
    fn handle_event(&mut self, cx: &mut Context<'_>, slot: Slot, name: &str, ack: Option<u64>, args: Args) {
        let full = self.jobs.len() >= self.io.config().max_running;
        let Some(joined) = self.machine.get_mut(slot) else {
            return;
        };
        let handlers = joined.socket.nsp().handlers();
        let (event, endpoint, lane) = match handlers.event(name) {
            Some((event, entry)) => (event.clone(), Some(entry.endpoint.clone()), entry.lane.map(Lane::Event)),
            None => (name.into(), None, None),
        };
        let lane = if handlers.sequential { Some(Lane::All) } else { lane };
        let call = Call { lane, event, endpoint, ack, args };
        if full || joined.lanes.is_blocked(lane) {
            joined.lanes.wait(call);
        } else {
            self.run_event(cx, slot, call);
        }
    }

    fn run_event(&mut self, cx: &mut Context<'_>, slot: Slot, call: Call) {
        let Some(joined) = self.joined(slot) else {
            return;
        };
        // Whom the server has disconnected it no longer listens to.
        if joined.socket.is_dismissed() {
            return;
        }
        let Call { lane, event, endpoint, ack, args } = call;
        let Some(endpoint) = endpoint else {
            if args.validate().is_err() {
                self.violate(cx, DecodeError::InvalidPayload.into());
            }
            return;
        };
        if let Some(lane) = lane {
            joined.lanes.take_up(lane);
        }
        let parts = EventParts::for_event(joined.socket.clone(), event.clone(), ack);
        self.start(cx, Purpose::Event { slot, event, lane, ack }, endpoint.call(parts, args));
    }

    /// Starts events that waited, for as long as there is room, and sees off those who waited for theirs.
    fn run_waiting(&mut self, cx: &mut Context<'_>) {
        let here = self.machine.slots().filter(|(_, joined)| joined.lanes.waiting() > 0).map(|(slot, _)| slot);
        let slots: SmallVec<[Slot; 2]> = here.chain(self.leaving.iter().map(|leaving| leaving.slot)).collect();
        for slot in slots {
            while self.jobs.len() < self.io.config().max_running
                && let Some(next) = self.joined(slot).and_then(|joined| joined.lanes.next())
            {
                self.run_event(cx, slot, next);
            }
            self.finish_leaving(cx, slot);
        }
    }

    /// A namespace that the client is in, or was in and has yet to be seen off.
    fn joined(&mut self, slot: Slot) -> Option<&mut Joined> {
        let leaving = self.leaving.iter_mut().find(|leaving| leaving.slot == slot).map(|leaving| &mut leaving.joined);
        self.machine.get_mut(slot).or(leaving)
    }

    pub(super) fn start(&mut self, cx: &mut Context<'_>, purpose: Purpose, running: Running) {
        if let Some(finished) = self.jobs.start(cx, purpose, running) {
            self.settle(cx, finished);
        }
    }

    /// Sees to the end of a handler, and of all handlers that this starts and that end at once: in a loop and not one
    /// inside the other, for there may be many.
    fn settle(&mut self, cx: &mut Context<'_>, finished: Finished) {
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
        report(&finished);
        match (finished.purpose, finished.outcome) {
            (Purpose::Event { slot, lane, ack, .. }, outcome) => {
                match outcome {
                    Outcome::Failed(error) if error.is_malformed() => {
                        self.violate(cx, DecodeError::InvalidPayload.into());
                    }
                    Outcome::Panicked(_) => self.excuse(slot, ack),
                    Outcome::Done | Outcome::Failed(_) => {}
                }
                self.free(slot, lane);
            }
            (Purpose::Middleware(slot), Outcome::Done) => self.accept(cx, slot),
            (Purpose::Middleware(slot), Outcome::Failed(error)) => self.reject(slot, &error),
            (Purpose::Middleware(slot), Outcome::Panicked(_)) => self.reject(slot, &ClientError::internal()),
            (Purpose::Connect(slot), outcome) => {
                // One whose arrival was not seen to is half set up, and must not go on like that.
                if !matches!(outcome, Outcome::Done)
                    && let Some(joined) = self.joined(slot)
                {
                    joined.socket.disconnect();
                }
                self.free(slot, Some(Lane::All));
            }
            (Purpose::Disconnect, _) => {}
        }
    }

    /// Answers for a handler that panicked.
    fn excuse(&mut self, slot: Slot, ack: Option<u64>) {
        if let Some(id) = ack
            && let Some(joined) = self.joined(slot)
        {
            AckSender::new(joined.socket.clone(), Some(id)).refuse(&ClientError::internal());
        }
    }

    /// A handler has left its lane.
    fn free(&mut self, slot: Slot, lane: Option<Lane>) {
        if let (Some(lane), Some(joined)) = (lane, self.joined(slot)) {
            joined.lanes.free(lane);
        }
    }

    /// Events that wait for their turn.
    fn waiting(&self) -> usize {
        self.machine.slots().map(|(_, joined)| joined.lanes.waiting()).sum()
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
            joined.socket.retire(true);
        }
    }
}

/// Tells the log of a handler that did not end well. The client has a hand in what an error says: it is quoted.
fn report(finished: &Finished) {
    let Finished { purpose, outcome } = finished;
    match outcome {
        Outcome::Done => {}
        Outcome::Failed(error) => tracing::debug!(%purpose, error = ?error.message(), "a handler failed"),
        Outcome::Panicked(panic) => tracing::error!(%purpose, ?panic, "a handler panicked"),
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
