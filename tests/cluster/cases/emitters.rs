//! Who publishes without being a node: the official emitters.

use serde_json::{Value, json};

use crate::cluster::{CLIENTS, Cluster, Plan};

/// An event for servers that is heard, and a second namespace.
pub(crate) fn plan() -> Plan {
    Plan { nsps: &["/", "/custom"], heard: |_| json!({ "hello": null }), ..Plan::default() }
}

pub(crate) async fn an_emitter_broadcasts(c: &mut Cluster) {
    let data = json!([1, "2", { "$bytes": "0304" }, { "nested": [null, true, { "$bytes": "" }] }, 1.5, "🦀"]);
    let event = Value::Array([json!("test")].into_iter().chain(data.as_array().expect("a list").clone()).collect());
    emitter(c, "emit", json!({ "args": event })).await;
    c.assert_heard(event, &[0, 1, 2]).await;
    c.join(1, "room1").await;
    emitter(c, "emit", json!({ "to": ["room1"], "args": ["test"] })).await;
    c.assert_heard(json!(["test"]), &[1]).await;
    emitter(c, "emit", json!({ "except": ["room1"], "args": ["test"] })).await;
    c.assert_heard(json!(["test"]), &[0, 2]).await;
    emitter(c, "emit", json!({ "to": ["room1", "room2"], "except": [c.id(1)], "args": ["nobody"] })).await;
    emitter(c, "emit", json!({ "to": [c.id(2)], "args": ["test"] })).await;
    c.assert_heard(json!(["test"]), &[2]).await;
    emitter(c, "emit", json!({ "volatile": true, "compress": false, "args": ["test"] })).await;
    c.assert_heard(json!(["test"]), &[0, 1, 2]).await;
}

pub(crate) async fn an_emitter_broadcasts_in_a_namespace(c: &mut Cluster) {
    emitter(c, "emit", json!({ "nsp": "/custom", "args": ["test"] })).await;
    for client in c.others.get_mut("/custom").expect("of the plan") {
        assert_eq!(client.heard().await, json!(["test"]));
    }
    assert_eq!(c.heard().await, vec![Vec::<Value>::new(); CLIENTS]);
}

pub(crate) async fn an_emitter_has_sockets_join_and_leave(c: &mut Cluster) {
    emitter(c, "socketsJoin", json!({ "args": ["room1"] })).await;
    c.settled([&["room1"]; CLIENTS]).await;
    emitter(c, "socketsJoin", json!({ "to": [c.id(1)], "args": [["room2", "room3"]] })).await;
    c.settled([&["room1"], &["room1", "room2", "room3"], &["room1"]]).await;
    emitter(c, "socketsLeave", json!({ "to": ["room2"], "args": ["room1"] })).await;
    c.settled([&["room1"], &["room2", "room3"], &["room1"]]).await;
    emitter(c, "socketsLeave", json!({ "args": [["room1", "room2"]] })).await;
    c.settled([&[], &["room3"], &[]]).await;
}

pub(crate) async fn an_emitter_disconnects_sockets(c: &mut Cluster) {
    c.join(1, "room1").await;
    emitter(c, "disconnectSockets", json!({ "to": ["room1"], "args": [] })).await;
    assert_eq!(c.clients[1].heard().await, json!(["disconnect", "io server disconnect"]));
    emitter(c, "disconnectSockets", json!({ "args": [true] })).await;
    for client in [0, 2] {
        assert_eq!(c.clients[client].heard().await[0], "disconnect");
    }
}

pub(crate) async fn an_emitter_emits_to_servers(c: &mut Cluster) {
    emitter(c, "serverSideEmit", json!({ "args": ["hello", 1, "2", { "list": [3] }] })).await;
    for node in &mut c.nodes {
        assert_eq!(node.heard().await, json!(["/", "hello", 1, "2", { "list": [3] }]));
    }
}

async fn emitter(c: &Cluster, method: &str, mut command: Value) {
    command["method"] = json!(method);
    command["prefix"] = json!(c.prefix);
    if command["nsp"].is_null() {
        command["nsp"] = json!("/");
    }
    c.broker("emitter", command).await;
}
