//! A text of Socket.IO to a client's connection that has joined `/`, and the data it carries.

use std::sync::Arc;
use std::time::Instant;

use pintle_proto::{Args, Config, Connection, Encoded, Incoming};
use serde_json::Value;

use crate::clock;

pub(crate) const SEEDS: &[&[u8]] = &[
    b"",
    b"0",
    b"0/admin,{\"token\":\"x\"}",
    b"1",
    b"1/admin,",
    b"2[\"x\"]",
    b"2[\"x\",1,null,true,[{}],{\"a\":[1.5e3,\"\\u00e9\\ud800\\n\"]}]",
    b"217[ \"x\" , \"\xc3\xa9\" ]",
    b"2/admin,17[\"x\",-0.0,1e400]",
    b"2[17,\"a\"]",
    b"2[\"connect\"]",
    b"31[]",
    b"31[\"x\",{\"__proto__\":{}}]",
    b"4{\"message\":\"x\"}",
    b"51-[\"x\",{\"_placeholder\":true,\"num\":0}]",
    b"62-/admin,7[{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]",
    b"299999999999999999999[\"x\"]",
    b"2[\"x\",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
];

/// As many arguments as are looked at.
type Some4 = [Option<Value>; 4];

/// It is read or refused, and what is sent on is what came.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let now = clock::start();
    let mut connection = joined(now);
    // The text is kept once, for the handler, and an event's name once, or a few times where it has to be mended. Where it
    // is wrong, serde_json makes an error for each level that it leaves, and there are at most 128.
    let incoming = crate::meter::bounded(text.len(), 8, 16 * 1024, || connection.handle_text(now, text));
    match incoming {
        Ok(Some(Incoming::Event { id, name, args, .. })) => {
            assert!(name.len() <= Config::default().max_event_len());
            sent_on(&args, |args| Encoded::event("/", id, &name, args).ok());
        }
        Ok(Some(Incoming::Ack { id, args, .. })) => sent_on(&args, |args| Encoded::ack("/", id, args).ok()),
        _ => {}
    }
}

/// Data that can be read can be sent on, and is the same then.
///
/// The other way round it is not so: who asks for no argument, or sends them on, does not look into numbers and is not
/// stopped by depth.
fn sent_on(args: &Args, encode: impl Fn(&Args) -> Option<Encoded>) {
    let valid = args.validate().is_ok();
    let passed = args.deserialize::<()>().is_ok();
    let read = args.deserialize::<Some4>();
    assert!(passed || !valid && read.is_err(), "what is read is JSON");

    let sent = encode(args);
    assert!(sent.is_some() || !valid);
    let Some(sent) = sent else {
        return;
    };
    let now = clock::start();
    let text = str::from_utf8(sent.frames()[0].body()).expect("a text is UTF-8");
    let mut connection = joined(now);
    let Ok(Some(Incoming::Event { args: again, .. } | Incoming::Ack { args: again, .. })) =
        connection.handle_text(now, &text[1..])
    else {
        panic!("what we send we cannot read: {text}");
    };
    assert_eq!(again.deserialize::<Some4>().ok(), read.ok());
}

fn joined(now: Instant) -> Connection<()> {
    let mut connection = Connection::new(Arc::new(Config::default()), now);
    let Ok(Some(Incoming::Connect { slot, .. })) = connection.handle_text(now, "0") else {
        unreachable!("the packet is a CONNECT");
    };
    connection.begin(slot, ());
    assert!(connection.accept(slot));
    connection
}
