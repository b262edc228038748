//! PostgreSQL's LISTEN and NOTIFY: `@socket.io/postgres-adapter`.

use std::time::Duration;

use serde::Deserialize;

use super::{Dialect, Heard, Presence, Speaker, Topic, Transmit, envelope, heard};
use crate::cluster::family::{Content, Envelope};
use crate::cluster::malformed::Malformed;
use crate::cluster::message::{Message, Reply};

/// LISTEN and NOTIFY as `@socket.io/postgres-adapter` 0.5 has them. What is binary or too large for a notification is put into
/// a table.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// What all channels begin with. Node's `channelPrefix`.
    pub prefix: String,
    /// So many bytes are too many for a notification. Node's `payloadThreshold`; PostgreSQL takes 7,999.
    pub threshold: usize,
    /// How often a node says that it is there. Node's `heartbeatInterval`.
    pub heartbeat_interval: Duration,
    /// After how long without a word a node is gone. Node's `heartbeatTimeout`.
    pub heartbeat_timeout: Duration,
}

impl Default for Postgres {
    fn default() -> Self {
        Self {
            prefix: "socket.io".to_owned(),
            threshold: 8000,
            heartbeat_interval: Duration::from_secs(5),
            heartbeat_timeout: Duration::from_secs(10),
        }
    }
}

impl Postgres {
    fn channel(&self, me: Speaker<'_>) -> String {
        format!("{}#{}", self.prefix, me.nsp)
    }

    fn transmit(&self, me: Speaker<'_>, content: Content) -> Transmit {
        let channel = self.channel(me);
        let kind = content.kind();
        let whole = envelope(me, content);
        match whole.text().filter(|text| text.len() < self.threshold) {
            Some(text) => Transmit::Publish { channel, payload: text.into_bytes() },
            None => {
                let attachment = Attachment { uid: me.uid.to_owned(), kind };
                Transmit::Attach { channel, attachment, payload: whole.msgpack() }
            }
        }
    }
}

/// What is told of a message that was put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Who says it.
    pub uid: String,
    /// The type of the message.
    pub kind: u8,
}

impl Attachment {
    /// The notice, once it is known where the message is.
    pub fn notice(&self, id: i64) -> String {
        let Self { uid, kind } = self;
        // A `bigserial` is text to Node.
        format!(r#"{{"uid":"{uid}","type":{kind},"attachmentId":"{id}"}}"#)
    }

    /// Where the message is that a notice tells of; nothing if it is the message itself.
    pub fn read_notice(payload: &str) -> Option<i64> {
        #[derive(Deserialize)]
        struct Notice {
            #[serde(rename = "attachmentId")]
            id: Id,
        }

        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Id {
            Number(i64),
            Text(String),
        }

        match serde_json::from_str::<Notice>(payload).ok()?.id {
            Id::Number(id) => Some(id),
            Id::Text(id) => id.parse().ok(),
        }
    }
}

impl Dialect for Postgres {
    fn topics(&self, me: Speaker<'_>) -> Vec<Topic> {
        vec![Topic::Channel(self.channel(me))]
    }

    fn presence(&self, _: Speaker<'_>) -> Presence {
        Presence::Heartbeats { interval: self.heartbeat_interval, timeout: self.heartbeat_timeout }
    }

    fn tell(&self, me: Speaker<'_>, message: Message) -> Option<Transmit> {
        (!matches!(message, Message::Rooms { .. })).then(|| self.transmit(me, Content::Message(message)))
    }

    /// For all to hear: there is one channel.
    fn answer(&self, me: Speaker<'_>, _asker: Option<&str>, reply: Reply) -> Transmit {
        self.transmit(me, Content::Reply(reply))
    }

    /// The namespace is that of the channel: emitters say no other.
    fn read(&self, me: Speaker<'_>, topic: &str, bytes: &[u8]) -> Result<Option<Heard>, Malformed> {
        if topic != self.channel(me) {
            return Ok(None);
        }
        Envelope::read(bytes).map(|envelope| heard(me, envelope))
    }
}
