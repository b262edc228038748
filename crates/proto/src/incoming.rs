//! What a client's packets mean.

use std::borrow::Cow;

use crate::args::Args;
use crate::connection::Slot;

/// A packet that a client may send now, whole and addressed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Incoming<'a> {
    /// The client wants to join a namespace. Answer by [`begin`](crate::Connection::begin), and sooner or later
    /// [`accept`](crate::Connection::accept) or [`leave`](crate::Connection::leave).
    Connect {
        /// The place that the namespace gets.
        slot: Slot,
        /// The namespace, exactly as the client wrote it.
        namespace: &'a str,
        /// What the client says for itself: the text of a JSON object.
        auth: Option<&'a str>,
    },
    /// An event.
    Event {
        /// The namespace, which is joined.
        slot: Slot,
        /// The id to acknowledge, if the client asked for that.
        id: Option<u64>,
        /// The event's name.
        name: Cow<'a, str>,
        /// Its arguments.
        args: Args,
    },
    /// An acknowledgement. The id is the client's word: perhaps nobody waits for it.
    Ack {
        /// The namespace, which is joined.
        slot: Slot,
        /// The id that the event was sent with.
        id: u64,
        /// What the client answered.
        args: Args,
    },
    /// The client left a namespace: its packets are refused from here on. Call [`leave`](crate::Connection::leave).
    Disconnect {
        /// The namespace, which was joined.
        slot: Slot,
    },
}
