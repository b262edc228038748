//! The language, whatever the dialect.

use std::sync::Arc;

use pintle_proto::{Args, Value};

use crate::select::Select;

/// What a node tells all others.
#[derive(Clone, Debug)]
pub enum Message {
    /// Send an event to your sockets. With a `request`, say first how many there are, and then what each one answers.
    Broadcast {
        /// The event.
        event: Event,
        /// For whom.
        to: Targets,
        /// What the answers are to be found by.
        request: Option<String>,
    },
    /// Have sockets join rooms.
    Join {
        /// Which sockets.
        to: Targets,
        /// Which rooms.
        rooms: Vec<Arc<str>>,
    },
    /// Have sockets leave rooms.
    Leave {
        /// Which sockets.
        to: Targets,
        /// Which rooms.
        rooms: Vec<Arc<str>>,
    },
    /// Disconnect sockets.
    Disconnect {
        /// Which sockets.
        to: Targets,
        /// Their whole connections.
        close: bool,
    },
    /// Say which sockets you have.
    Fetch {
        /// Which of them.
        to: Targets,
        /// What the answers are to be found by.
        request: String,
    },
    /// Say which rooms you have. Only classic nodes ask.
    Rooms {
        /// What the answers are to be found by.
        request: String,
    },
    /// An event for the servers themselves. With a `request`, one answer is asked for.
    SideEmit {
        /// The event.
        event: Event,
        /// What the answers are to be found by.
        request: Option<String>,
    },
    /// A node has come; answered with a [`Heartbeat`](Self::Heartbeat).
    InitialHeartbeat,
    /// A node is there.
    Heartbeat,
    /// A node goes.
    Close,
}

/// What a node answers another one.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What was asked.
    pub request: String,
    /// The answer.
    pub said: Said,
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Said {
    /// To [`Message::Fetch`].
    Sockets(Vec<RemoteSocket>),
    /// To [`Message::Rooms`].
    Rooms(Vec<Arc<str>>),
    /// To [`Message::SideEmit`]; nothing where the handler answered with nothing.
    SideEmit(Option<Value>),
    /// To [`Message::Broadcast`]: so many sockets here were sent the event.
    ClientCount(u64),
    /// To [`Message::Broadcast`]: what one socket answered, the first value of it.
    Ack(Option<Value>),
}

/// An event: its name and its arguments.
#[derive(Clone, Debug)]
pub struct Event {
    /// The name.
    pub name: String,
    /// The arguments.
    pub args: Args,
}

/// Which sockets are meant, and how an event is to be sent to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// The sockets.
    pub select: Select,
    /// The manner.
    pub flags: Flags,
}

/// How an event is to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Dropped where it cannot go out at once.
    pub volatile: bool,
    /// Whether it is worth compressing, if that was said.
    pub compress: Option<bool>,
    /// How long answers are waited for, in milliseconds.
    pub timeout: Option<u64>,
}

/// What a node tells of one of its sockets.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteSocket {
    /// Its public id.
    pub id: String,
    /// Its handshake, as Node has it.
    pub handshake: Value,
    /// Its rooms.
    pub rooms: Vec<Arc<str>>,
    /// Its data; `{}` if it has none.
    pub data: Value,
}
