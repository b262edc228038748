//! What carries messages: the seam between the cluster and a broker.

use std::fmt;
use std::sync::Arc;

use super::dialect::{Dialect, Topic, Transmit};
use super::entry_id::EntryId;

/// A way to other nodes: what a server is given, as `RedisAdapter` of `pintle-redis`. Node's `adapter`.
///
/// Whoever writes one for another broker chooses a [`Dialect`], or writes one, and a [`Driver`] that carries its bytes.
pub trait Adapter: fmt::Debug + Send + Sync + 'static {
    /// How nodes speak to each other. Each namespace has one of its own.
    fn dialect(&self) -> Box<dyn Dialect>;

    /// Begins to carry: what comes from now on is given to the listener. It is called once, by the server that the adapter
    /// was given to.
    fn open(&self, listener: Arc<dyn Listener>) -> Arc<dyn Driver>;
}

/// Carries bytes to a broker, and knows nothing of what they say.
///
/// It has tasks of its own, which end when it is dropped. It connects again by itself, after a pause that grows and is not the
/// same for all, and then listens to everything that it is to listen to.
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// Has something carried, after everything that it was given before; it neither waits nor calls the listener. False if it
    /// is dropped instead, because the broker is away or too much waits for it.
    ///
    /// What is to be listened to is never dropped, but remembered.
    #[must_use = "what is dropped is to be counted"]
    fn transmit(&self, transmit: Transmit) -> bool;

    /// Whether the broker is there, as far as is known.
    fn is_connected(&self) -> bool;

    /// Sends what waits, as far as the broker is there, and ends: the listener hears of [`Closed`](Incoming::Closed).
    fn close(&self);
}

/// Who hears what comes. It is called by the driver's tasks, never within [`Driver::transmit`], and does not wait: what comes
/// on one topic is given to it in order.
pub trait Listener: Send + Sync + 'static {
    /// Something has come.
    fn hear(&self, incoming: Incoming<'_>);
}

/// What comes from a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// What somebody published.
    Message {
        /// What was listened to.
        topic: &'a Topic,
        /// Where it was published: of a pattern, the channel that matches.
        channel: &'a str,
        /// What it is.
        payload: &'a [u8],
    },
    /// An entry of a stream.
    Entry {
        /// Which.
        stream: &'a str,
        /// Its place in the stream.
        id: &'a str,
        /// Its fields, in their order.
        fields: &'a [(String, String)],
    },
    /// The answer to [`Transmit::Count`]; nothing if the broker did not say.
    Counted {
        /// For which request.
        request: &'a str,
        /// So many listen.
        nodes: Option<usize>,
    },
    /// The answer to [`Transmit::Claim`].
    Claimed {
        /// For which request.
        request: &'a str,
        /// What there is; nothing if the broker did not say, or more than is reasonable was to be read.
        claimed: Option<&'a Claimed>,
    },
    /// A stream is read from now on.
    Reading {
        /// Which.
        stream: &'a str,
        /// After which entry.
        after: EntryId,
    },
    /// Entries of a stream may be gone that were never heard: it is kept too short for how long they waited.
    Gap {
        /// The stream.
        stream: &'a str,
    },
    /// Everything that was asked for until now is listened to: for the first time, or again.
    Listening,
    /// The broker is away. What is published meanwhile is not heard, but for streams.
    CutOff,
    /// So many messages were taken by [`Driver::transmit`], and could not be delivered after all.
    Lost(usize),
    /// The driver has sent what it had, and ends.
    Closed,
}

/// What [`Transmit::Claim`] has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The session, if there was one.
    pub session: Option<String>,
    /// The entries of the stream, each with its id, from the one that was named to the last one there is.
    pub entries: Vec<(EntryId, Vec<(String, String)>)>,
}
