//! What comes over the bus of a cluster, in every dialect.

use std::time::Instant;

use pintle_adapter::cluster::Node;
use pintle_adapter::cluster::dialect::{
    Attachment, Classic, Dialect, Heard, Postgres, Sharded, Speaker, Streams, Transmit,
};
use pintle_adapter::cluster::family::Content;

use crate::clock;
use crate::meter::bounded;
use crate::steps::steps;

/// What Node's adapters wrote, and some of what they did not.
pub(crate) const SEEDS: &[&[u8]] = &[
    b"\x93\xa6abc123\x83\xa4type\x02\xa4data\x93\xa4test\x01\xa12\xa3nsp\xa1/\x83\xa5rooms\x91\xa5room1\xa6exc\
      ept\x90\xa5flags\x80",
    b"\x93\xa6abc123\x83\xa4type\x02\xa4data\x92\xa4test\xc4\x02\x03\x04\xa3nsp\xa1/\x83\xa5rooms\x90\xa6excep\
      t\x90\xa5flags\x80",
    b"\x93\xa6abc123\x83\xa4type\x02\xa4data\x91\xa4test\xa3nsp\xa1/\x82\xa5rooms\x90\xa6except\x90",
    b"\x85\xa3uid\xa6abc123\xa9requestId\xa6req456\xa4type\x07\xa6packet\x83\xa4type\x02\xa4data\x91\xa4test\
      \xa3nsp\xa1/\xa4opts\x83\xa5rooms\x90\xa6except\x90\xa5flags\x81\xa7timeout\xcd\x01\xf4",
    b"\x83\xa4type\x09\xa9requestId\xa6req456\xa6packet\xa4pong",
    b"\x82\xa4type\x09\xa9requestId\xa6req456",
    b"\x84\xa4type\x07\xa4data\x82\xa4opts\x83\xa5rooms\x90\xa6except\x90\xa5flags\x80\xa9requestId\xb00011223\
      344556677\xa3uid\xb089abcdef01234567\xa3nsp\xa1/",
    b"\x84\xa4type\x0c\xa4data\x82\xa9requestId\xb00011223344556677\xa6packet\xc0\xa3uid\xb089abcdef01234567\
      \xa3nsp\xa1/",
    b"\x83\xa3uid\xa1u\xa4type\x08\xa4data\x82\xa9requestId\xa1r\xa7sockets\x91\x84\xa2id\xa1s\xa9handshake\
      \x81\xa4auth\x81\xa1n\xa3\xed\xa0\x80\xa5rooms\x91\x01\xa4data\xd7\xff\xff\xff\xff\xfc\x00\x00\x00\x00",
    br#"{"uid":"abc123","requestId":"req456","type":1}"#,
    br#"{"uid":"abc123","type":2,"opts":{"rooms":["a"],"except":["b"]},"rooms":["r1","r2"]}"#,
    br#"{"uid":"abc123","type":3,"opts":{"rooms":[],"except":[]},"rooms":["r1"]}"#,
    br#"{"uid":"abc123","type":4,"opts":{"rooms":["a"],"except":["b"]},"close":true}"#,
    br#"{"requestId":"r","type":4,"sid":"s1","close":true}"#,
    br#"{"uid":"abc123","requestId":"req456","type":5,"opts":{"rooms":["a"],"except":["b"]}}"#,
    br#"{"uid":"abc123","requestId":"req456","type":6,"data":["hello",1,"2"]}"#,
    br#"{"requestId":"r","sockets":[{"id":"s","handshake":{"headers":{}},"rooms":["s","r"],"data":{}}]}"#,
    br#"{"requestId":"r","rooms":["a"]}"#,
    br#"{"type":6,"requestId":"r","data":[1]}"#,
    br#"{"type":8,"requestId":"r","clientCount":0}"#,
    br#"{"type":3,"data":{"packet":{"type":2,"data":["test",1]},"opts":{"rooms":["room1"],"except":[],"flags":{}}},"uid":"89abcdef01234567","nsp":"/"}"#,
    br#"{"type":3,"data":{"packet":{"type":2,"data":["\ud800",1.50]},"requestId":"r","opts":{"rooms":[1,-2.5],"flags":{"volatile":true,"compress":false,"timeout":20}}},"uid":"emitter"}"#,
    br#"{"type":1,"uid":"u","nsp":"/"}"#,
    br#"{"type":6,"data":{"opts":{"rooms":null,"except":null,"flags":null},"close":true},"uid":"u","nsp":"/"}"#,
    br#"{"type":8,"data":{"requestId":"r","sockets":[{"id":"s","handshake":{"auth":"\ud800"},"rooms":["s"],"data":null}]},"uid":"u","nsp":"/"}"#,
    br#"{"type":9,"data":{"requestId":"r","packet":["disconnect",{"a":[]}]},"uid":"u","nsp":"/"}"#,
    br#"{"type":10,"data":{"requestId":"r","packet":[1e300,-0.0]},"uid":"u","nsp":"/"}"#,
    br#"{"type":11,"data":{"requestId":"r","clientCount":3},"uid":"u","nsp":"/"}"#,
    br#"{"type":11,"data":{"requestId":"r","clientCount":1152921504606846976},"uid":"u","nsp":"/"}"#,
    br#"{"type":12,"data":{"requestId":"r","packet":31.245270191439438},"uid":"u","nsp":"/"}"#,
    br#"{"type":6,"requestId":"r","data":[31.245270191439438,1152921504606846976,-9223372036854775808]}"#,
    br#"{"type":13,"uid":"u","nsp":"/"}"#,
    br#"{"uid":"u","type":3,"attachmentId":"17"}"#,
    b"u89abcdef01234567\nn/\nt3\nd{\"packet\":{\"type\":2,\"data\":[\"t\",1]},\"opts\":{\"rooms\":[\"r\"],\"ex\
      cept\":[],\"flags\":{}}}",
    b"u89abcdef01234567\nn/\nt3\ndgqZwYWNrZXSCpHR5cGUCpGRhdGGSoXTEAgMEpG9wdHODpXJvb21zkKZleGNlcHSQpWZsYWdzgA==",
    b"u89abcdef01234567\nn/\nt5\nd{\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{}},\"rooms\":[\"x\"]}",
];

/// This node: who reads, and who writes what was read.
const ME: Speaker<'_> = Speaker { nsp: "/", uid: "89abcdef00000000" };
const OTHER: Speaker<'_> = Speaker { nsp: "/", uid: "89abcdef11111111" };

/// A byte is at most a value of 32, in a list that has grown to twice of that by copies of its own, and both are copied once
/// more into the shape that is asked for. Some bytes are a whole field of it.
const TIMES: usize = 512;
/// What is written for a message of nothing.
const MORE: usize = 16 * 1024;

/// It is read or refused by every dialect, what is read and written again is the same, and a node gets over it.
pub(crate) fn run(data: &[u8]) {
    let now = clock::start();
    for dialect in dialects() {
        let dialect = &*dialect;
        let channels = ["socket.io#/#", "socket.io-request#/#", "socket.io-response#/#", "socket.io#/"];
        for channel in channels {
            if let Ok(Some(heard)) = bounded(data.len(), TIMES, MORE, || dialect.read(ME, channel, data)) {
                again(dialect, heard);
            }
        }
        if let Ok(Some(heard)) = bounded(data.len(), TIMES, MORE, || entry(data)) {
            again(dialect, heard);
        }
    }
    for dialect in dialects() {
        node(dialect, now, data);
    }
    if let Some(id) = str::from_utf8(data).ok().and_then(Attachment::read_notice) {
        let notice = Attachment { uid: ME.uid.to_owned(), kind: 3 }.notice(id);
        assert_eq!(Attachment::read_notice(&notice), Some(id));
    }
}

fn dialects() -> [Box<dyn Dialect>; 5] {
    [
        Box::new(Classic::default()),
        Box::new(Sharded::default()),
        Box::new(Streams::default()),
        // All of it in the table, and as little as may be: how long a message is depends on how it was written.
        Box::new(Postgres { threshold: 0, ..Postgres::default() }),
        Box::new(Postgres { threshold: usize::MAX, ..Postgres::default() }),
    ]
}

/// The fields of an entry of a stream: a line each, that begins with the first letter of its name.
fn entry(data: &[u8]) -> Result<Option<Heard>, pintle_adapter::cluster::Malformed> {
    let name = |letter| match letter {
        b'u' => "uid",
        b'n' => "nsp",
        b't' => "type",
        b'd' => "data",
        _ => "more",
    };
    let fields = steps(data).filter_map(|(letter, text)| Some((name(letter), str::from_utf8(text).ok()?)));
    Streams::read_entry(ME, fields)
}

/// What was understood is written, read by another node, and written again.
fn again(dialect: &dyn Dialect, heard: Heard) {
    let Some(first) = written(dialect, heard.content) else {
        return;
    };
    let second = read(dialect, &first).unwrap_or_else(|| panic!("nobody can read {first:?}"));
    assert_eq!(Some(first), written(dialect, second.content));
}

fn written(dialect: &dyn Dialect, content: Content) -> Option<Transmit> {
    match content {
        Content::Message(message) => dialect.tell(OTHER, message),
        Content::Reply(reply) => Some(dialect.answer(OTHER, Some(ME.uid), reply)),
    }
}

fn read(dialect: &dyn Dialect, transmit: &Transmit) -> Option<Heard> {
    let read = match transmit {
        Transmit::Publish { channel, payload } | Transmit::Attach { channel, payload, .. } => {
            dialect.read(ME, channel, payload)
        }
        Transmit::Append { fields, .. } => Streams::read_entry(ME, fields.iter().map(|(name, text)| (*name, &**text))),
        other => panic!("{other:?} is no message"),
    };
    read.ok().flatten()
}

/// A node that hears it has something to do, or not.
fn node(dialect: Box<dyn Dialect>, now: Instant, data: &[u8]) {
    let mut node = Node::new(ME.nsp, ME.uid, dialect, now);
    for channel in ["socket.io#/#", "socket.io-request#/#", "socket.io-response#/#", "socket.io#/"] {
        // What is no message is told, and has no other effect.
        let _ = node.handle_message(now, channel, data);
    }
    while node.poll_task().is_some() {}
    while node.poll_transmit().is_some() {}
    assert_eq!(node.requests_waiting(), 0);
}
