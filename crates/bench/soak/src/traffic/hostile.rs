//! What hostile clients send: whole streams of bytes, from the first of a connection on.

use bench_load::{binary, text};
use pintle_tests::Packet;
use pintle_tests::vectors::{Before, Catalogue, Input, SID, Vector};

use crate::random::Random;

/// Streams that a server must survive: the hostile vectors, heads that are no requests, and floods. Most get their connection
/// or session closed, some only a refusal.
pub(super) fn streams() -> Vec<Vec<u8>> {
    let vectors = Catalogue::get().vectors().map(stream);
    let floods = floods().into_iter().map(|frames| on_websocket(true, &frames));
    vectors.chain(heads()).chain(floods).collect()
}

/// A vector, by one who has no session to use it on but what it opens itself.
fn stream(vector: &Vector) -> Vec<u8> {
    let joined = vector.before == Before::Joined;
    match &vector.input {
        Input::Request { method, query, websocket, headers } => {
            let mut head =
                format!("{method} /socket.io/?{} HTTP/1.1\r\nHost: localhost\r\n", query.replace(SID, "unknown"));
            if *websocket {
                head.push_str("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
                head.push_str("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
            }
            for (name, value) in headers {
                head.extend([name, ": ", value, "\r\n"]);
            }
            (head + "\r\n").into_bytes()
        }
        Input::Payload(body) => {
            let head = "POST /socket.io/?EIO=4&transport=polling&sid=unknown HTTP/1.1\r\nHost: localhost\r\n";
            [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
        }
        Input::Frames(frames) => on_websocket(joined, frames),
        Input::Packets(packets) => on_websocket(joined, &packets.iter().flat_map(frame).collect::<Vec<_>>()),
    }
}

fn frame(packet: &Packet) -> Vec<u8> {
    match packet {
        Packet::Text(packet) => text(packet),
        Packet::Binary(data) => binary(data),
    }
}

/// Bytes that mean nothing at all.
pub(super) fn noise(random: &mut Random) -> Vec<u8> {
    let length = 1 + random.below(2048);
    (0..length).map(|_| random.next() as u8).collect()
}

/// A client that has connected, or only opened a session, and then sends `frames`.
fn on_websocket(joined: bool, frames: &[u8]) -> Vec<u8> {
    let mut stream = bench_load::upgrade(None).into_bytes();
    if joined {
        stream.extend(text("40"));
    }
    stream.extend(frames);
    stream
}

/// What begins like a request.
fn heads() -> Vec<Vec<u8>> {
    let heads = [
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n",
        "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: localhost\r\n\
         Content-Length: 100000000\r\n\r\n4",
        "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: localhost\r\n\
         Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "GET /other HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         Upgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
    ];
    let mut heads: Vec<Vec<u8>> = heads.map(|head| head.as_bytes().to_vec()).into();
    let long = "y".repeat(8000);
    heads.push(format!("GET /socket.io/?EIO=4&x={long} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes());
    heads.push(format!("{}test", bench_load::upgrade(None)).into_bytes());
    heads
}

/// Many packets at once: each opens or leaves something, or wants an answer of a namespace that is none.
fn floods() -> Vec<Vec<u8>> {
    vec![
        text("40/dyn/1,").repeat(200),
        (0..200).flat_map(|number| text(&format!("40/dyn/{number},"))).collect(),
        text("40/nothing,").repeat(200),
        text("41").repeat(100),
        text("3").repeat(1000),
    ]
}
