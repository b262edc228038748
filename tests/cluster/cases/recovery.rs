//! Clients that come back, to any node.

use pintle_tests::RealSocket;
use serde_json::{Value, json};

use crate::cluster::{Cluster, Maker, Plan};

/// Clients may come back.
pub(crate) fn plan() -> Plan {
    Plan { server: json!({ "connectionStateRecovery": { "maxDisconnectionDuration": 60_000 } }), ..Plan::default() }
}

/// As few entries as a stream can have: it is shortened by whole nodes of its tree, of 100 entries.
pub(crate) fn short() -> Plan {
    Plan { options: json!({ "maxLen": 10 }), ..plan() }
}

/// With its id, its rooms, its data and what it has missed: that which was for all, for a room of its, and for itself.
pub(crate) async fn a_client_comes_back_to_another_node(c: &mut Cluster) {
    for node in 0..c.nodes.len() {
        comes_back(c, node, (node + 1) % c.nodes.len()).await;
    }
}

pub(crate) async fn a_client_comes_back_to_its_node(c: &mut Cluster) {
    comes_back(c, 1, 1).await;
}

async fn comes_back(c: &mut Cluster, from: usize, to: usize) {
    let (mut client, id) = connected(c, from).await;
    c.nodes[from].run("set_data", json!({ "id": id, "data": { "name": "Ada" } })).await;
    cut(c, &mut client).await;
    saved(c).await;

    let bytes = json!({ "$bytes": "0102" });
    for command in [
        json!({ "args": ["missed", 1] }),
        json!({ "to": ["room1"], "args": ["missed", 2] }),
        json!({ "to": [id], "args": ["missed", 3, bytes] }),
        json!({ "to": ["room2"], "args": ["not for it"] }),
        json!({ "except": ["room1"], "args": ["not for it"] }),
        json!({ "to": ["room1", id], "args": ["missed", 4] }),
    ] {
        c.first("emit", command).await;
    }
    c.heard().await;

    client.move_to(c.nodes[to].address).await;
    client.connect().await;
    let mut heard = Vec::new();
    loop {
        let event = client.heard().await;
        if event[0] == "connect" {
            assert_eq!(event[1], json!(id), "the same id");
            break;
        }
        heard.push(event);
    }
    assert_eq!(client.state().await["recovered"], true);
    c.first("emit", json!({ "to": ["room1"], "args": ["after"] })).await;
    loop {
        match client.heard().await {
            event if event[0] == "after" => break,
            event if event[0] == "fence" => {}
            event => heard.push(event),
        }
    }
    heard.retain(|event| event[0] != "fence");
    let missed = [json!([1]), json!([2]), json!([3, bytes]), json!([4])];
    assert_eq!(heard.iter().map(arguments).collect::<Vec<_>>(), missed);

    let found = c.nodes[from].run("fetch", json!({ "to": [id] })).await;
    assert_eq!(found[0]["data"], json!({ "name": "Ada" }));
    let mut rooms: Vec<String> = serde_json::from_value(found[0]["rooms"].clone()).expect("names");
    rooms.retain(|room| *room != id);
    assert_eq!(rooms, ["room1"]);
    client.disconnect().await;
    assert_eq!(client.heard().await[0], "disconnect");
}

/// A session is taken, so that nobody takes it twice.
pub(crate) async fn a_client_comes_back_once(c: &mut Cluster) {
    let (mut client, id) = connected(c, 0).await;
    cut(c, &mut client).await;
    saved(c).await;
    c.broker("redis", json!({ "args": ["EVAL", DELETE, 0, format!("{}-session:*", c.prefix)] })).await;
    client.move_to(c.nodes[1].address).await;
    client.connect().await;
    let event = client.heard().await;
    assert_eq!(event[0], "connect");
    assert_ne!(event[1], json!(id));
    assert_eq!(client.state().await["recovered"], false);
}

/// Deletes the sessions.
const DELETE: &str = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end return 1";

pub(crate) async fn who_is_unknown_does_not_come_back(c: &mut Cluster) {
    let valid = json!({ "pid": "unknown", "offset": "1700000000000-0" });
    for auth in [valid, json!({ "pid": "unknown", "offset": "nonsense" }), json!({ "pid": 5, "offset": null })] {
        for node in 0..c.nodes.len() {
            let options = json!({ "transports": ["websocket"], "auth": auth });
            let client = c.connect_with(node, "/", options).await;
            assert_eq!(client.state().await["recovered"], false);
        }
    }
}

/// A node of this library may still know what it read: but a client that comes back has missed nothing.
pub(crate) async fn what_was_trimmed_does_not_come_back(c: &mut Cluster) {
    let (mut client, id) = connected(c, 0).await;
    cut(c, &mut client).await;
    saved(c).await;
    for number in 0..250 {
        c.first("emit", json!({ "args": ["missed", number] })).await;
    }
    c.heard().await;
    client.move_to(c.nodes[1].address).await;
    client.connect().await;
    let mut missed = Vec::new();
    let connected = loop {
        match client.heard().await {
            event if event[0] == "connect" => break event,
            event if event[0] == "missed" => missed.push(event[1].clone()),
            _ => {}
        }
    };
    if client.state().await["recovered"] == true {
        assert_eq!(c.nodes[1].maker, Maker::Pintle);
        assert_eq!((&connected[1], missed), (&json!(id), (0..250).map(Value::from).collect()));
    } else {
        assert_ne!(connected[1], json!(id));
        assert_eq!(missed, Vec::<Value>::new());
    }
}

/// A client in a room, which has heard something, as it must have to come back.
async fn connected(c: &mut Cluster, node: usize) -> (RealSocket, String) {
    let mut client = c.connect(node, "/").await;
    client.ask("join", json!(["room1"])).await;
    c.first("emit", json!({ "args": ["noted"] })).await;
    c.heard().await;
    while client.heard().await[0] != "noted" {}
    let id = client.id().to_owned();
    (client, id)
}

/// Its connection ends without a word.
async fn cut(c: &mut Cluster, client: &mut RealSocket) {
    client.cut().await;
    while client.heard().await[0] != "disconnect" {}
    c.heard().await;
}

/// Waits until its session is kept.
async fn saved(c: &Cluster) {
    let pattern = format!("{}-session:*", c.prefix);
    let kept = async {
        while c.broker("redis", json!({ "args": ["KEYS", pattern] })).await.as_array().is_none_or(Vec::is_empty) {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    pintle_tests::within("the session to be kept", kept).await;
}

/// The arguments of an event, without the offset that follows them.
fn arguments(event: &Value) -> Value {
    let args = event.as_array().expect("an event");
    args[1..args.len() - 1].into()
}
