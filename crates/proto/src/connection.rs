//! One client's connection: which namespaces it joined, and what may follow what.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use smallvec::SmallVec;

use crate::args::Args;
use crate::assemble::{Head, Partial};
use crate::config::Config;
use crate::decode::check;
use crate::error::{DecodeError, ProtocolError, Violation};
use crate::incoming::Incoming;
use crate::packet::{Kind, Packet};

/// The place of a namespace in a connection.
///
/// It holds for one join: after the namespace was left it names nothing, whatever comes to the same place later.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slot {
    index: u32,
    generation: u32,
}

/// One client's Socket.IO connection: which namespaces it joined, and what may follow what.
///
/// `S` is what the caller keeps for a namespace that is joined or being joined. A namespace goes through these stages:
/// announced ([`Incoming::Connect`]), pending ([`begin`](Self::begin)), joined ([`accept`](Self::accept)), gone
/// ([`leave`](Self::leave) or [`dismiss`](Self::dismiss), at any time). A [`Violation`] is final: the caller closes the connection and drops this.
pub struct Connection<S> {
    config: Arc<Config>,
    /// One namespace is the rule, and a few are found fastest by looking at each.
    places: SmallVec<[Option<Place<S>>; 1]>,
    /// Joins so far, to tell one from another. They would have to be 2^32 for a slot to return.
    generation: u32,
    partial: Option<Box<Partial>>,
    connect: ConnectTimer,
    /// The latest time that was told.
    now: Instant,
}

struct Place<S> {
    /// `None` for the main namespace, which then costs no allocation.
    name: Option<Box<str>>,
    generation: u32,
    stage: Stage,
    state: Option<S>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Announced or pending.
    Joining,
    Joined,
    /// The client left, and the caller has yet to notice.
    Left,
    /// The server left. What the client sent before it knew is no violation, and nobody's concern.
    Dismissed,
}

/// The wait for a first namespace, or for another one after the last was left.
enum ConnectTimer {
    Off,
    /// To be started at the next occasion: who leaves a namespace does not say what time it is.
    Due,
    Until(Instant),
}

impl<S> Connection<S> {
    /// A connection without namespaces; the client has the time of [`Config::connect_timeout`] to join one.
    pub fn new(config: Arc<Config>, now: Instant) -> Self {
        let connect = ConnectTimer::Until(now + config.connect_timeout());
        Self { config, places: SmallVec::new(), generation: 0, partial: None, connect, now }
    }

    /// Takes a text message: the payload, without Engine.IO's type digit.
    ///
    /// `None` if the packet is not complete yet, or nobody needs to know of it.
    ///
    /// # Errors
    ///
    /// If the client broke the protocol.
    pub fn handle_text<'a>(&mut self, now: Instant, text: &'a str) -> Result<Option<Incoming<'a>>, Violation> {
        self.advance(now);
        if self.partial.is_some() {
            return Err(DecodeError::UnexpectedText.into());
        }
        let packet = Packet::decode(text, &self.config)?;
        match packet.kind {
            Kind::Event => self.handle_event(&packet),
            Kind::Ack => self.handle_ack(&packet),
            Kind::Connect => self.handle_connect(&packet).map(Some),
            Kind::Disconnect => self.handle_disconnect(&packet),
            Kind::ConnectError => Err(ProtocolError::ConnectError.into()),
        }
    }

    /// Takes a binary message, which is the next attachment of a packet.
    ///
    /// # Errors
    ///
    /// If the client broke the protocol.
    pub fn handle_binary(&mut self, now: Instant, data: &[u8]) -> Result<Option<Incoming<'static>>, Violation> {
        self.advance(now);
        let Some(partial) = &mut self.partial else {
            return Err(DecodeError::UnexpectedBinary.into());
        };
        if !partial.push(now, data, &self.config)? {
            return Ok(None);
        }
        let Some(partial) = self.partial.take() else {
            return Ok(None);
        };
        let (slot, head, args) = partial.finish()?;
        Ok(if self.is_joined(slot) { incoming(slot, head, args) } else { None })
    }

    /// Takes note of the time; to be called when [`poll_timeout`](Self::poll_timeout) says, and harmless otherwise.
    ///
    /// # Errors
    ///
    /// If the client was to do something by now, and did not.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Violation> {
        self.advance(now);
        if self.partial.as_ref().is_some_and(|partial| partial.deadline() <= now) {
            return Err(DecodeError::AttachmentTimeout.into());
        }
        match self.connect {
            ConnectTimer::Until(deadline) if deadline <= now => Err(ProtocolError::ConnectTimeout.into()),
            _ => Ok(()),
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout); possibly at once. Any other call can change it.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let attachment = self.partial.as_ref().map(|partial| partial.deadline());
        let connect = match self.connect {
            ConnectTimer::Off => None,
            ConnectTimer::Due => Some(self.now),
            ConnectTimer::Until(deadline) => Some(deadline),
        };
        attachment.into_iter().chain(connect).min()
    }

    /// Keeps the caller's state for a slot that [`Incoming::Connect`] announced.
    ///
    /// Nothing happens if the slot is gone.
    pub fn begin(&mut self, slot: Slot, state: S) {
        if let Some(place) = self.place_mut(slot) {
            place.state = Some(state);
        }
    }

    /// Makes a pending namespace a joined one, so that its packets are let through.
    ///
    /// False if the slot is gone, or either side has left it meanwhile.
    pub fn accept(&mut self, slot: Slot) -> bool {
        let Some(place) = self.place_mut(slot) else {
            return false;
        };
        if matches!(place.stage, Stage::Left | Stage::Dismissed) {
            return false;
        }
        place.stage = Stage::Joined;
        self.connect = ConnectTimer::Off;
        true
    }

    /// Ends a namespace that the server leaves. Packets that the client sent before it knew are passed over, until it
    /// joins again: in Node they close the whole connection.
    ///
    /// When no joined namespace is left, the client has the time of [`Config::connect_timeout`] to join another one.
    pub fn dismiss(&mut self, slot: Slot) -> Option<S> {
        let place = self.place_mut(slot)?;
        place.stage = Stage::Dismissed;
        let state = place.state.take();
        self.rearm();
        state
    }

    /// Forgets a namespace: refused, or left by the client. A packet that lacks attachments goes with it.
    ///
    /// When no joined namespace is left, the client has the time of [`Config::connect_timeout`] to join another one.
    pub fn leave(&mut self, slot: Slot) -> Option<S> {
        self.place_mut(slot)?;
        let place = self.places[slot.index as usize].take()?;
        while matches!(self.places.last(), Some(None)) {
            self.places.pop();
        }
        if self.partial.as_ref().is_some_and(|partial| partial.slot() == slot) {
            self.partial = None;
        }
        self.rearm();
        place.state
    }

    /// What the caller keeps for a slot.
    pub fn get(&self, slot: Slot) -> Option<&S> {
        self.place(slot)?.state.as_ref()
    }

    /// What the caller keeps for a slot.
    pub fn get_mut(&mut self, slot: Slot) -> Option<&mut S> {
        self.place_mut(slot)?.state.as_mut()
    }

    /// The slots for which something is kept, joined or not.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, &S)> {
        self.places.iter().enumerate().filter_map(|(index, place)| {
            let place = place.as_ref()?;
            let slot = slot(index, place.generation);
            Some((slot, place.state.as_ref()?))
        })
    }

    /// Forgets all namespaces, as the connection is gone.
    pub fn drain(&mut self) -> impl Iterator<Item = S> {
        self.partial = None;
        self.places.drain(..).filter_map(|place| place?.state)
    }

    /// Whether a slot's namespace is joined: accepted, and left by nobody.
    pub fn is_joined(&self, slot: Slot) -> bool {
        self.place(slot).is_some_and(|place| place.stage == Stage::Joined)
    }

    fn handle_event<'a>(&mut self, packet: &Packet<'a>) -> Result<Option<Incoming<'a>>, Violation> {
        let (name, args) = packet.event(&self.config)?;
        let slot = self.addressed(packet.namespace)?;
        let id = packet.id;
        if packet.attachments == 0 {
            if !self.is_joined(slot) {
                return Ok(None);
            }
            let args = Args::from_text(args);
            return Ok(Some(Incoming::Event { slot, id, name, args }));
        }
        let name = name.into_owned();
        self.await_attachments(packet, slot, Head::Event { id, name }, args);
        Ok(None)
    }

    fn handle_ack<'a>(&mut self, packet: &Packet<'a>) -> Result<Option<Incoming<'a>>, Violation> {
        let args = packet.ack()?;
        let slot = self.addressed(packet.namespace)?;
        let head = Head::Ack { id: packet.id };
        if packet.attachments == 0 {
            return Ok(if self.is_joined(slot) { incoming(slot, head, Args::from_text(args)) } else { None });
        }
        self.await_attachments(packet, slot, head, args);
        Ok(None)
    }

    fn handle_connect<'a>(&mut self, packet: &Packet<'a>) -> Result<Incoming<'a>, Violation> {
        let namespace = packet.namespace;
        let auth = (!packet.data.is_empty()).then_some(packet.data);
        if packet.id.is_some() || !auth.is_none_or(is_object) {
            return Err(DecodeError::InvalidPayload.into());
        }
        match self.find(namespace) {
            None => {}
            Some((slot, Stage::Dismissed)) => drop(self.leave(slot)),
            Some(_) => return Err(ProtocolError::DuplicateConnect.into()),
        }
        let slot = self.announce(namespace)?;
        Ok(Incoming::Connect { slot, namespace, auth })
    }

    fn handle_disconnect<'a>(&mut self, packet: &Packet<'a>) -> Result<Option<Incoming<'a>>, Violation> {
        if packet.id.is_some() || !packet.data.is_empty() {
            return Err(DecodeError::InvalidPayload.into());
        }
        let slot = self.addressed(packet.namespace)?;
        if !self.is_joined(slot) {
            // Both sides left at the same time.
            self.leave(slot);
            return Ok(None);
        }
        if let Some(place) = self.place_mut(slot) {
            place.stage = Stage::Left;
        }
        Ok(Some(Incoming::Disconnect { slot }))
    }

    fn await_attachments(&mut self, packet: &Packet<'_>, slot: Slot, head: Head, args: &str) {
        let partial = Partial::new(self.now, slot, head, args, packet.attachments, &self.config);
        self.partial = Some(Box::new(partial));
    }

    fn announce(&mut self, namespace: &str) -> Result<Slot, ProtocolError> {
        let mut free = self.places.iter().position(Option::is_none);
        if free.is_none() && self.places.len() >= self.config.max_namespaces() {
            let dismissed = |place: &Option<Place<S>>| matches!(place, Some(place) if place.stage == Stage::Dismissed);
            free = self.places.iter().position(dismissed);
        }
        let index = free.unwrap_or(self.places.len());
        if index >= self.config.max_namespaces() {
            return Err(ProtocolError::TooManyNamespaces);
        }
        self.generation = self.generation.wrapping_add(1);
        let place = Some(Place {
            name: (namespace != "/").then(|| namespace.into()),
            generation: self.generation,
            stage: Stage::Joining,
            state: None,
        });
        if free.is_some() {
            self.places[index] = place;
        } else {
            self.places.push(place);
        }
        Ok(slot(index, self.generation))
    }

    /// The slot of a namespace whose packets are let through, or passed over because the server has left it.
    fn addressed(&self, namespace: &str) -> Result<Slot, ProtocolError> {
        match self.find(namespace) {
            Some((slot, Stage::Joined | Stage::Dismissed)) => Ok(slot),
            _ => Err(ProtocolError::NotJoined),
        }
    }

    /// Starts the connect timeout again if no namespace is joined any more.
    fn rearm(&mut self) {
        let idle = !self.places.iter().flatten().any(|place| place.stage == Stage::Joined);
        if idle && matches!(self.connect, ConnectTimer::Off) {
            self.connect = ConnectTimer::Due;
        }
    }

    fn find(&self, namespace: &str) -> Option<(Slot, Stage)> {
        let name = Some(namespace).filter(|&name| name != "/");
        self.places.iter().enumerate().find_map(|(index, place)| {
            let place = place.as_ref()?;
            let found = place.stage != Stage::Left && place.name.as_deref() == name;
            found.then(|| (slot(index, place.generation), place.stage))
        })
    }

    fn place(&self, slot: Slot) -> Option<&Place<S>> {
        let place = self.places.get(slot.index as usize)?.as_ref()?;
        (place.generation == slot.generation).then_some(place)
    }

    fn place_mut(&mut self, slot: Slot) -> Option<&mut Place<S>> {
        let place = self.places.get_mut(slot.index as usize)?.as_mut()?;
        (place.generation == slot.generation).then_some(place)
    }

    fn advance(&mut self, now: Instant) {
        self.now = now;
        if matches!(self.connect, ConnectTimer::Due) {
            self.connect = ConnectTimer::Until(now + self.config.connect_timeout());
        }
    }
}

impl<S> std::fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("namespaces", &self.places.iter().flatten().count())
            .field("awaits_attachments", &self.partial.is_some())
            .finish_non_exhaustive()
    }
}

fn slot(index: usize, generation: u32) -> Slot {
    // A connection has far fewer namespaces; should it not, the generation tells them apart all the same.
    let index = index as u32;
    Slot { index, generation }
}

/// An acknowledgement of nothing is ignored, as in Node.
fn incoming(slot: Slot, head: Head, args: Args) -> Option<Incoming<'static>> {
    match head {
        Head::Event { id, name } => Some(Incoming::Event { slot, id, name: Cow::Owned(name), args }),
        Head::Ack { id } => id.map(|id| Incoming::Ack { slot, id, args }),
    }
}

fn is_object(json: &str) -> bool {
    json.starts_with('{') && matches!(check(json), Ok(1))
}

#[cfg(test)]
mod tests;
