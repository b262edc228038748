//! What one client, one old node or one that is not well writes must not cost more than its own part of a message.

use pintle_proto::Value;

use super::classic::{Broadcast, Request};
use super::family::{Content, Envelope};
use super::*;
use crate::select::Select;

fn json(text: &str) -> Result<Content, Malformed> {
    Envelope::read(text.as_bytes()).map(|envelope| envelope.content)
}

fn said(content: Result<Content, Malformed>) -> Said {
    match content {
        Ok(Content::Reply(Reply { said, .. })) => said,
        other => panic!("an answer, not {other:?}"),
    }
}

fn sockets(said: Said) -> Vec<RemoteSocket> {
    match said {
        Said::Sockets(sockets) => sockets,
        other => panic!("sockets, not {other:?}"),
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// An adapter of 2020 says of one socket what others say of many.
#[test]
fn an_old_node_that_disconnects_one_socket_disconnects_no_other() {
    let one = Targets { select: Select::all().to("s1"), ..Targets::default() };
    let read = |json: &str| Request::read(json.as_bytes()).map(|request| request.message);
    match read(r#"{"requestId":"r","type":4,"sid":"s1","close":true}"#) {
        Ok(Message::Disconnect { to, close: true }) => assert_eq!(to, one),
        other => panic!("{other:?}"),
    }
    for (kind, joins) in [(2, true), (3, false)] {
        match read(&format!(r#"{{"requestId":"r","type":{kind},"sid":"s1","room":"a"}}"#)) {
            Ok(Message::Join { to, rooms }) if joins => assert_eq!((to, &*rooms), (one.clone(), &["a".into()][..])),
            Ok(Message::Leave { to, rooms }) if !joins => assert_eq!((to, &*rooms), (one.clone(), &["a".into()][..])),
            other => panic!("{other:?}"),
        }
    }
}

/// Everybody is who is in no room in particular, not who was forgotten.
#[test]
fn whom_a_message_does_not_say_it_is_not_for_everybody() {
    for kind in [2, 3, 4, 5] {
        let request = format!(r#"{{"requestId":"r","type":{kind},"rooms":["a"],"close":true}}"#);
        assert_eq!(Request::read(request.as_bytes()).map(drop), Err(Malformed::Shape), "{request}");
    }
    for kind in [3, 4, 5, 6, 7] {
        for opts in ["", r#","opts":null"#] {
            let message = format!(
                r#"{{"uid":"u","type":{kind},"data":{{"requestId":"r","packet":{{"data":["e"]}},"rooms":["a"]{opts}}}}}"#
            );
            assert_eq!(json(&message).map(drop), Err(Malformed::Shape), "{message}");
        }
    }
    // [uid, { data: ["e"] }, nil]
    assert_eq!(Broadcast::read(b"\x93\xa1u\x81\xa4data\x91\xa1e\xc0").map(drop), Err(Malformed::Shape));
}

#[test]
fn half_a_surrogate_pair_of_one_client_hides_no_others() {
    let half = r#"{"auth":{"name":"\ud800"}}"#;
    let list = format!(r#"[{{"id":"a","handshake":{half},"rooms":["\udc00"],"data":"\ud800"}},{{"id":"b"}}]"#);
    let family = format!(r#"{{"uid":"u","type":8,"data":{{"requestId":"r","sockets":{list}}}}}"#);
    let classic = format!(r#"{{"requestId":"r","sockets":{list}}}"#);
    let classic = Reply::read_classic(classic.as_bytes()).unwrap().said;
    for found in [sockets(said(json(&family))), sockets(classic)] {
        assert_eq!(found.iter().map(|socket| &*socket.id).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found[0].handshake, value(r#"{"auth":{"name":"\ufffd"}}"#));
        assert_eq!((&*found[0].rooms[0], &found[0].data), ("\u{fffd}", &value(r#""\ufffd""#)));
    }
    let ack = json(r#"{"uid":"u","type":12,"data":{"requestId":"r","packet":"\ud800"}}"#);
    assert!(matches!(said(ack), Said::Ack(Some(answer)) if answer == value(r#""\ufffd""#)));
    let Ok(Content::Message(Message::Broadcast { event, .. })) =
        json(r#"{"uid":"u","type":3,"data":{"packet":{"data":["\ud800",1]},"opts":{"rooms":["\ud800"]}}}"#)
    else {
        panic!("a broadcast");
    };
    assert_eq!((&*event.name, event.args.values().unwrap()), ("\u{fffd}", vec![value("1")]));
}

/// A client says what its handshake has, and Node does not mind how deep.
#[test]
fn what_one_client_nests_too_deep_hides_no_others() {
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    let list = format!(r#"[{{"id":"a","handshake":{{"auth":{deep}}},"data":{deep}}},{{"id":"b","data":7}}]"#);
    let found = sockets(said(json(&format!(r#"{{"uid":"u","type":8,"data":{{"requestId":"r","sockets":{list}}}}}"#))));
    assert_eq!((&*found[0].id, &found[0].handshake, &found[0].data), ("a", &value("{}"), &value("{}")));
    assert_eq!((&*found[1].id, &found[1].data), ("b", &value("7")));
}

/// As deep as a text packet may be: whatever a client can send to this node can be said to the others.
#[test]
fn what_a_client_may_nest_reaches_other_nodes() {
    let deepest = 127;
    let data = ["[".repeat(deepest), "]".repeat(deepest)].concat();
    let (name, args) = pintle_proto::Args::of_event(&format!(r#"["e",{data}]"#)).unwrap();
    let event = Event { name, args };
    let to = Targets::default();
    let broadcast = Broadcast { uid: "u".to_owned(), nsp: "/".to_owned(), event: event.clone(), to: to.clone() };
    assert!(Broadcast::read(&broadcast.write()).is_ok());
    let asked = Message::Broadcast { event: event.clone(), to, request: Some("r".to_owned()) };
    let request = Request { uid: Some("u".to_owned()), message: asked.clone() };
    assert!(Request::read(&request.write("/").unwrap()).is_ok());
    let handshake = value(&data);
    let socket =
        RemoteSocket { id: "s".to_owned(), handshake: handshake.clone(), rooms: vec![], data: handshake.clone() };
    let reply = |said| Content::Reply(Reply { request: "r".to_owned(), said });
    let contents = [
        Content::Message(asked),
        Content::Message(Message::SideEmit { event, request: None }),
        reply(Said::Ack(Some(handshake))),
    ];
    for content in contents.into_iter().chain([reply(Said::Sockets(vec![socket]))]) {
        let whole = Envelope { uid: "u".to_owned(), nsp: Some("/".to_owned()), content };
        assert!(Envelope::read(&whole.msgpack()).is_ok(), "{}", whole.content.kind());
        let again = Envelope::read(whole.text().unwrap().as_bytes()).unwrap();
        assert_eq!(again.text(), whole.text());
    }
}

/// In MessagePack there is room for what a message puts around it, and that is no room for more.
#[test]
fn what_no_other_form_can_say_is_not_read() {
    let deep = |levels: usize| [vec![0x91; levels - 1], vec![0x90]].concat();
    let side_emit = |levels| [&b"\x83\xa4type\x06\xa3uid\xa1u\xa4data\x92\xa1e"[..], &deep(levels)].concat();
    let read = |levels| Request::read(&side_emit(levels));
    let written = read(127).unwrap().write("/").unwrap();
    assert_eq!(Request::read(&written).unwrap().write("/").unwrap(), written);
    assert_eq!(read(128).map(drop), Err(Malformed::Event));
    let ack = |levels| [&b"\x83\xa4type\x09\xa9requestId\xa1r\xa6packet"[..], &deep(levels)].concat();
    assert!(Reply::read_classic(&ack(127)).is_ok());
    assert_eq!(Reply::read_classic(&ack(128)).map(drop), Err(Malformed::Shape));
    let count = |count: u64| format!(r#"{{"uid":"u","type":11,"data":{{"requestId":"r","clientCount":{count}}}}}"#);
    assert!(json(&count((1 << 53) - 1)).is_ok());
    assert_eq!(json(&count(1 << 53)).map(drop), Err(Malformed::Shape));
}

/// To servers, unlike to clients, a socket's own events are names like any other.
#[test]
fn servers_may_tell_each_other_of_a_disconnect() {
    let family = r#"{"type":9,"data":{"packet":["disconnect",1]},"uid":"u","nsp":"/"}"#;
    assert_eq!(Envelope::read(family.as_bytes()).unwrap().text().unwrap(), family);
    let classic = r#"{"uid":"u","type":6,"data":["disconnecting"]}"#;
    assert_eq!(Request::read(classic.as_bytes()).unwrap().write("/").unwrap(), classic.as_bytes());
    // { type: 9, uid: "u", data: { packet: ["disconnect"] } }
    let binary = b"\x83\xa4type\x09\xa3uid\xa1u\xa4data\x81\xa6packet\x91\xaadisconnect";
    assert!(Envelope::read(binary).is_ok());
}

/// @msgpack/msgpack writes what is missing as nothing.
#[test]
fn nothing_is_no_list_and_no_truth() {
    for (kind, data) in [(4, r#""rooms":null"#), (5, r#""rooms":null"#), (6, r#""close":null"#)] {
        let message = format!(r#"{{"uid":"u","type":{kind},"data":{{"opts":{{}},{data}}}}}"#);
        assert!(json(&message).is_ok(), "{message}");
    }
    let socket = r#"{"uid":"u","type":8,"data":{"requestId":"r","sockets":[{"id":"a","rooms":null,"data":null}]}}"#;
    assert_eq!(sockets(said(json(socket)))[0].rooms, []);
}

/// In MessagePack, which is how classic nodes say it, as in JSON: the nearest that there is to what was written.
#[test]
fn a_number_is_the_same_on_all_nodes() {
    let text = "31.245270191439438";
    let (name, args) = pintle_proto::Args::of_event(&format!(r#"["e",{text}]"#)).unwrap();
    let event = Event { name, args };
    let broadcast = Broadcast { uid: "u".to_owned(), nsp: "/".to_owned(), event, to: Targets::default() };
    let read = Broadcast::read(&broadcast.write()).unwrap();
    assert_eq!(serde_json::to_string(&read.event.args).unwrap(), format!("[{text}]"));
    let number: f64 = read.event.args.deserialize().unwrap();
    assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits());
}
