//! The way of a socket into a namespace.

use std::sync::Arc;
use std::task::Context;

use pintle_adapter::Pid;
use pintle_proto::{Args, Encoded, Slot, SocketId};
use pintle_transport::meter::Present;

use super::dispatch::{Client, Joined};
use super::jobs::Purpose;
use super::lanes::{Lane, Lanes};
use crate::error::ClientError;
use crate::event::EventResponse;
use crate::extract::EventParts;
use crate::namespaces::Found;
use crate::nsp::Nsp;
use crate::reason::DisconnectReason;
use crate::recovery::{Log, Past, Recall, Recalled, Ticket};
use crate::socket::Socket;

impl Client {
    /// Somebody wants in: looks for the namespace.
    pub(super) fn handle_connect(&mut self, cx: &mut Context<'_>, slot: Slot, namespace: &str, auth: Option<&str>) {
        self.look_for(cx, slot, namespace, auth, 0);
    }

    /// Looks for a namespace, among the dynamic ones from the given one on.
    fn look_for(&mut self, cx: &mut Context<'_>, slot: Slot, name: &str, auth: Option<&str>, from: usize) {
        match self.io.namespaces().find(name, from) {
            Found::Nsp(nsp) => self.enter(cx, slot, nsp, auth),
            Found::Ask { parent, predicate, nsp } => {
                // A socket for extractors to look at: it never comes further.
                let Some(id) = random_id() else {
                    return self.turn_away(slot, name, &ClientError::unexplained());
                };
                let socket = Socket::new(id, nsp, self.io.clone(), self.session.clone(), auth, None);
                self.machine.begin(slot, Joined::new(socket.clone()));
                let running = predicate.call(EventParts::new(socket), Args::empty());
                self.start(cx, Purpose::Predicate { slot, parent }, running);
            }
            Found::Nothing => {
                self.io.metrics().unknown_namespace();
                self.turn_away(slot, name, &ClientError::invalid_namespace());
            }
        }
    }

    /// A predicate has said whether there is a namespace of the name that it was asked for.
    pub(super) fn finish_predicate(&mut self, cx: &mut Context<'_>, slot: Slot, parent: usize, refused: bool) {
        let Some(asked) = self.machine.get(slot).map(|joined| joined.socket.clone()) else {
            return;
        };
        let auth = asked.auth_json();
        if refused {
            self.look_for(cx, slot, asked.namespace(), Some(auth), parent + 1);
        } else {
            let nsp = self.io.namespaces().enter(parent, asked.namespace(), None);
            self.enter(cx, slot, nsp, Some(auth));
        }
        // Another one has taken its place, or none. Whoever has kept it must see that it is over.
        drop(asked.retire(false, false));
        asked.deafen();
    }

    /// There is such a namespace. A client that was there before may get its socket of before.
    fn enter(&mut self, cx: &mut Context<'_>, slot: Slot, nsp: Arc<Nsp>, auth: Option<&str>) {
        let Some(log) = nsp.log() else {
            return self.enter_anew(cx, slot, nsp, auth);
        };
        let Some(past) = Past::read(auth) else {
            return self.enter_anew(cx, slot, nsp, auth);
        };
        if log.is_kept() {
            return self.ask_broker(cx, slot, nsp, past, auth);
        }
        match log.recall(&past, &self.session, None) {
            Recall::Socket(recalled) => self.enter_again(cx, slot, nsp, *recalled, auth),
            Recall::Unknown => {
                self.io.metrics().recalled(false);
                self.enter_anew(cx, slot, nsp, auth);
            }
            Recall::Wait => {
                let Some(socket) = self.new_socket(slot, nsp.clone(), auth) else {
                    return;
                };
                let waiting = socket.downgrade();
                self.machine.begin(slot, Joined::new(socket));
                let running = Box::pin(async move {
                    if let Some(log) = nsp.log() {
                        log.departure(&past, waiting).await;
                    }
                    EventResponse::empty()
                });
                self.start(cx, Purpose::Departure(slot), running);
            }
        }
    }

    /// Looks for the socket of before where all nodes can find it.
    fn ask_broker(&mut self, cx: &mut Context<'_>, slot: Slot, nsp: Arc<Nsp>, past: Past, auth: Option<&str>) {
        let Some(socket) = self.new_socket(slot, nsp.clone(), auth) else {
            return;
        };
        let waiting = socket.downgrade();
        self.machine.begin(slot, Joined::new(socket));
        let running = Box::pin(async move {
            if let Some(log) = nsp.log() {
                log.reclaim(&nsp, &past, waiting).await;
            }
            EventResponse::empty()
        });
        self.start(cx, Purpose::Departure(slot), running);
    }

    /// The socket of before has gone, and its disconnect handler has finished; or that takes too long.
    pub(super) fn finish_departure(&mut self, cx: &mut Context<'_>, slot: Slot) {
        let Some(waiting) = self.machine.get(slot).map(|joined| joined.socket.clone()) else {
            return;
        };
        let past = Past::read(Some(waiting.auth_json()));
        let recall = waiting.nsp().log().zip(past).map(|(log, past)| match log.is_kept() {
            true => match log.restore(waiting.nsp(), &past, &self.session, &waiting) {
                Some(recalled) => Recall::Socket(recalled),
                None => Recall::Unknown,
            },
            false => log.recall(&past, &self.session, Some(&waiting)),
        });
        if let Some(Recall::Socket(recalled)) = recall {
            self.enter_again(cx, slot, waiting.nsp().clone(), *recalled, Some(waiting.auth_json()));
        } else {
            self.io.metrics().recalled(false);
            self.ask_middleware(cx, slot, waiting);
        }
    }

    fn enter_anew(&mut self, cx: &mut Context<'_>, slot: Slot, nsp: Arc<Nsp>, auth: Option<&str>) {
        if let Some(socket) = self.new_socket(slot, nsp, auth) {
            self.ask_middleware(cx, slot, socket);
        }
    }

    fn enter_again(&mut self, cx: &mut Context<'_>, slot: Slot, nsp: Arc<Nsp>, recalled: Recalled, auth: Option<&str>) {
        let skip = nsp.log().is_some_and(Log::skips_middleware);
        let socket = Socket::recalled(recalled, nsp, self.io.clone(), self.session.clone(), auth);
        if skip {
            self.machine.begin(slot, Joined::new(socket));
            self.accept(cx, slot);
        } else {
            self.ask_middleware(cx, slot, socket);
        }
    }

    /// A new socket; if there is no randomness to make it of, the client is turned away.
    fn new_socket(&mut self, slot: Slot, nsp: Arc<Nsp>, auth: Option<&str>) -> Option<Socket> {
        let ticket = match nsp.log() {
            None => Some(None),
            Some(_) => entropy::<{ Pid::ENTROPY }>().map(|entropy| Some(Ticket::new(entropy))),
        };
        let Some((id, ticket)) = random_id().zip(ticket) else {
            self.io.namespaces().leave(&nsp);
            self.turn_away(slot, nsp.name(), &ClientError::unexplained());
            return None;
        };
        Some(Socket::new(id, nsp, self.io.clone(), self.session.clone(), auth, ticket))
    }

    /// Runs the middleware, if there is some.
    fn ask_middleware(&mut self, cx: &mut Context<'_>, slot: Slot, socket: Socket) {
        self.machine.begin(slot, Joined::new(socket.clone()));
        if socket.nsp().handlers().middleware.is_empty() {
            self.accept(cx, slot);
        } else {
            let nsp = socket.nsp().clone();
            let running = nsp.handlers().run_middleware(move || EventParts::new(socket.clone()));
            self.start(cx, Purpose::Middleware(slot), running);
        }
    }

    /// The middleware has accepted a socket.
    pub(super) fn accept(&mut self, cx: &mut Context<'_>, slot: Slot) {
        if !self.machine.accept(slot) {
            return;
        }
        let Some(joined) = self.machine.get_mut(slot) else {
            return;
        };
        let socket = joined.socket.clone();
        let nsp = socket.nsp();
        if let (Some(log), Some(ticket)) = (nsp.log(), socket.ticket()) {
            let returns = socket.is_recovered();
            let admitted = log.admit(&socket, ticket);
            if returns {
                self.io.metrics().recalled(admitted);
            }
            if !admitted {
                // Either the session is over, or what the client missed was lost while its middleware ran: then it has to
                // start anew.
                self.end(cx, DisconnectReason::ForcedServerClose);
                return self.session.close();
            }
            self.io.tidy();
        } else {
            if socket.welcome(Encoded::connect(socket.namespace(), socket.id().as_str(), None)).is_err() {
                // The session is over, and its end will come here.
                return;
            }
            socket.accept().report(&socket);
        }
        self.io.metrics().accepted();
        joined.present = nsp.handlers().metrics.entered();
        self.io.namespaces().announce(nsp);
        if let Some(endpoint) = nsp.handlers().connect.clone() {
            joined.lanes.take_up(Lane::All);
            let running = endpoint.call(EventParts::new(socket.clone()), Args::empty());
            self.start(cx, Purpose::Connect { slot, socket }, running);
        }
    }

    /// The middleware has refused a socket, or panicked.
    pub(super) fn reject(&mut self, slot: Slot, error: &ClientError) {
        if let Some(joined) = self.machine.leave(slot) {
            drop(joined.socket.retire(true, false));
            joined.socket.deafen();
            self.io.metrics().refused();
            self.refuse(joined.socket.namespace(), error);
        }
    }

    /// There is nothing of a socket yet, and there will not be.
    fn turn_away(&mut self, slot: Slot, namespace: &str, error: &ClientError) {
        self.machine.leave(slot);
        self.refuse(namespace, error);
    }

    /// Says that a namespace cannot be joined. The connection stays.
    fn refuse(&self, namespace: &str, error: &ClientError) {
        match Encoded::connect_error(namespace, error.message(), error.data()) {
            Ok(packet) => {
                // If the session is over, nobody is left to be told.
                let _ = self.session.send_or_close(packet);
            }
            Err(error) => tracing::error!(%error, "a refusal cannot be encoded"),
        }
    }
}

impl Joined {
    fn new(socket: Socket) -> Self {
        Self { socket, lanes: Lanes::default(), stack: None, present: Present::nowhere() }
    }
}

fn random_id() -> Option<SocketId> {
    entropy().map(SocketId::from_entropy)
}

fn entropy<const N: usize>() -> Option<[u8; N]> {
    let mut entropy = [0; N];
    getrandom::fill(&mut entropy)
        .inspect_err(|error| tracing::error!(%error, "no randomness for a socket id"))
        .ok()
        .map(|()| entropy)
}
