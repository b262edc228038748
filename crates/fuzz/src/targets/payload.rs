//! The body of a POST: after a byte that says how often its reader pauses, packets.

use pintle_engine::{Frame, Message, Packet, PacketError, Packets, encode_payload};

pub(crate) const SEEDS: &[&[u8]] = &[
    b"0",
    b"04a",
    b"14a\x1e4b\x1e2",
    b"24a\x1e",
    b"3\x1e\x1e",
    b"04\xc3\xa9\x1ebAQIDBA==\x1e4",
    b"52probe\x1e5\x1e6\x1e1\x1ex",
];

/// Pauses make no difference, and what is read and written again is the same.
pub(crate) fn run(data: &[u8]) {
    let Some((&pauses, body)) = data.split_first() else {
        return;
    };
    let whole: Vec<_> = Packets::new(body).collect();
    let separators = body.iter().filter(|byte| **byte == 0x1e).count();
    assert_eq!(whole.len(), separators + 1, "a packet is what is between two separators");
    assert_eq!(read_with_pauses(body, usize::from(pauses % 8) + 1), whole);

    // What is left out takes no memory, and base64 less than it has.
    let read = crate::meter::bounded(body.len(), 1, 0, || Packets::new(body).filter(Result::is_ok).count());
    assert_eq!(read, whole.iter().filter(|packet| packet.is_ok()).count());

    let messages: Vec<_> = whole.iter().filter_map(|packet| message(packet.as_ref().ok()?)).collect();
    if messages.is_empty() {
        return;
    }
    let frames: Vec<_> = messages.iter().map(frame).collect();
    let again = encode_payload(frames.iter());
    let again: Vec<_> = Packets::new(&again).collect();
    assert_eq!(again, messages.into_iter().map(|message| Ok(Packet::Message(message))).collect::<Vec<_>>());
}

/// Reads with pauses after so many packets, as one does who has to wait.
fn read_with_pauses(body: &[u8], packets: usize) -> Vec<Result<Packet<'_>, PacketError>> {
    let mut all = Vec::new();
    let mut rest = Some(body);
    while let Some(body) = rest {
        let mut reader = Packets::new(body);
        all.extend(reader.by_ref().take(packets));
        rest = reader.rest();
    }
    all
}

fn message<'a>(packet: &Packet<'a>) -> Option<Message<'a>> {
    match packet {
        Packet::Message(message) => Some(message.clone()),
        _ => None,
    }
}

fn frame(message: &Message<'_>) -> Frame {
    match message {
        Message::Text(text) => Frame::text(text),
        Message::Binary(bytes) => Frame::binary(bytes),
    }
}
