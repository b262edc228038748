//! A packet of Engine.IO, alone.

use pintle_engine::{Frame, Message, Packet, encode_payload};

pub(crate) const SEEDS: &[&[u8]] = &[
    b"",
    b"0{}",
    b"1",
    b"2",
    b"2probe",
    b"3",
    b"4",
    b"4\xc3\xa9",
    b"42[\"x\"]",
    b"5",
    b"6",
    b"7",
    b"b",
    b"bAQIDBA==",
    b"bAQIDBA",
    b"b-_8=",
];

/// It is read or refused, and what is read and written again is the same.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    // Only base64 takes memory, and less than it has.
    let packet = crate::meter::bounded(text.len(), 1, 0, || Packet::parse(text));
    match packet {
        Ok(Packet::Message(Message::Text(message))) => assert_eq!(Frame::text(message).body(), data),
        Ok(Packet::Message(Message::Binary(bytes))) => {
            // Padding and alphabet may be others now. What it says is not.
            let again = encode_payload([&Frame::binary(&bytes)].into_iter());
            let again = str::from_utf8(&again).expect("a payload is text");
            assert_eq!(Packet::parse(again), Ok(Packet::Message(Message::Binary(bytes))));
        }
        Ok(Packet::Ping(said)) => assert_eq!(said, &text[1..]),
        Ok(Packet::Open | Packet::Close | Packet::Pong | Packet::Upgrade | Packet::Noop) | Err(_) => {}
    }
}
