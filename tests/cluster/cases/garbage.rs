//! What nobody should say.

use serde_json::{Value, json};

use crate::adapter::Adapter;
use crate::cluster::{Cluster, Maker, Plan};

/// An event for servers that is answered.
pub(crate) fn plan() -> Plan {
    Plan { heard: |_| json!({ "question": ["answer"] }), ..Plan::default() }
}

/// Published wherever nodes listen. They pass over it, and go on.
pub(crate) async fn garbage_is_passed_over(c: &mut Cluster) {
    let text = ["", " ", "{", "{}", "[]", "null", "{\"type\":3}", "\u{feff}{}", "garbage", "[1,2,3]", "\"text\""];
    // Of another one it would be believed that it is a node, where nodes are known by what they say.
    let mut payloads: Vec<Value> = text.map(Value::from).into();
    payloads.extend([
        json!({ "type": 99, "uid": "emitter", "nsp": "/", "data": {} }).to_string().into(),
        json!({ "type": 3, "uid": "emitter", "nsp": "/other", "data": { "packet": { "data": ["evil"] } } })
            .to_string()
            .into(),
        json!({ "type": 3, "uid": "emitter", "nsp": "/", "data": { "packet": { "data": "evil" }, "opts": 5 } })
            .to_string()
            .into(),
        json!({ "type": 7, "uid": "emitter", "nsp": "/", "data": { "opts": [], "requestId": {} } }).to_string().into(),
        json!({ "type": "3", "uid": 5, "nsp": null, "data": [] }).to_string().into(),
        json!({ "uid": "emitter", "requestId": "r", "type": 1 }).to_string().into(),
        json!({ "requestId": "r", "type": 5 }).to_string().into(),
        json!({ "requestId": "r", "type": 8, "clientCount": -1 }).to_string().into(),
        json!({ "requestId": "r", "type": 6, "data": null }).to_string().into(),
        json!({ "attachmentId": "987654321", "uid": "emitter", "type": 3 }).to_string().into(),
        json!({ "attachmentId": {}, "uid": "emitter", "type": 3 }).to_string().into(),
        "[".repeat(5000).into(),
        "{\"a\":".repeat(1300).into(),
    ]);
    if c.adapter != Adapter::Postgres {
        // No MessagePack; a number, nothing, a map of nothing; lists of the wrong length and with wrong things in them; text and
        // bytes that are longer than what there is; lists in lists.
        let bytes =
            ["c1", "05", "c0", "80", "90", "93010203", "93a178c0c0", "dbffffffff", "c6ffffffff00", "dfffffffff"];
        payloads.extend(bytes.map(|bytes| json!({ "$bytes": bytes })));
        payloads.extend([json!({ "$bytes": "91".repeat(100_000) }), json!({ "$bytes": "ff".repeat(1_000_000) })]);
        payloads.push("x".repeat(1_000_000).into());
    }
    let prefix = &c.prefix;
    let channels = match c.adapter {
        Adapter::Classic | Adapter::ClassicSpecific => {
            ["#/#", "#/#room1#", "#/##", "#/", "-request#/#", "-response#/#"]
                .map(|end| format!("{prefix}{end}"))
                .to_vec()
        }
        Adapter::Postgres => vec![format!("{prefix}#/")],
        _ => vec![format!("{prefix}#/#"), format!("{prefix}#/#room1#")],
    };
    c.join(1, "room1").await;
    let sharded = matches!(c.adapter, Adapter::Sharded | Adapter::ShardedStatic | Adapter::ShardedPrivate);
    for channel in &channels {
        for payload in &payloads {
            c.broker("publish", json!({ "channel": channel, "payload": payload, "sharded": sharded })).await;
        }
    }
    if c.adapter == Adapter::Streams {
        let stream = format!("{}-stream", c.prefix);
        let entries = [
            json!({ "x": "y" }),
            json!({ "uid": "emitter", "nsp": "/" }),
            json!({ "uid": "emitter", "nsp": "/", "type": "13" }),
            json!({ "uid": "emitter", "nsp": "/", "type": "2" }),
            json!({ "uid": "emitter", "nsp": "/", "type": "3", "data": "{" }),
            json!({ "uid": "emitter", "nsp": "/", "type": "3", "data": "????" }),
            json!({ "uid": "emitter", "nsp": "/", "type": "3", "data": "gaFh" }),
            json!({ "uid": "emitter", "nsp": "/", "type": "three", "data": "{}" }),
            json!({ "uid": "emitter", "nsp": "/other", "type": "3", "data": "{\"packet\":{\"data\":[\"evil\"]},\"opts\":{}}" }),
        ];
        for fields in entries {
            c.broker("append", json!({ "stream": stream, "fields": fields })).await;
        }
    }
    goes_on(c).await;
}

/// A node of this library says nothing that Node cannot bear, whatever it is told to say.
pub(crate) async fn nothing_that_is_said_ends_a_node(c: &mut Cluster) {
    let names = ["", " ", "#", "é🦀", "01234567890123456789", "0123456789abcdef", "__proto__"];
    for name in names {
        for data in
            [json!([]), json!([null]), json!([[[]], {}]), json!([{ "$bytes": "" }]), json!([{ "__proto__": 1 }])]
        {
            let mut args = vec![json!(format!("e{name}"))];
            args.extend(data.as_array().expect("arguments").iter().cloned());
            c.first("emit", json!({ "to": [name], "args": args })).await;
            c.first("emit", json!({ "to": [name, ""], "except": [name], "args": args })).await;
            c.first("ask", json!({ "to": [name], "timeout": 100, "args": args })).await;
            c.first("side_emit", json!({ "args": args })).await;
        }
        c.first("join", json!({ "to": [name], "rooms": [name, ""] })).await;
        c.first("leave", json!({ "to": [name], "rooms": [] })).await;
        c.first("disconnect", json!({ "to": [name], "close": true })).await;
        c.first("fetch", json!({ "to": [name], "except": [name] })).await;
    }
    goes_on(c).await;
}

/// All nodes hear each other, and answer.
async fn goes_on(c: &mut Cluster) {
    c.first("emit", json!({ "args": ["still there"] })).await;
    c.assert_heard(json!(["still there"]), &[0, 1, 2]).await;
    for node in &c.nodes {
        let found = node.run("fetch", json!({})).await;
        assert_eq!(found.as_array().map(Vec::len), Some(3), "{:?}", node.maker);
    }
    let done = c.first("side_ask", json!({ "args": ["question"] })).await;
    assert_eq!(done["responses"].as_array().map(Vec::len), Some(c.nodes.len() - 1));
    assert!(!c.stage.node.has_ended() || c.nodes.iter().all(|node| node.maker == Maker::Pintle), "Node has ended");
}
