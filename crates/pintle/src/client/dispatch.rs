//! The way of a packet to its handler, and of a socket from its middleware to its end.

use std::fmt;
use std::task::Context;
use std::time::Instant;

use pintle_proto::{Args, Connection as Machine, DecodeError, Encoded, Incoming, Slot, SocketId, Violation};
use pintle_transport::{CloseReason, Connection, Message, SessionHandle};

use super::jobs::{Finished, Jobs, Outcome, Purpose};
use super::lanes::{Lane, Lanes, Waiting};
use crate::error::ClientError;
use crate::extract::EventParts;
use crate::io::SocketIo;
use crate::reason::DisconnectReason;
use crate::socket::{Socket, Stage};

/// One client, in all its namespaces.
pub(crate) struct Client {
    io: SocketIo,
    session: SessionHandle,
    machine: Machine<Joined>,
    jobs: Jobs,
    /// Sockets that ended while their connect handler ran: the disconnect handler comes after it.
    leaving: Vec<(Slot, Socket, DisconnectReason)>,
    /// The server closes the connection: its sockets are still to be told.
    closing: bool,
    /// The connection closes: what the client still says does not count.
    ended: bool,
}

/// A namespace that the client is in.
struct Joined {
    socket: Socket,
    lanes: Lanes,
    /// Its connect handler runs.
    connecting: bool,
}

impl Client {
    pub(super) fn new(io: SocketIo, session: SessionHandle, now: Instant) -> Self {
        let machine = Machine::new(io.config().proto.clone(), now);
        Self { io, session, machine, jobs: Jobs::default(), leaving: Vec::new(), closing: false, ended: false }
    }

    fn handle_incoming(&mut self, cx: &mut Context<'_>, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Connect { slot, namespace, auth } => self.handle_connect(cx, slot, namespace, auth),
            Incoming::Event { slot, id, name, args } => self.handle_event(cx, slot, &name, id, args),
            Incoming::Ack { slot, id, args } => {
                if let Some(joined) = self.machine.get(slot) {
                    joined.socket.acknowledged(id, args);
                }
            }
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
            self.refuse(namespace, &ClientError::new("internal error"));
            return;
        }
        let id = SocketId::from_entropy(entropy);
        let socket = Socket::new(id, nsp.clone(), self.io.clone(), self.session.clone(), auth);
        self.machine.begin(slot, Joined { socket: socket.clone(), lanes: Lanes::default(), connecting: false });
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
        let welcome = Encoded::connect(socket.namespace(), socket.id().as_str());
        if socket.send(&welcome).is_err() {
            // The middleware has disconnected it, or the session is over: the next poll will see to it.
            return;
        }
        socket.accept();
        if let Some(endpoint) = socket.nsp().handlers().connect.clone() {
            joined.connecting = true;
            joined.lanes.take_up(Lane::All);
            let running = endpoint.call(EventParts::new(socket), Args::empty());
            self.start(cx, Purpose::Connect(slot), running);
        }
    }

    /// The middleware has refused a socket, or panicked.
    fn reject(&mut self, slot: Slot, error: &ClientError) {
        if let Some(joined) = self.machine.leave(slot) {
            joined.socket.retire();
            self.refuse(joined.socket.namespace(), error);
        }
    }

    /// Says that a namespace cannot be joined. The connection stays.
    fn refuse(&self, namespace: &str, error: &ClientError) {
        match Encoded::connect_error(namespace, error.message(), error.data()) {
            // If the session is over, nobody is left to be told.
            Ok(packet) => {
                let _ = self.session.send(packet.frames());
            }
            Err(error) => tracing::error!(%error, "a refusal cannot be encoded"),
        }
    }

    /// Calls the handler of an event, or has it wait for its turn.
    fn handle_event(&mut self, cx: &mut Context<'_>, slot: Slot, name: &str, ack: Option<u64>, args: Args) {
        let Some(joined) = self.machine.get_mut(slot) else {
            return;
        };
        if !joined.socket.is_connected() {
            return;
        }
        let handlers = joined.socket.nsp().handlers();
        let lane = match handlers.event(name) {
            _ if handlers.sequential => Some(Lane::All),
            Some((_, entry)) => entry.lane.map(Lane::Event),
            None => None,
        };
        if joined.lanes.is_blocked(lane) {
            joined.lanes.wait(Waiting { lane, event: name.into(), ack, args });
        } else {
            self.run_event(cx, slot, name, lane, ack, args);
        }
    }

    fn run_event(
        &mut self,
        cx: &mut Context<'_>,
        slot: Slot,
        name: &str,
        lane: Option<Lane>,
        ack: Option<u64>,
        args: Args,
    ) {
        let Some(joined) = self.machine.get_mut(slot) else {
            return;
        };
        let socket = joined.socket.clone();
        let Some((event, entry)) = socket.nsp().handlers().event(name) else {
            if args.validate().is_err() {
                self.violate(cx, Violation::Decode(DecodeError::InvalidPayload));
            }
            return;
        };
        if let Some(lane) = lane {
            joined.lanes.take_up(lane);
        }
        let parts = EventParts::for_event(socket.clone(), event.clone(), ack);
        let running = entry.endpoint.clone().call(parts, args);
        self.start(cx, Purpose::Event { slot, event: event.clone(), lane }, running);
    }

    fn start(&mut self, cx: &mut Context<'_>, purpose: Purpose, running: crate::handler::Running) {
        if let Some(finished) = self.jobs.start(cx, purpose, running) {
            self.finish(cx, finished);
        }
    }

    /// A handler has finished.
    fn finish(&mut self, cx: &mut Context<'_>, finished: Finished) {
        report(&finished);
        match (finished.purpose, finished.outcome) {
            (Purpose::Event { .. }, Outcome::Failed(error)) if error.is_malformed() => {
                self.violate(cx, Violation::Decode(DecodeError::InvalidPayload));
            }
            (Purpose::Event { slot, lane: Some(lane), .. }, _) => self.free(cx, slot, lane),
            (Purpose::Middleware(slot), Outcome::Done) => self.accept(cx, slot),
            (Purpose::Middleware(slot), Outcome::Failed(error)) => self.reject(slot, &error),
            (Purpose::Middleware(slot), Outcome::Panicked(_)) => self.reject(slot, &ClientError::new("internal error")),
            (Purpose::Connect(slot), _) => {
                if let Some(joined) = self.machine.get_mut(slot) {
                    joined.connecting = false;
                }
                if let Some(at) = self.leaving.iter().position(|(leaving, ..)| *leaving == slot) {
                    let (_, socket, reason) = self.leaving.swap_remove(at);
                    self.say_goodbye(cx, socket, reason);
                }
                self.free(cx, slot, Lane::All);
            }
            (Purpose::Event { lane: None, .. } | Purpose::Disconnect, _) => {}
        }
    }

    /// Starts the events that waited for a lane.
    fn free(&mut self, cx: &mut Context<'_>, slot: Slot, lane: Lane) {
        if let Some(joined) = self.machine.get_mut(slot) {
            joined.lanes.free(lane);
        }
        while let Some(next) = self.machine.get_mut(slot).and_then(|joined| joined.lanes.next()) {
            self.run_event(cx, slot, &next.event, next.lane, next.ack, next.args);
        }
    }

    /// The socket's end, whoever wanted it.
    fn leave(&mut self, cx: &mut Context<'_>, slot: Slot, reason: DisconnectReason) {
        if let Some(joined) = self.machine.leave(slot) {
            self.part(cx, slot, joined, reason);
        }
    }

    fn part(&mut self, cx: &mut Context<'_>, slot: Slot, joined: Joined, reason: DisconnectReason) {
        let Joined { socket, connecting, .. } = joined;
        // The client may have left just before the server came to close: the connection ends all the same.
        self.closing |= socket.stage() == Stage::Closing;
        // One that never connected need not be said goodbye to.
        let connected = socket.retire();
        tracing::debug!(socket = %socket.id(), namespace = socket.namespace(), %reason, "socket disconnected");
        if !connected {
            return;
        }
        if connecting {
            self.leaving.push((slot, socket, reason));
        } else {
            self.say_goodbye(cx, socket, reason);
        }
    }

    fn say_goodbye(&mut self, cx: &mut Context<'_>, socket: Socket, reason: DisconnectReason) {
        if let Some(endpoint) = socket.nsp().handlers().disconnect.clone() {
            let running = endpoint.call(EventParts::for_disconnect(socket, reason), Args::empty());
            self.start(cx, Purpose::Disconnect, running);
        }
    }

    /// The client broke the protocol: all its sockets end, and the connection closes once it has what waits for it.
    fn violate(&mut self, cx: &mut Context<'_>, violation: Violation) {
        if !self.ended {
            tracing::debug!(%violation, "protocol violation");
            self.end(cx, violation.into());
            self.session.close();
        }
    }

    /// Ends all sockets.
    fn end(&mut self, cx: &mut Context<'_>, reason: DisconnectReason) {
        self.ended = true;
        let slots: Vec<_> = self.machine.slots().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.leave(cx, slot, reason);
        }
    }

    /// Sees to the sockets that the server disconnects.
    fn dismiss(&mut self, cx: &mut Context<'_>) {
        let latest = self.machine.slots().map(|(_, joined)| joined.socket.stage()).max();
        self.closing |= latest == Some(Stage::Closing);
        if std::mem::take(&mut self.closing) {
            for (_, joined) in self.machine.slots() {
                self.say_disconnect(&joined.socket);
            }
            self.end(cx, DisconnectReason::ServerNamespaceDisconnect);
            self.closing = false;
            self.session.close();
        } else if latest == Some(Stage::Leaving) {
            let leaving = self.machine.slots().filter(|(_, joined)| joined.socket.stage() == Stage::Leaving);
            let leaving: Vec<_> = leaving.map(|(slot, joined)| (slot, joined.socket.clone())).collect();
            for (slot, socket) in leaving {
                self.say_disconnect(&socket);
                self.leave(cx, slot, DisconnectReason::ServerNamespaceDisconnect);
            }
        }
    }

    fn say_disconnect(&self, socket: &Socket) {
        // If the session is over, nobody is left to be told.
        let _ = self.session.send(Encoded::disconnect(socket.namespace()).frames());
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
            self.finish(cx, finished);
        }
        self.dismiss(cx);
    }

    fn is_ready(&self) -> bool {
        let waiting: usize = self.machine.slots().map(|(_, joined)| joined.lanes.waiting()).sum();
        self.jobs.len() + waiting < self.io.config().max_running
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

/// Tells the log of a handler that did not end well.
fn report(finished: &Finished) {
    let Finished { purpose, outcome } = finished;
    match (purpose, outcome) {
        (_, Outcome::Done) => {}
        (Purpose::Middleware(_), Outcome::Failed(error)) => tracing::debug!(%error, "a middleware refused a socket"),
        (Purpose::Event { event, .. }, Outcome::Failed(error)) => tracing::warn!(%event, %error, "a handler failed"),
        (_, Outcome::Failed(error)) => tracing::warn!(?purpose, %error, "a handler failed"),
        (_, Outcome::Panicked(panic)) => tracing::error!(?purpose, %panic, "a handler panicked"),
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
