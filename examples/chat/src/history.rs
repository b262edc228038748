//! What was said in a room lately, bounded in number and in bytes.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::message::{Message, Picture};

const MESSAGES: usize = 50;
/// Fifty pictures of the largest size would be 25 MB a room.
const BYTES: usize = 4_000_000;

/// The last messages of a room, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    messages: VecDeque<Message>,
    bytes: usize,
    /// The newest message that is no longer here.
    forgotten: u64,
}

impl History {
    pub(crate) fn push(&mut self, message: Message) {
        self.bytes += size(&message);
        self.messages.push_back(message);
        while self.messages.len() > MESSAGES || (self.bytes > BYTES && self.messages.len() > 1) {
            if let Some(oldest) = self.messages.pop_front() {
                self.bytes -= size(&oldest);
                self.forgotten = oldest.id;
            }
        }
    }

    /// The messages after `id`, without the bytes of their pictures: all of them at once would be more than a connection
    /// may have waiting.
    pub(crate) fn after(&self, id: u64) -> Vec<Message> {
        let newer = self.messages.iter().filter(|message| message.id > id);
        newer.map(without_bytes).collect()
    }

    /// Whether messages after `id` are gone already. Who has seen none has missed none.
    pub(crate) fn gap_after(&self, id: u64) -> bool {
        id > 0 && self.forgotten > id
    }

    pub(crate) fn find(&self, from: &str, key: &str) -> Option<&Message> {
        self.messages.iter().rev().find(|message| message.key == key && message.from == from)
    }

    pub(crate) fn picture(&self, id: u64) -> Option<Bytes> {
        let message = self.messages.iter().find(|message| message.id == id)?;
        message.picture.as_ref()?.bytes.clone()
    }
}

fn size(message: &Message) -> usize {
    let picture = message.picture.as_ref().and_then(|picture| picture.bytes.as_ref());
    message.text.len() + picture.map_or(0, Bytes::len)
}

fn without_bytes(message: &Message) -> Message {
    let picture = message.picture.as_ref().map(|picture| Picture { bytes: None, ..picture.clone() });
    Message { picture, ..message.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: u64, picture: usize) -> Message {
        let bytes = Some(Bytes::from(vec![0; picture]));
        let picture = (picture > 0).then(|| Picture { kind: "image/png".to_owned(), width: 1, height: 1, bytes });
        Message {
            id,
            at: id,
            room: "lobby".to_owned(),
            from: "Ada".to_owned(),
            key: id.to_string(),
            text: "hello".to_owned(),
            picture,
        }
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut history = History::default();
        (1..=60).for_each(|id| history.push(message(id, 0)));
        assert_eq!(history.after(0).len(), MESSAGES);
        assert_eq!(history.after(58).iter().map(|message| message.id).collect::<Vec<_>>(), [59, 60]);
        assert!(history.gap_after(5) && !history.gap_after(10) && !history.gap_after(0));
        assert!(history.find("Ada", "60").is_some() && history.find("Bo", "60").is_none());
    }

    #[test]
    fn pictures_are_bounded_in_bytes_and_asked_for_one_by_one() {
        let mut history = History::default();
        (1..=20).for_each(|id| history.push(message(id, 400_000)));
        assert!(history.bytes <= BYTES);
        assert!(history.after(0).iter().all(|message| message.picture.as_ref().unwrap().bytes.is_none()));
        assert_eq!(history.picture(20).unwrap().len(), 400_000);
        assert_eq!(history.picture(1), None);
    }
}
