//! What crosses the wire where some nodes are ours, compared with what does where all are Node's.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use crate::adapter::Adapter;
use crate::cluster::{CLIENTS, Cluster, Maker, Plan};
use crate::stage::RUNTIME;

/// Does everything that crosses the wire, with Node alone and in all mixtures of two, and compares.
pub(crate) fn compare(adapter: Adapter) {
    RUNTIME.block_on(async {
        use Maker::{Node, Pintle};

        let Some(expected) = record(adapter, &[Node, Node]).await else { return };
        for makers in [[Pintle, Node], [Node, Pintle], [Pintle, Pintle]] {
            let Some(found) = record(adapter, &makers).await else { return };
            for ((step, expected), (_, found)) in expected.iter().zip(found) {
                let lacks: Vec<_> = expected.iter().filter(|message| !found.contains(message)).collect();
                let extra: Vec<_> = found.iter().filter(|message| !expected.contains(message)).collect();
                assert!(
                    lacks.is_empty() && extra.is_empty() && expected.len() == found.len(),
                    "{makers:?}, {step}:\nlacks {lacks:#?}\nhas besides {extra:#?}\n{} of {}",
                    found.len(),
                    expected.len()
                );
            }
        }
    });
}

/// The steps, and what each of them said, in an order of its own.
async fn record(adapter: Adapter, makers: &[Maker]) -> Option<Vec<(&'static str, Vec<String>)>> {
    static TAPS: AtomicU64 = AtomicU64::new(0);

    let heard = |_| json!({ "hello": null, "question": [{ "answer": 1 }] });
    let plan = Plan { heard, ..Plan::default() };
    let mut c = Cluster::open(adapter, makers, &plan).await?;
    for (client, answer) in [json!([1]), json!([]), json!([{ "$bytes": "ff" }, 2])].into_iter().enumerate() {
        c.clients[client].answer("question", answer).await;
    }
    c.join(1, "room1").await;
    let tap = TAPS.fetch_add(1, Ordering::Relaxed);
    c.broker("tap", json!({ "tap": tap, "prefix": c.prefix, "nsps": ["/"] })).await;
    let [zero, one] = [c.id(0), c.id(1)];
    let steps = [
        ("emit", "emit", json!({ "args": ["test", 1, "2", { "a": [null, 1.5, true] }] })),
        ("emit nothing", "emit", json!({ "args": ["test"] })),
        ("emit bytes", "emit", json!({ "args": ["test", { "$bytes": "0102" }] })),
        ("emit to a room", "emit", json!({ "to": ["room1"], "args": ["test"] })),
        ("emit to rooms", "emit", json!({ "to": ["room1", "room2"], "except": ["room3"], "args": ["test"] })),
        ("emit to a socket", "emit", json!({ "to": [one], "args": ["test"] })),
        ("emit volatile", "emit", json!({ "volatile": true, "args": ["test"] })),
        ("emit locally", "emit", json!({ "local": true, "args": ["test"] })),
        ("broadcast", "emit", json!({ "from": zero, "args": ["test"] })),
        ("emit of a socket", "emit_to", json!({ "id": zero, "args": ["test"] })),
        ("ask", "ask", json!({ "timeout": 2000, "args": ["question"] })),
        ("ask a room", "ask", json!({ "to": ["room1"], "timeout": 2000, "args": ["question", { "$bytes": "00" }] })),
        ("ask nobody", "ask", json!({ "to": ["nobody"], "timeout": 2000, "args": ["question"] })),
        ("join", "join", json!({ "to": ["room1"], "rooms": ["room2", "room3"] })),
        ("leave", "leave", json!({ "except": ["room4"], "rooms": ["room2"] })),
        ("disconnect", "disconnect", json!({ "to": ["nobody"], "close": false })),
        ("disconnect", "disconnect", json!({ "to": ["nobody"], "close": true })),
        ("fetch", "fetch", json!({})),
        ("fetch a room", "fetch", json!({ "to": ["nobody"] })),
        ("emit to servers", "side_emit", json!({ "args": ["hello", 1, { "a": null }] })),
        ("ask servers", "side_ask", json!({ "args": ["question", "x"] })),
    ];
    let mut recorded = Vec::new();
    for (step, what, command) in steps {
        c.first(what, command).await;
        if step == "emit bytes" {
            // Over PostgreSQL they may come after what was sent later.
            assert_eq!(c.clients[1].heard().await[0], "test");
        }
        // What is said after it is heard after it.
        c.heard().await;
        let messages = c.broker("overheard", json!({ "tap": tap })).await;
        recorded.push((step, normalised(&c, &messages)));
    }
    c.broker("untap", json!({ "tap": tap })).await;
    c.close().await;
    Some(recorded)
}

/// The messages without what is another one each time: ids, the prefix, and the handshakes of clients.
fn normalised(c: &Cluster, messages: &Value) -> Vec<String> {
    let mut ids = HashMap::new();
    for client in 0..CLIENTS {
        ids.insert(c.id(client), format!("socket {client}"));
    }
    ids.insert(c.prefix.clone(), "prefix".to_owned());
    let messages = messages.as_array().expect("messages");
    messages.iter().for_each(|message| collect(message, &mut ids));
    // Who makes ids of requests of those of nodes.
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_by_key(|(id, _)| Reverse(id.len()));
    let mut messages: Vec<_> = messages
        .iter()
        .map(|message| replaced(message).to_string())
        // The fence, and what is said because time goes by.
        .filter(|message| !message.contains(r#""fence""#) && !message.contains(r#""type":2,"uid":"node"}"#))
        .map(|message| ids.iter().fold(message, |message, (id, name)| message.replace(&**id, name)))
        .collect();
    messages.sort();
    messages
}

/// Finds the ids of nodes and requests.
fn collect(value: &Value, ids: &mut HashMap<String, String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match (&**key, value) {
                    ("uid", Value::String(id)) => drop(ids.insert(id.clone(), "node".to_owned())),
                    ("requestId", Value::String(id)) => drop(ids.insert(id.clone(), "request".to_owned())),
                    _ => collect(value, ids),
                }
            }
        }
        // The classic broadcast.
        Value::Array(items) => {
            if let [Value::String(uid), Value::Object(packet), Value::Object(_)] = &items[..]
                && packet.contains_key("nsp")
            {
                ids.insert(uid.clone(), "node".to_owned());
            }
            items.iter().for_each(|item| collect(item, ids));
        }
        _ => {}
    }
}

/// Of a handshake only what it has, and keys in order.
fn replaced(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(replaced).collect(),
        Value::Object(object) => {
            let mut sorted: Vec<_> = object.iter().collect();
            sorted.sort_by_key(|(key, _)| &**key);
            let entry = |(key, value): (&String, &Value)| match &**key {
                "handshake" => (key.clone(), shape(value)),
                "rooms" => (key.clone(), set(value)),
                _ => (key.clone(), replaced(value)),
            };
            Value::Object(sorted.into_iter().map(entry).collect::<Map<_, _>>())
        }
        plain => plain.clone(),
    }
}

/// The names of what a handshake has, with the kinds of the values.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(_) => "array".into(),
        Value::Object(object) => {
            let mut sorted: Vec<_> = object.iter().collect();
            sorted.sort_by_key(|(key, _)| &**key);
            let ports = ["host", "origin"];
            sorted.retain(|(key, _)| !ports.contains(&key.as_str()));
            Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), shape(value))).collect())
        }
    }
}

/// Rooms have no order.
fn set(value: &Value) -> Value {
    let mut rooms: Vec<_> = value.as_array().into_iter().flatten().cloned().collect();
    // That of the socket's id last: it is another one each time.
    rooms.sort_by_key(|room| (room.as_str().is_some_and(|room| room.len() == 20), room.to_string()));
    rooms.into()
}
