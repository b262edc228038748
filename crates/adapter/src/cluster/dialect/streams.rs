//! Redis Streams: `@socket.io/redis-streams-adapter`.

use super::{Dialect, EMITTER, Heard, Presence, Speaker, Topic, Transmit, envelope, heard};
use crate::cluster::family::{Content, Envelope};
use crate::cluster::malformed::Malformed;
use crate::cluster::message::{Message, Reply};

/// Redis Streams as `@socket.io/redis-streams-adapter` 0.3 has them: what must not be lost goes into the stream, requests and
/// their answers over pub/sub.
#[derive(Clone, Debug)]
pub struct Streams {
    /// What all channels begin with. Node's `channelPrefix`.
    pub prefix: String,
    /// The stream, or how the names of several begin. Node's `streamName`.
    pub stream: String,
    /// Over how many streams the namespaces are spread. Node's `streamCount`.
    pub stream_count: u32,
    /// What the keys of sessions begin with that may be recovered. Node's `sessionKeyPrefix`.
    pub session_prefix: String,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            prefix: "socket.io".to_owned(),
            stream: "socket.io".to_owned(),
            stream_count: 1,
            session_prefix: "sio:session:".to_owned(),
        }
    }
}

impl Streams {
    fn channel(&self, me: Speaker<'_>) -> String {
        format!("{}#{}#", self.prefix, me.nsp)
    }

    /// The stream of a namespace, as Node chooses it: by a hash that may be less than nothing, and then so is the number of the
    /// stream, which Node itself never reads.
    fn stream_of(&self, nsp: &str) -> String {
        let Ok(count @ 2..) = i32::try_from(self.stream_count) else {
            return self.stream.clone();
        };
        let hash = nsp.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
        format!("{}-{}", self.stream, hash % count)
    }

    /// Reads an entry of the stream, by its fields; nothing if it is not for us.
    ///
    /// # Errors
    ///
    /// When it is no message.
    pub fn read_entry<'a>(
        me: Speaker<'_>,
        fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Option<Heard>, Malformed> {
        Envelope::read_stream_entry(fields).map(|envelope| heard(me, envelope))
    }
}

impl Dialect for Streams {
    fn topics(&self, me: Speaker<'_>) -> Vec<Topic> {
        let channel = self.channel(me);
        let own = format!("{channel}{}#", me.uid);
        vec![Topic::Channel(channel), Topic::Channel(own), Topic::Stream(self.stream_of(me.nsp))]
    }

    fn stream(&self, nsp: &str) -> Option<String> {
        Some(self.stream_of(nsp))
    }

    fn session_key(&self, pid: &str) -> Option<String> {
        Some(format!("{}{pid}", self.session_prefix))
    }

    fn presence(&self, me: Speaker<'_>) -> Presence {
        Presence::Counted(self.channel(me))
    }

    fn tell(&self, me: Speaker<'_>, message: Message) -> Option<Transmit> {
        let kept = match &message {
            Message::Broadcast { request, .. } => request.is_none(),
            Message::Join { .. } | Message::Leave { .. } | Message::Disconnect { .. } => true,
            // Emitters put these into the stream too: nodes of before 0.3 look nowhere else.
            Message::SideEmit { request: None, .. } => me.uid == EMITTER,
            Message::Fetch { .. } | Message::SideEmit { .. } => false,
            Message::Rooms { .. } | Message::InitialHeartbeat | Message::Heartbeat | Message::Close => return None,
        };
        let whole = envelope(me, Content::Message(message));
        Some(match kept {
            true => Transmit::Append { stream: self.stream_of(me.nsp), fields: whole.stream_entry() },
            false => Transmit::Publish { channel: self.channel(me), payload: whole.msgpack() },
        })
    }

    fn answer(&self, me: Speaker<'_>, asker: Option<&str>, reply: Reply) -> Transmit {
        let channel = match asker {
            Some(asker) => format!("{}{asker}#", self.channel(me)),
            None => self.channel(me),
        };
        Transmit::Publish { channel, payload: envelope(me, Content::Reply(reply)).msgpack() }
    }

    fn read(&self, me: Speaker<'_>, topic: &str, bytes: &[u8]) -> Result<Option<Heard>, Malformed> {
        if !topic.starts_with(&self.channel(me)) {
            return Ok(None);
        }
        Envelope::read(bytes).map(|envelope| heard(me, envelope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_has_the_stream_that_node_gives_it() {
        let streams = |stream_count| Streams { stream_count, ..Streams::default() };
        let cases = [
            (1, "/tenant-1", "socket.io"),
            (5, "/", "socket.io-2"),
            (4, "/", "socket.io-3"),
            (4, "/tenant-1", "socket.io--3"),
        ];
        for (count, nsp, stream) in cases {
            assert_eq!(streams(count).stream_of(nsp), stream, "{nsp} of {count}");
        }
    }
}
