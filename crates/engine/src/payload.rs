//! A polling payload: packets joined by the record separator.

use bytes::Bytes;

use crate::frame::Frame;
use crate::packet::{Packet, PacketError};

/// What stands between two packets of a payload.
const SEPARATOR: u8 = 0x1e;

/// Splits a request's body into its packets.
///
/// An iterator that can be left and taken up again: [`rest`](Self::rest) is what it has not read yet, so a reader that
/// must pause keeps the place and no copy.
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Packets<'a> {
    /// Starts at the beginning of `body`. An empty body is one empty packet, and so an error.
    pub const fn new(body: &'a [u8]) -> Self {
        Self { rest: Some(body) }
    }

    /// What has not been read yet; `None` after the last packet.
    pub const fn rest(&self) -> Option<&'a [u8]> {
        self.rest
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let packet = match memchr::memchr(SEPARATOR, rest) {
            Some(at) => {
                self.rest = Some(&rest[at + 1..]);
                &rest[..at]
            }
            None => {
                self.rest = None;
                rest
            }
        };
        // Packet by packet: those before one that is no text still count, and nothing is looked at twice.
        Some(str::from_utf8(packet).map_err(|_| PacketError::Utf8).and_then(Packet::parse))
    }
}

/// Joins frames into the body of a response. A text that is alone in it is not copied.
pub fn encode<'a>(frames: impl Iterator<Item = &'a Frame> + Clone) -> Bytes {
    let mut first = frames.clone();
    if let (Some(frame), None) = (first.next(), first.next())
        && let Some(packet) = frame.shared_text()
    {
        return packet;
    }
    let capacity = frames.clone().map(|frame| frame.polling_len() + 1).sum();
    let mut body = Vec::with_capacity(capacity);
    for frame in frames {
        if !body.is_empty() {
            body.push(SEPARATOR);
        }
        frame.write_polling(&mut body);
    }
    body.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::Message;

    fn texts(body: &str) -> Vec<Result<Packet<'_>, PacketError>> {
        Packets::new(body.as_bytes()).collect()
    }

    #[test]
    fn packets_are_split_at_the_separator() {
        let text = |text| Ok(Packet::Message(Message::Text(text)));
        assert_eq!(texts("4a\u{1e}4b\u{1e}2"), [text("a"), text("b"), Ok(Packet::Ping(""))]);
        assert_eq!(texts("4a\u{1e}"), [text("a"), Err(PacketError::Empty)]);
        assert_eq!(texts(""), [Err(PacketError::Empty)]);
    }

    #[test]
    fn bytes_that_are_no_text_spoil_their_own_packet() {
        let packets: Vec<_> = Packets::new(b"4a\x1e4\xff\x1e4b").collect();
        assert_eq!(packets[0], Ok(Packet::Message(Message::Text("a"))));
        assert_eq!(packets[1], Err(PacketError::Utf8));
    }

    #[test]
    fn a_reader_may_stop_between_two_packets() {
        let mut packets = Packets::new(b"4a\x1e4b");
        packets.next();
        assert_eq!(packets.rest(), Some(&b"4b"[..]));
        packets.next();
        assert_eq!(packets.rest(), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(messages in prop::collection::vec(
            prop_oneof![
                "[^\u{1e}]{0,40}".prop_map(Ok::<String, Vec<u8>>),
                prop::collection::vec(any::<u8>(), 0..40).prop_map(Err),
            ],
            1..10,
        )) {
            let frames: Vec<_> = messages
                .iter()
                .map(|message| match message {
                    Ok(text) => Frame::text(text),
                    Err(bytes) => Frame::binary(bytes),
                })
                .collect();
            let body = encode(frames.iter());
            let read: Vec<_> = Packets::new(&body)
                .map(|packet| match packet.unwrap() {
                    Packet::Message(Message::Text(text)) => Ok(text.to_owned()),
                    Packet::Message(Message::Binary(bytes)) => Err(bytes.into_owned()),
                    other => panic!("{other:?}"),
                })
                .collect();
            prop_assert_eq!(read, messages);
        }
    }
}
