//! How messages travel: on which topics, in which form, and how the nodes know of each other.

mod classic;
mod postgres;
mod sharded;
mod streams;

use std::time::Duration;

pub use classic::Classic;
pub use postgres::{Attachment, Postgres};
pub use sharded::{Sharded, SubscriptionMode};
pub use streams::Streams;

use super::entry_id::EntryId;
use super::family::{Content, Envelope};
use super::malformed::Malformed;
use super::message::{Message, Reply};

/// The id of those who speak without being nodes: nobody counts them, or waits for them.
pub const EMITTER: &str = "emitter";

/// Whoever speaks to a namespace: its name, and the id of this node in it.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// The namespace.
    pub nsp: &'a str,
    /// The node's id there: of six letters and digits in the classic dialect, of sixteen hexadecimal digits in all others.
    pub uid: &'a str,
}

/// How messages travel.
pub trait Dialect: Send + Sync {
    /// The id of a node in a namespace, of these random bytes: sixteen hexadecimal digits, but for the classic dialect.
    fn uid(&self, random: [u8; 8]) -> String {
        format!("{:016x}", u64::from_ne_bytes(random))
    }

    /// What a node listens to in a namespace, always.
    fn topics(&self, me: Speaker<'_>) -> Vec<Topic>;

    /// Whether rooms have topics at all: where none has, a server need not say which come and go.
    fn has_room_topics(&self) -> bool {
        false
    }

    /// What a node listens to besides for as long as it has sockets in a room; `own` is the room of a socket's id.
    fn room_topic(&self, _me: Speaker<'_>, _room: &str, _own: bool) -> Option<Topic> {
        None
    }

    /// The one room that something on a channel is for, if the channel says so: who has nobody in it need not read on.
    fn room_of<'a>(&self, _me: Speaker<'_>, _channel: &'a str) -> Option<&'a str> {
        None
    }

    /// The stream that keeps what is said in a namespace, if there is one: then a client can come back to any node.
    fn stream(&self, _nsp: &str) -> Option<String> {
        None
    }

    /// The key of a session in that case, by the secret of its client.
    fn session_key(&self, _pid: &str) -> Option<String> {
        None
    }

    /// How the nodes know of each other.
    fn presence(&self, me: Speaker<'_>) -> Presence;

    /// A message for all others.
    fn tell(&self, me: Speaker<'_>, message: Message) -> Option<Transmit>;

    /// An answer for the node that asked.
    fn answer(&self, me: Speaker<'_>, asker: Option<&str>, reply: Reply) -> Transmit;

    /// Reads what came on a topic; nothing if it is not for us.
    ///
    /// # Errors
    ///
    /// When it is no message.
    fn read(&self, me: Speaker<'_>, topic: &str, bytes: &[u8]) -> Result<Option<Heard>, Malformed>;
}

/// Where messages are heard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// One channel.
    Channel(String),
    /// All channels that match.
    Pattern(String),
    /// A stream, from its end on.
    Stream(String),
}

/// How the nodes of a namespace know of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The broker counts those who listen to a channel.
    Counted(String),
    /// They tell each other.
    Heartbeats {
        /// How often, where nothing else was said.
        interval: Duration,
        /// After how long without a word a node is gone.
        timeout: Duration,
    },
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// Listen.
    Subscribe(Topic),
    /// Listen no longer.
    Unsubscribe(Topic),
    /// Tell all who listen to a channel.
    Publish {
        /// The channel.
        channel: String,
        /// What they get.
        payload: Vec<u8>,
    },
    /// Add an entry to a stream. Unlike what is published, it is kept for when the broker is back, as far as there is room.
    Append {
        /// The stream.
        stream: String,
        /// The fields, in this order.
        fields: Vec<(&'static str, String)>,
    },
    /// Put aside what is too large or binary, and tell all who listen to a channel [where it is](Attachment::notice).
    Attach {
        /// The channel.
        channel: String,
        /// Of what, which they are told as well.
        attachment: Attachment,
        /// What is put aside.
        payload: Vec<u8>,
    },
    /// Keep a session under a key, for whoever claims it first. Like an entry it is kept for when the broker is back.
    Save {
        /// The key.
        key: String,
        /// The session.
        session: String,
        /// For how long.
        lifetime: Duration,
    },
    /// Take a session from a key, so that nobody else gets it, and read what is in a stream.
    Claim {
        /// The key.
        key: String,
        /// The stream, and the entry from which on it is to be read, that one included; nothing if it is not to be.
        from: Option<(String, EntryId)>,
        /// What the answer is to be found by.
        request: String,
    },
    /// Say how many listen to a channel; for a request.
    Count {
        /// The channel.
        channel: String,
        /// The request.
        request: String,
    },
}

/// What was heard of another node.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Who said it, if that is known; `emitter` is no node.
    pub uid: Option<String>,
    /// What was said.
    pub content: Content,
}

/// What the newer adapters have in common: own words are passed over, and those of another namespace.
fn heard(me: Speaker<'_>, envelope: Envelope) -> Option<Heard> {
    let Envelope { uid, nsp, content } = envelope;
    let ours = uid == me.uid || nsp.is_some_and(|nsp| nsp != me.nsp);
    (!ours).then_some(Heard { uid: Some(uid), content })
}

fn envelope(me: Speaker<'_>, content: Content) -> Envelope {
    Envelope { uid: me.uid.to_owned(), nsp: Some(me.nsp.to_owned()), content }
}
