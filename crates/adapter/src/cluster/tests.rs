use std::sync::Arc;

use bytes::Bytes;
use pintle_proto::{Encoded, Value};
use serde::Serialize;

use super::classic::{Broadcast, Request};
use super::family::{Content, Envelope};
use super::*;
use crate::select::Select;

const UID: &str = "89abcdef01234567";

/// An event as a socket's `emit` makes it.
fn event<T: Serialize>(name: &str, data: &T) -> Event {
    let (name, args) = Encoded::event("/", None, name, data).unwrap().event_args().unwrap();
    Event { name, args }
}

fn room(name: &str) -> Targets {
    Targets { select: Select::all().to(name), ..Targets::default() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn envelope(message: Message) -> Envelope {
    Envelope { uid: UID.to_owned(), nsp: Some("/".to_owned()), content: Content::Message(message) }
}

fn reply(request: &str, said: Said) -> Reply {
    Reply { request: request.to_owned(), said }
}

fn broadcast(event: Event, to: Targets) -> Message {
    Message::Broadcast { event, to, request: None }
}

/// What notepack.io 3.0.1 wrote of what @socket.io/redis-adapter 8.3 gave it.
#[test]
fn classic_golden_vectors() {
    let write = |event, to| {
        let broadcast = Broadcast { uid: "abc123".to_owned(), nsp: "/".to_owned(), event, to };
        hex(&broadcast.write())
    };
    let text = "93a661626331323383a47479706502a46461746193a47465737401a132a36e7370a12f83a5726f6f6d7391a5726f6f6d31a665786365707490\
                a5666c61677380";
    assert_eq!(write(event("test", &(1, "2")), room("room1")), text);
    let binary = "93a661626331323383a47479706502a46461746192a474657374c4020304a36e7370a12f83a5726f6f6d7390a665786365707490a566\
                  6c61677380";
    assert_eq!(write(event("test", &Bytes::from_static(&[3, 4])), Targets::default()), binary);
    for bytes in [text, binary] {
        assert_eq!(hex(&Broadcast::read(&unhex(bytes)).unwrap().write()), bytes);
    }

    let without_flags =
        "93a661626331323383a47479706502a46461746191a474657374a36e7370a12f82a5726f6f6d7390a665786365707490";
    let read = Broadcast::read(&unhex(without_flags)).unwrap();
    assert_eq!((&*read.uid, &*read.nsp, &*read.event.name, read.to), ("abc123", "/", "test", Targets::default()));

    let asked = "85a3756964a6616263313233a9726571756573744964a6726571343536a47479706507a67061636b657483a47479706502a46461746191\
                 a474657374a36e7370a12fa46f70747383a5726f6f6d7390a665786365707490a5666c61677381a774696d656f7574cd01f4";
    let to = Targets { flags: Flags { timeout: Some(500), ..Flags::default() }, ..Targets::default() };
    let message = Message::Broadcast { event: event("test", &()), to, request: Some("req456".to_owned()) };
    let request = Request { uid: Some("abc123".to_owned()), message };
    assert_eq!(hex(&request.write("/").unwrap()), asked);
    assert_eq!(hex(&Request::read(&unhex(asked)).unwrap().write("/").unwrap()), asked);

    for (said, bytes) in [
        (Some(value("\"pong\"")), "83a47479706509a9726571756573744964a6726571343536a67061636b6574a4706f6e67"),
        (None, "82a47479706509a9726571756573744964a6726571343536"),
    ] {
        assert_eq!(hex(&reply("req456", Said::Ack(said)).write_classic()), bytes);
        assert_eq!(hex(&Reply::read_classic(&unhex(bytes)).unwrap().write_classic()), bytes);
    }
}

#[test]
fn classic_requests_are_as_node_writes_them() {
    let (r1, r2): (Arc<str>, Arc<str>) = ("r1".into(), "r2".into());
    let to = Targets { select: Select::all().to("a").except("b"), ..Targets::default() };
    let id = || "req456".to_owned();
    for (message, json) in [
        (Message::Rooms { request: id() }, r#"{"uid":"abc123","requestId":"req456","type":1}"#),
        (
            Message::Join { to: to.clone(), rooms: vec![r1.clone(), r2] },
            r#"{"uid":"abc123","type":2,"opts":{"rooms":["a"],"except":["b"]},"rooms":["r1","r2"]}"#,
        ),
        (
            Message::Leave { to: Targets::default(), rooms: vec![r1] },
            r#"{"uid":"abc123","type":3,"opts":{"rooms":[],"except":[]},"rooms":["r1"]}"#,
        ),
        (
            Message::Disconnect { to: to.clone(), close: true },
            r#"{"uid":"abc123","type":4,"opts":{"rooms":["a"],"except":["b"]},"close":true}"#,
        ),
        (
            Message::Fetch { to, request: id() },
            r#"{"uid":"abc123","requestId":"req456","type":5,"opts":{"rooms":["a"],"except":["b"]}}"#,
        ),
        (
            Message::SideEmit { event: event("hello", &(1, "2")), request: None },
            r#"{"uid":"abc123","type":6,"data":["hello",1,"2"]}"#,
        ),
        (
            Message::SideEmit { event: event("hello", &()), request: Some(id()) },
            r#"{"uid":"abc123","requestId":"req456","type":6,"data":["hello"]}"#,
        ),
    ] {
        let request = Request { uid: Some("abc123".to_owned()), message };
        assert_eq!(String::from_utf8(request.write("/").unwrap()).unwrap(), json);
        let read = Request::read(json.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(read.write("/").unwrap()).unwrap(), json);
    }
}

#[test]
fn classic_answers_are_as_node_writes_them() {
    let socket = RemoteSocket {
        id: "s".to_owned(),
        handshake: value(r#"{"headers":{}}"#),
        rooms: vec!["s".into(), "r".into()],
        data: value("{}"),
    };
    for (said, json) in [
        (
            Said::Sockets(vec![socket]),
            r#"{"requestId":"r","sockets":[{"id":"s","handshake":{"headers":{}},"rooms":["s","r"],"data":{}}]}"#,
        ),
        (Said::Rooms(vec!["a".into()]), r#"{"requestId":"r","rooms":["a"]}"#),
        (Said::SideEmit(Some(value("[1]"))), r#"{"type":6,"requestId":"r","data":[1]}"#),
        (Said::SideEmit(None), r#"{"type":6,"requestId":"r"}"#),
        (Said::ClientCount(0), r#"{"type":8,"requestId":"r","clientCount":0}"#),
    ] {
        assert_eq!(String::from_utf8(reply("r", said).write_classic()).unwrap(), json);
        let read = Reply::read_classic(json.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(read.write_classic()).unwrap(), json);
    }
}

/// What the adapters of the family wrote.
#[test]
fn family_golden_vectors() {
    let sharded = r#"{"type":3,"data":{"packet":{"type":2,"data":["test",1]},"opts":{"rooms":["room1"],"except":[],"flags":{}}},"uid":"89abcdef01234567","nsp":"/"}"#;
    let written = envelope(broadcast(event("test", &1), room("room1"))).sharded();
    assert_eq!(String::from_utf8(written).unwrap(), sharded);
    assert_eq!(String::from_utf8(Envelope::read(sharded.as_bytes()).unwrap().sharded()).unwrap(), sharded);

    let fetch = "84a47479706507a46461746182a46f70747383a5726f6f6d7390a665786365707490a5666c61677380a9726571756573744964b030303131\
                 323233333434353536363737a3756964b038396162636465663031323334353637a36e7370a12f";
    let message = Message::Fetch { to: Targets::default(), request: "0011223344556677".to_owned() };
    assert_eq!(hex(&envelope(message).msgpack()), fetch);
    assert_eq!(hex(&Envelope::read(&unhex(fetch)).unwrap().msgpack()), fetch);

    let nothing = "84a4747970650ca46461746182a9726571756573744964b030303131323233333434353536363737a67061636b6574c0a3756964b0383961\
                   62636465663031323334353637a36e7370a12f";
    let answer = Content::Reply(reply("0011223344556677", Said::Ack(None)));
    let answer = Envelope { content: answer, ..envelope(Message::Close) };
    assert_eq!(hex(&answer.msgpack()), nothing);
    assert_eq!(hex(&Envelope::read(&unhex(nothing)).unwrap().msgpack()), nothing);

    let binary = envelope(broadcast(event("t", &Bytes::from_static(&[3, 4])), Targets::default()));
    let entry = [
        ("uid", UID.to_owned()),
        ("nsp", "/".to_owned()),
        ("type", "3".to_owned()),
        ("data", "gqZwYWNrZXSCpHR5cGUCpGRhdGGSoXTEAgMEpG9wdHODpXJvb21zkKZleGNlcHSQpWZsYWdzgA==".to_owned()),
    ];
    assert_eq!(binary.stream_entry(), entry);
    let fields = entry.iter().map(|(name, value)| (*name, &**value));
    assert_eq!(Envelope::read_stream_entry(fields).unwrap().stream_entry(), entry);
}

#[test]
fn all_of_the_family_is_read_as_it_was_written() {
    let flags = Flags { volatile: true, compress: Some(false), timeout: Some(20) };
    let to = Targets { select: Select::all().to("a").to("b").except("c"), flags };
    let id = || "0011223344556677".to_owned();
    let socket = RemoteSocket {
        id: "s".to_owned(),
        handshake: value("{}"),
        rooms: vec!["r".into()],
        data: Value::Bytes(Bytes::from_static(b"d")),
    };
    let messages = [
        Message::InitialHeartbeat,
        Message::Heartbeat,
        broadcast(event("e", &("ü\n", [1.5], None::<u8>)), to.clone()),
        broadcast(event("e", &(1, Bytes::from_static(b"b"), vec![Bytes::from_static(b"c")])), to.clone()),
        Message::Broadcast { event: event("\"", &()), to: to.clone(), request: Some(id()) },
        Message::Join { to: to.clone(), rooms: vec!["x".into()] },
        Message::Leave { to: to.clone(), rooms: vec![] },
        Message::Disconnect { to: to.clone(), close: true },
        Message::Fetch { to, request: id() },
        Message::SideEmit { event: event("e", &(1, 2)), request: None },
        Message::SideEmit { event: event("e", &Bytes::from_static(b"b")), request: Some(id()) },
        Message::Close,
    ];
    let replies = [
        Said::Sockets(vec![]),
        Said::Sockets(vec![socket]),
        Said::SideEmit(Some(value("{\"a\":[]}"))),
        Said::SideEmit(None),
        Said::ClientCount(3),
        Said::Ack(Some(Value::Bytes(Bytes::from_static(b"b")))),
        Said::Ack(None),
    ];
    let contents =
        messages.into_iter().map(Content::Message).chain(replies.map(|said| Content::Reply(reply(&id(), said))));
    for content in contents {
        let whole = Envelope { content, ..envelope(Message::Close) };
        assert_eq!(Envelope::read(&whole.sharded()).unwrap().sharded(), whole.sharded());
        assert_eq!(Envelope::read(&whole.msgpack()).unwrap().msgpack(), whole.msgpack());
        let entry = whole.stream_entry();
        let fields = entry.iter().map(|(name, value)| (*name, &**value));
        assert_eq!(Envelope::read_stream_entry(fields).unwrap().stream_entry(), entry);
    }
}

#[test]
fn what_others_leave_out_or_write_otherwise_is_understood() {
    // An emitter in Rust of 2021 leaves out `except`; Node has numbers for rooms.
    let read =
        Envelope::read(br#"{"uid":"emitter","type":3,"data":{"packet":{"data":["e"]},"opts":{"rooms":[1,-2,"3"]}}}"#);
    let Ok(Envelope { nsp: None, content: Content::Message(Message::Broadcast { to, .. }), .. }) = read else {
        panic!("a broadcast, not {read:?}");
    };
    assert_eq!(to.select, Select::all().to("1").to("-2").to("3"));
    let nulls =
        br#"{"uid":"u","nsp":"/","type":6,"data":{"opts":{"rooms":null,"except":null,"flags":null},"more":[{}]}}"#;
    assert!(Envelope::read(nulls).is_ok());
    assert!(Request::read(br#"{"type":2,"opts":{},"rooms":["r"]}"#).is_ok_and(|request| request.uid.is_none()));
}

#[test]
fn what_is_no_message_is_an_error() {
    use Malformed::{Event, Kind, Shape};
    let deep = [b"{\"uid\":\"u\",\"type\":3,\"data\":".to_vec(), b"[".repeat(100_000)].concat();
    for (bytes, error) in [
        (&b""[..], Shape),
        (b"[1,2]", Shape),
        (b"{", Shape),
        (b"{}", Shape),
        (b"\x01", Shape),
        (b"\x93\x01\x02\x03", Shape),
        (&deep, Shape),
        (br#"{"uid":"u","type":99}"#, Kind),
        (br#"{"uid":"u","type":3}"#, Shape),
        (br#"{"uid":"u","type":3,"data":{"opts":{}}}"#, Event),
        (br#"{"uid":"u","type":3,"data":{"packet":{"data":["connect"]},"opts":{}}}"#, Event),
        (br#"{"uid":"u","type":3,"data":{"packet":{"data":[{}]},"opts":{}}}"#, Event),
        (br#"{"uid":"u","type":7,"data":{"opts":{}}}"#, Shape),
        (br#"{"uid":"u","type":8,"data":{"requestId":"r"}}"#, Shape),
        (br#"{"uid":"u","type":11,"data":{"requestId":"r","clientCount":-1}}"#, Shape),
    ] {
        assert_eq!(Envelope::read(bytes).map(|_| ()), Err(error), "{}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(Broadcast::read(b"\x93\xa1u\x80").map(|_| ()), Err(Shape));
    assert_eq!(Broadcast::read(&unhex("93a17581a4646174619180 80".replace(' ', "").as_str())).map(|_| ()), Err(Event));
    assert_eq!(Request::read(br#"{"type":5}"#).map(|_| ()), Err(Shape));
    assert_eq!(Request::read(br#"{"type":10}"#).map(|_| ()), Err(Kind));
    assert_eq!(Reply::read_classic(br#"{"requestId":"r"}"#).map(|_| ()), Err(Shape));
}

#[test]
fn an_event_that_is_passed_on_reaches_clients_as_it_was_sent() {
    for data in [r#"[1.50,"x"]"#, r#"["\u00e9",{"b":1,"a":2}]"#, "[]"] {
        let json = format!(r#"["e",{data}]"#);
        let whole =
            format!(r#"{{"type":3,"data":{{"packet":{{"type":2,"data":{json}}},"opts":{{}}}},"uid":"u","nsp":"/"}}"#);
        let Content::Message(Message::Broadcast { event, .. }) = Envelope::read(whole.as_bytes()).unwrap().content
        else {
            panic!("a broadcast");
        };
        let packet = Encoded::event("/", None, &event.name, &event.args).unwrap();
        assert_eq!(packet.frames()[0].body(), format!("42{json}").as_bytes());
    }
}
