//! Sharded pub/sub: `createShardedAdapter` of `@socket.io/redis-adapter`.

use super::{Dialect, Heard, Presence, Speaker, Topic, Transmit, envelope, heard};
use crate::cluster::family::{Content, Envelope};
use crate::cluster::malformed::Malformed;
use crate::cluster::message::{Message, Reply};

/// Redis 7's sharded pub/sub as `createShardedAdapter` has it.
#[derive(Clone, Debug)]
pub struct Sharded {
    /// What all channels begin with. Node's `channelPrefix`.
    pub prefix: String,
    /// Which rooms have channels. It must be the same for all nodes.
    pub mode: SubscriptionMode,
}

/// Which rooms have channels of their own, so that only nodes with sockets in them get what is sent there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SubscriptionMode {
    /// None.
    Static,
    /// All but those of socket ids.
    #[default]
    Dynamic,
    /// All.
    DynamicPrivate,
}

impl Default for Sharded {
    fn default() -> Self {
        Self { prefix: "socket.io".to_owned(), mode: SubscriptionMode::default() }
    }
}

impl Sharded {
    fn channel(&self, me: Speaker<'_>) -> String {
        format!("{}#{}#", self.prefix, me.nsp)
    }

    fn sub_channel(&self, me: Speaker<'_>, name: &str) -> String {
        format!("{}{name}#", self.channel(me))
    }

    /// Whether who sends to a room alone sends to its channel. Of a room all that Node goes by is how long its name is:
    /// socket ids have 20 letters.
    fn has_channel(&self, room: &str) -> bool {
        match self.mode {
            SubscriptionMode::Static => false,
            SubscriptionMode::Dynamic => room.encode_utf16().count() != 20,
            SubscriptionMode::DynamicPrivate => true,
        }
    }
}

impl Dialect for Sharded {
    fn topics(&self, me: Speaker<'_>) -> Vec<Topic> {
        vec![Topic::Channel(self.channel(me)), Topic::Channel(self.sub_channel(me, me.uid))]
    }

    fn has_room_topics(&self) -> bool {
        self.mode != SubscriptionMode::Static
    }

    fn room_topic(&self, me: Speaker<'_>, room: &str, _own: bool) -> Option<Topic> {
        self.has_channel(room).then(|| Topic::Channel(self.sub_channel(me, room)))
    }

    fn presence(&self, me: Speaker<'_>) -> Presence {
        Presence::Counted(self.channel(me))
    }

    fn tell(&self, me: Speaker<'_>, message: Message) -> Option<Transmit> {
        let channel = match &message {
            Message::Broadcast { to, request: None, .. } => match &to.select.rooms[..] {
                [room] if self.has_channel(room) => self.sub_channel(me, room),
                _ => self.channel(me),
            },
            Message::Rooms { .. } => return None,
            _ => self.channel(me),
        };
        Some(Transmit::Publish { channel, payload: envelope(me, Content::Message(message)).sharded() })
    }

    fn answer(&self, me: Speaker<'_>, asker: Option<&str>, reply: Reply) -> Transmit {
        let channel = asker.map_or_else(|| self.channel(me), |asker| self.sub_channel(me, asker));
        Transmit::Publish { channel, payload: envelope(me, Content::Reply(reply)).sharded() }
    }

    fn read(&self, me: Speaker<'_>, topic: &str, bytes: &[u8]) -> Result<Option<Heard>, Malformed> {
        if !topic.starts_with(&self.channel(me)) {
            return Ok(None);
        }
        Envelope::read(bytes).map(|envelope| heard(me, envelope))
    }
}
