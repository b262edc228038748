//! The hostile vectors as inputs of the targets.

use pintle_tests::vectors::{Before, Catalogue, Input, SID, Vector};
use pintle_tests::{Opcode, Packet, encode_frame};

/// A fuzzer learns nothing from a megabyte that it does not learn from this much, and is slow over it.
const LONGEST: usize = 4096;

/// The vectors that mean something to a target, in its form.
pub(crate) fn inputs(target: &str) -> Vec<Vec<u8>> {
    Catalogue::get()
        .vectors()
        .filter(|vector| vector.len() <= LONGEST)
        .filter_map(|vector| input(target, vector))
        .collect()
}

fn input(target: &str, vector: &Vector) -> Option<Vec<u8>> {
    let joined = vector.before == Before::Joined;
    Some(match (target, &vector.input) {
        ("request", Input::Request { method, query, websocket, .. }) => {
            let method = match method.as_str() {
                "GET" => 0,
                "POST" => 1,
                _ => 2,
            };
            let known = u8::from(query.contains(SID)) << 3;
            let how = b'0' | method | u8::from(*websocket) << 2 | known;
            [&[how], query.replace(SID, &"a".repeat(20)).as_bytes()].concat()
        }
        ("payload", Input::Payload(body)) => [b"0", body.as_slice()].concat(),
        ("service", Input::Payload(body)) => {
            let before: &[u8] = if joined { b"h\np40\ng\np" } else { b"h\np" };
            [before, body].concat()
        }
        ("websocket", Input::Frames(frames)) => {
            let before = if joined { encode_frame(true, Opcode::Text, b"40") } else { Vec::new() };
            [b"\x10", before.as_slice(), frames].concat()
        }
        ("packet", Input::Packets(packets)) => packets.iter().find_map(text)?.into(),
        ("event", Input::Packets(packets)) => packets.iter().find_map(text)?.strip_prefix('4')?.into(),
        ("conversation", Input::Packets(packets)) => {
            let mut steps = if joined { b"t0\na".to_vec() } else { Vec::new() };
            for packet in packets {
                steps.push(b'\n');
                match packet {
                    Packet::Text(text) => steps.extend([b"t", text.strip_prefix('4')?.as_bytes()].concat()),
                    Packet::Binary(data) => steps.extend([b"b", data.as_slice()].concat()),
                }
            }
            steps
        }
        _ => return None,
    })
}

fn text(packet: &Packet) -> Option<&str> {
    match packet {
        Packet::Text(text) => Some(text),
        Packet::Binary(_) => None,
    }
}
