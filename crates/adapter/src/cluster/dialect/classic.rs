//! Classic pub/sub: `@socket.io/redis-adapter`.

use super::{Dialect, Heard, Presence, Speaker, Topic, Transmit};
use crate::cluster::classic::{Broadcast, Request};
use crate::cluster::family::Content;
use crate::cluster::malformed::Malformed;
use crate::cluster::message::{Message, Reply, Said};

/// Redis pub/sub as `@socket.io/redis-adapter` 8.3 has it.
#[derive(Clone, Debug)]
pub struct Classic {
    /// What all channels begin with. Node's `key`.
    pub prefix: String,
    /// Whether answers go to the node that asked alone. Node's `publishOnSpecificResponseChannel`. All nodes of this century
    /// listen to both.
    pub specific_responses: bool,
}

impl Default for Classic {
    fn default() -> Self {
        Self { prefix: "socket.io".to_owned(), specific_responses: false }
    }
}

impl Classic {
    fn events(&self, me: Speaker<'_>) -> String {
        format!("{}#{}#", self.prefix, me.nsp)
    }

    fn requests(&self, me: Speaker<'_>) -> String {
        format!("{}-request#{}#", self.prefix, me.nsp)
    }

    fn responses(&self, me: Speaker<'_>) -> String {
        format!("{}-response#{}#", self.prefix, me.nsp)
    }
}

impl Dialect for Classic {
    /// Six letters and digits.
    fn uid(&self, random: [u8; 8]) -> String {
        const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut number = u64::from_ne_bytes(random);
        let letter = |_| {
            let letter = LETTERS[(number % 62) as usize];
            number /= 62;
            char::from(letter)
        };
        (0..6).map(letter).collect()
    }

    fn topics(&self, me: Speaker<'_>) -> Vec<Topic> {
        vec![
            // What a namespace's name may hold besides is no letter of a pattern but these.
            Topic::Pattern(format!("{}*", escaped(&self.events(me)))),
            Topic::Channel(self.requests(me)),
            Topic::Channel(self.responses(me)),
            Topic::Channel(format!("{}{}#", self.responses(me), me.uid)),
        ]
    }

    fn room_of<'a>(&self, me: Speaker<'_>, channel: &'a str) -> Option<&'a str> {
        let room = channel.strip_prefix(&self.events(me))?.strip_suffix('#')?;
        (!room.is_empty()).then_some(room)
    }

    fn presence(&self, me: Speaker<'_>) -> Presence {
        Presence::Counted(self.requests(me))
    }

    fn tell(&self, me: Speaker<'_>, message: Message) -> Option<Transmit> {
        if let Message::Broadcast { event, to, request: None } = message {
            let mut channel = self.events(me);
            // So that who has nobody in the room need not read on.
            if let [room] = &to.select.rooms[..] {
                channel.push_str(room);
                channel.push('#');
            }
            let broadcast = Broadcast { uid: me.uid.to_owned(), nsp: me.nsp.to_owned(), event, to };
            return Some(Transmit::Publish { channel, payload: broadcast.write() });
        }
        let payload = Request { uid: Some(me.uid.to_owned()), message }.write(me.nsp)?;
        Some(Transmit::Publish { channel: self.requests(me), payload })
    }

    fn answer(&self, me: Speaker<'_>, asker: Option<&str>, reply: Reply) -> Transmit {
        let mut channel = self.responses(me);
        // Answers to events for servers are always for all to hear.
        let alone = self.specific_responses && !matches!(reply.said, Said::SideEmit(_));
        if let Some(asker) = asker.filter(|_| alone) {
            channel.push_str(asker);
            channel.push('#');
        }
        Transmit::Publish { channel, payload: reply.write_classic() }
    }

    fn read(&self, me: Speaker<'_>, topic: &str, bytes: &[u8]) -> Result<Option<Heard>, Malformed> {
        if topic.starts_with(&self.responses(me)) {
            let reply = Reply::read_classic(bytes)?;
            return Ok(Some(Heard { uid: None, content: Content::Reply(reply) }));
        }
        if topic == self.requests(me) {
            let Request { uid, message } = Request::read(bytes)?;
            let own = uid.as_deref() == Some(me.uid);
            return Ok((!own).then_some(Heard { uid, content: Content::Message(message) }));
        }
        if !topic.starts_with(&self.events(me)) {
            return Ok(None);
        }
        let Broadcast { uid, nsp, event, to } = Broadcast::read(bytes)?;
        let ours = uid == me.uid || nsp != me.nsp;
        let message = Message::Broadcast { event, to, request: None };
        Ok((!ours).then_some(Heard { uid: Some(uid), content: Content::Message(message) }))
    }
}

/// A name as part of a pattern that means nothing but itself.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for letter in name.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
