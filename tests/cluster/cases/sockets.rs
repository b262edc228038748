//! What is done to sockets, on whichever node they are.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::{CLIENTS, Cluster};

pub(crate) async fn makes_all_socket_instances_join_the_specified_room(c: &mut Cluster) {
    c.first("join", json!({ "rooms": ["room1", "room2"] })).await;
    c.settled([&["room1", "room2"]; CLIENTS]).await;
}

pub(crate) async fn makes_the_matching_socket_instances_join_the_specified_room(c: &mut Cluster) {
    c.join(0, "room1").await;
    c.join(2, "room1").await;
    c.first("join", json!({ "to": ["room1"], "rooms": ["room2"] })).await;
    c.settled([&["room1", "room2"], &[], &["room1", "room2"]]).await;
    c.first("join", json!({ "except": ["room1"], "rooms": ["room3"] })).await;
    c.settled([&["room1", "room2"], &["room3"], &["room1", "room2"]]).await;
}

pub(crate) async fn makes_the_given_socket_instance_join_the_specified_room(c: &mut Cluster) {
    c.first("join", json!({ "to": [c.id(1)], "rooms": ["room3"] })).await;
    c.settled([&[], &["room3"], &[]]).await;
}

pub(crate) async fn makes_all_socket_instances_leave_the_specified_room(c: &mut Cluster) {
    for client in [0, 2] {
        c.join(client, "room1").await;
        c.join(client, "room2").await;
    }
    c.first("leave", json!({ "rooms": ["room1"] })).await;
    c.settled([&["room2"], &[], &["room2"]]).await;
}

pub(crate) async fn makes_the_matching_socket_instances_leave_the_specified_room(c: &mut Cluster) {
    for (client, room) in [(0, "room1"), (0, "room2"), (1, "room1"), (1, "room2"), (2, "room2")] {
        c.join(client, room).await;
    }
    c.first("leave", json!({ "to": ["room1"], "rooms": ["room2"] })).await;
    c.settled([&["room1"], &["room1"], &["room2"]]).await;
}

pub(crate) async fn makes_the_given_socket_instance_leave_the_specified_room(c: &mut Cluster) {
    for client in 0..CLIENTS {
        c.join(client, "room3").await;
    }
    c.first("leave", json!({ "to": [c.id(1)], "rooms": ["room3"] })).await;
    c.settled([&["room3"], &[], &["room3"]]).await;
}

pub(crate) async fn makes_all_socket_instances_disconnect(c: &mut Cluster) {
    c.first("disconnect", json!({ "close": false })).await;
    for client in &mut c.clients {
        assert_eq!(client.heard().await, json!(["disconnect", "io server disconnect"]));
    }
}

pub(crate) async fn closes_the_connections_of_all_socket_instances(c: &mut Cluster) {
    c.first("disconnect", json!({ "close": true })).await;
    for client in &mut c.clients {
        let heard = client.heard().await;
        assert_eq!(heard[0], "disconnect", "{heard}");
    }
}

pub(crate) async fn makes_the_matching_socket_instances_disconnect(c: &mut Cluster) {
    c.join(1, "room1").await;
    c.first("disconnect", json!({ "to": ["room1"], "close": false })).await;
    assert_eq!(c.clients[1].heard().await, json!(["disconnect", "io server disconnect"]));
    let mut left = [c.clients.remove(0), c.clients.remove(1)];
    assert_eq!(c.fence_of(0, "/", &mut left).await, [vec![], vec![]] as [Vec<Value>; 2]);
}

pub(crate) async fn sends_a_packet_before_all_socket_instances_disconnect(c: &mut Cluster) {
    c.first("emit", json!({ "args": ["bye"] })).await;
    c.first("disconnect", json!({ "close": true })).await;
    for client in &mut c.clients {
        assert_eq!(client.heard().await, json!(["bye"]));
        assert_eq!(client.heard().await[0], "disconnect");
    }
}

pub(crate) async fn returns_all_socket_instances(c: &mut Cluster) {
    let all = c.first("fetch", json!({})).await;
    assert_eq!(ids(&all), (0..CLIENTS).map(|client| c.id(client)).collect());
}

pub(crate) async fn returns_a_single_socket_instance(c: &mut Cluster) {
    for client in 0..CLIENTS {
        let id = c.id(client);
        let found = c.first("fetch", json!({ "to": [id] })).await;
        assert_eq!(ids(&found), BTreeSet::from([id]));
    }
}

pub(crate) async fn returns_only_local_socket_instances(c: &mut Cluster) {
    let found = c.first("fetch", json!({ "local": true })).await;
    let here = (0..CLIENTS).filter(|client| client % c.nodes.len() == 0);
    assert_eq!(ids(&found), here.map(|client| c.id(client)).collect());
}

/// What is told of a socket is what its own node knows.
pub(crate) async fn tells_all_of_a_socket(c: &mut Cluster) {
    let options = json!({
        "transports": ["polling"],
        "query": { "a": "1", "ü": "é&=" },
        "auth": { "token": "abc", "list": [1, null, { "x": 2.5 }] },
        "extraHeaders": { "x-custom": "one" },
    });
    let node = c.nodes.len() - 1;
    let client = c.connect_with(node, "/", options).await;
    let (id, data) = (client.id(), json!({ "name": "Ada", "nested": { "list": [1, 2.5, "🦀", null, true] } }));
    client.ask("join", json!(["room1"])).await;
    c.nodes[node].run("set_data", json!({ "id": id, "data": data })).await;
    let found = c.first("fetch", json!({ "to": [id] })).await;
    let socket = &found[0];
    assert_eq!(socket["data"], data);
    let rooms: BTreeSet<&str> = socket["rooms"].as_array().expect("rooms").iter().filter_map(Value::as_str).collect();
    assert_eq!(rooms, BTreeSet::from([id, "room1"]));
    let handshake = &socket["handshake"];
    assert_eq!(handshake["headers"]["x-custom"], "one");
    assert_eq!(handshake["auth"], json!({ "token": "abc", "list": [1, null, { "x": 2.5 }] }));
    let query = &handshake["query"];
    assert_eq!((&query["a"], &query["ü"], &query["transport"]), (&json!("1"), &json!("é&="), &json!("polling")));
    assert_eq!((&handshake["secure"], &handshake["xdomain"]), (&json!(false), &json!(false)));
    assert!(handshake["url"].as_str().is_some_and(|url| url.starts_with("/socket.io/?")), "{handshake}");
    assert!(handshake["address"].as_str().is_some_and(|address| address.ends_with("127.0.0.1")), "{handshake}");
    assert!(handshake["issued"].is_u64() && handshake["time"].is_string(), "{handshake}");
}

/// What is fetched is a means to reach the socket.
pub(crate) async fn a_socket_that_was_fetched_is_reached(c: &mut Cluster) {
    for client in 0..2 {
        let id = c.id(client);
        c.first("remote_emit", json!({ "id": id, "args": ["test", { "$bytes": "01" }] })).await;
        c.assert_heard(json!(["test", { "$bytes": "01" }]), &[client]).await;
        c.first("remote_join", json!({ "id": id, "rooms": ["a", "b"] })).await;
        let both: [&[&str]; CLIENTS] = std::array::from_fn(|each| if each == client { &["a", "b"][..] } else { &[] });
        c.settled(both).await;
        c.first("remote_leave", json!({ "id": id, "rooms": ["a"] })).await;
        c.first("remote_leave", json!({ "id": id, "rooms": ["b"] })).await;
        c.settled([&[]; CLIENTS]).await;
        c.clients[client].answer("question", json!(["answer"])).await;
        let answer = c.first("remote_ask", json!({ "id": id, "timeout": 5000, "args": ["question"] })).await;
        assert_eq!(answer, "answer");
        assert_eq!(c.clients[client].heard().await, json!(["question"]));
    }
    c.first("remote_disconnect", json!({ "id": c.id(1), "close": false })).await;
    assert_eq!(c.clients[1].heard().await, json!(["disconnect", "io server disconnect"]));
    c.first("remote_disconnect", json!({ "id": c.id(0), "close": true })).await;
    assert_eq!(c.clients[0].heard().await[0], "disconnect");
}

pub(crate) async fn all_rooms_returns_all_rooms_across_several_nodes(c: &mut Cluster) {
    for (client, room) in [(0, "room1"), (1, "room1"), (1, "room2"), (2, "room3")] {
        c.join(client, room).await;
    }
    let found = c.first("all_rooms", json!({})).await;
    let mut found: BTreeSet<String> = serde_json::from_value(found).expect("names");
    // Node counts the rooms of sockets' own ids.
    found.retain(|room| !(0..CLIENTS).any(|client| *room == c.id(client)));
    assert_eq!(found, ["room1", "room2", "room3"].map(str::to_owned).into());
}

fn ids(sockets: &Value) -> BTreeSet<String> {
    let sockets = sockets.as_array().expect("sockets");
    let ids: BTreeSet<_> = sockets.iter().map(|socket| socket["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids.len(), sockets.len(), "each once");
    ids
}
