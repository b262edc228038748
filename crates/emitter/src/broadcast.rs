//! Whom an event is for, and how it is sent.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pintle_adapter::IntoRooms;
use pintle_adapter::cluster::{Event, Message, Targets};
use pintle_proto::Encoded;
use serde::Serialize;

use crate::broker::Cluster;
use crate::error::EmitError;

/// Whom a broadcast is for, and how it is sent: what [`Emitter::to`](crate::Emitter::to) and its kin give. Node's
/// `BroadcastOperator`.
///
/// Rooms add up, and each socket gets an event once. Each method gives a new operator; nothing happens before what the last one
/// gives is awaited.
///
/// ```no_run
/// use pintle_emitter::{EmitError, Emitter};
///
/// async fn announce(io: &Emitter) -> Result<(), EmitError> {
///     io.to(["lobby", "bar"]).except("muted").emit("news", "it is five o'clock").await
/// }
/// ```
#[doc(alias = "BroadcastOperator")]
#[derive(Clone)]
#[must_use = "nothing happens before `emit` or another last call"]
pub struct Broadcast {
    cluster: Arc<Cluster>,
    nsp: Arc<str>,
    targets: Targets,
}

impl Broadcast {
    pub(crate) fn new(cluster: Arc<Cluster>, nsp: Arc<str>) -> Self {
        Self { cluster, nsp, targets: Targets::default() }
    }

    /// Adds those in these rooms; the id of a socket is a room too. As long as no room was named, everybody is meant: an empty
    /// list names none. Node's `to`.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        rooms.each(|room| self.targets.select.rooms.push(room.into()));
        self
    }

    /// The same as [`to`](Self::to). Node's `in`.
    #[doc(alias = "in")]
    pub fn in_(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// Leaves out those in these rooms. Node's `except`.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        rooms.each(|room| self.targets.select.except.push(room.into()));
        self
    }

    /// Drops the event for those to whom it cannot go out at once. Node's `volatile`.
    pub const fn volatile(mut self) -> Self {
        self.targets.flags.volatile = true;
        self
    }

    /// Whether the event is worth compressing, for servers that compress. Node's `compress`; unless it is said, the server
    /// decides.
    pub const fn compress(mut self, compress: bool) -> Self {
        self.targets.flags.compress = Some(compress);
        self
    }

    /// Emits an event. What it gives is ready when the broker has taken it, not when clients have it.
    ///
    /// The data is anything that serde can serialise: a tuple is several arguments, `()` none, and anything else one. Bytes,
    /// which is what `bytes::Bytes` and the types of `serde_bytes` serialise as, travel as binary wherever they are.
    ///
    /// What is awaited one after another arrives in that order.
    ///
    /// # Errors
    ///
    /// When the data is no JSON, the name is reserved, or the broker cannot be reached or does not take it. That nobody listens
    /// is no error.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Emit {
        self.tell(encoded(event, data).map(|event| Message::Broadcast {
            event,
            to: self.targets.clone(),
            request: None,
        }))
    }

    /// Emits the event `message`. Node's `send`.
    pub fn send(&self, data: impl Serialize) -> Emit {
        self.emit("message", data)
    }

    /// Has all of them join rooms. Node's `socketsJoin`.
    #[doc(alias = "socketsJoin")]
    pub fn join(&self, rooms: impl IntoRooms) -> Emit {
        self.tell(Ok(Message::Join { to: self.targets.clone(), rooms: names(rooms) }))
    }

    /// Has all of them leave rooms. Node's `socketsLeave`.
    #[doc(alias = "socketsLeave")]
    pub fn leave(&self, rooms: impl IntoRooms) -> Emit {
        self.tell(Ok(Message::Leave { to: self.targets.clone(), rooms: names(rooms) }))
    }

    /// Disconnects all of them from the namespace. Node's `disconnectSockets()`.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect(&self) -> Emit {
        self.tell(Ok(Message::Disconnect { to: self.targets.clone(), close: false }))
    }

    /// Closes the connections of all of them. Node's `disconnectSockets(true)`.
    #[doc(alias = "disconnectSockets")]
    pub fn close_connections(&self) -> Emit {
        self.tell(Ok(Message::Disconnect { to: self.targets.clone(), close: true }))
    }

    pub(crate) fn server_side_emit(&self, event: &str, data: impl Serialize) -> Emit {
        let event = match event {
            "connection" | "new_namespace" => Err(EmitError::reserved(event)),
            _ => encoded(event, data),
        };
        self.tell(event.map(|event| Message::SideEmit { event, request: None }))
    }

    fn tell(&self, message: Result<Message, EmitError>) -> Emit {
        let (cluster, nsp) = (self.cluster.clone(), self.nsp.clone());
        Emit(Box::pin(async move { cluster.tell(&nsp, message?).await }))
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.nsp)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// Something on its way to the broker, once it is awaited.
///
/// If it is dropped before it is ready, the broker may have it or not.
#[must_use = "nothing is sent unless it is awaited"]
pub struct Emit(Pin<Box<dyn Future<Output = Result<(), EmitError>> + Send>>);

impl Future for Emit {
    type Output = Result<(), EmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Emit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emit").finish_non_exhaustive()
    }
}

/// As a server's `emit` encodes it.
fn encoded(event: &str, data: impl Serialize) -> Result<Event, EmitError> {
    let packet = Encoded::event("/", None, event, &data)?;
    let (name, args) = packet.event_args().ok_or_else(EmitError::ghost)?;
    Ok(Event { name, args })
}

fn names(rooms: impl IntoRooms) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    rooms.each(|room| names.push(room.into()));
    names
}
