//! To whom events go.

use serde_json::json;

use crate::cluster::{CLIENTS, Cluster, Maker};

pub(crate) async fn broadcasts_to_all_clients(c: &mut Cluster) {
    let event = json!(["test", 1, "2", { "$bytes": "0304" }, { "nested": [{ "$bytes": "" }, null, true] }]);
    c.first("emit", json!({ "args": event })).await;
    c.assert_heard(event, &[0, 1, 2]).await;
}

pub(crate) async fn broadcasts_to_all_clients_in_a_namespace(c: &mut Cluster) {
    c.first("emit", json!({ "nsp": "/custom", "args": ["test"] })).await;
    assert_eq!(c.heard_in("/custom").await, vec![vec![json!(["test"])]; CLIENTS]);
    assert_eq!(c.heard().await, vec![Vec::<serde_json::Value>::new(); CLIENTS]);
}

pub(crate) async fn broadcasts_to_all_clients_in_a_room(c: &mut Cluster) {
    c.join(1, "room1").await;
    c.first("emit", json!({ "to": ["room1"], "args": ["test"] })).await;
    c.assert_heard(json!(["test"]), &[1]).await;
}

pub(crate) async fn broadcasts_to_all_clients_except_in_room(c: &mut Cluster) {
    c.join(1, "room1").await;
    c.first("emit", json!({ "except": ["room1"], "args": ["test"] })).await;
    c.assert_heard(json!(["test"]), &[0, 2]).await;
}

/// Who is in both rooms hears it once.
pub(crate) async fn broadcasts_to_all_clients_once(c: &mut Cluster) {
    for (client, room) in [(0, "room1"), (0, "room2"), (1, "room1"), (1, "room2"), (2, "room1"), (2, "room3")] {
        c.join(client, room).await;
    }
    c.first("emit", json!({ "to": ["room1", "room2"], "except": ["room3"], "args": ["test"] })).await;
    c.assert_heard(json!(["test"]), &[0, 1]).await;
}

pub(crate) async fn broadcasts_to_local_clients_only(c: &mut Cluster) {
    c.first("emit", json!({ "local": true, "args": ["test"] })).await;
    let here: &[usize] = if c.nodes.len() == 2 { &[0, 2] } else { &[0] };
    c.assert_heard(json!(["test"]), here).await;
}

pub(crate) async fn broadcasts_to_a_single_client(c: &mut Cluster) {
    for client in 0..CLIENTS {
        c.first("emit", json!({ "to": [c.id(client)], "args": ["test", client] })).await;
        c.assert_heard(json!(["test", client]), &[client]).await;
    }
}

/// What a socket sends to others goes to those of other nodes, and not to itself.
pub(crate) async fn a_socket_broadcasts_to_all_others(c: &mut Cluster) {
    c.join(1, "room1").await;
    let from = c.id(0);
    c.first("emit", json!({ "from": from, "args": ["test", 1] })).await;
    c.assert_heard(json!(["test", 1]), &[1, 2]).await;
    c.first("emit", json!({ "from": from, "to": ["room1", from], "args": ["test", 2] })).await;
    c.assert_heard(json!(["test", 2]), &[1]).await;
}

pub(crate) async fn volatile_and_compressed_events_arrive(c: &mut Cluster) {
    c.first("emit", json!({ "volatile": true, "args": ["test", 1] })).await;
    c.assert_heard(json!(["test", 1]), &[0, 1, 2]).await;
    c.first("emit", json!({ "compress": false, "args": ["test", 2] })).await;
    c.assert_heard(json!(["test", 2]), &[0, 1, 2]).await;
}

pub(crate) async fn broadcasts_to_a_numeric_room(c: &mut Cluster) {
    // Where a node of this library begins, all names are text, and in Node only a number is in a room that is one.
    let room = if c.nodes[0].maker == Maker::Node { json!(123) } else { json!("123") };
    c.clients[1].ask("join", json!([room])).await;
    c.join(2, "456").await;
    c.first("emit", json!({ "to": [room], "args": ["test", 1] })).await;
    c.assert_heard(json!(["test", 1]), &[1]).await;
    c.first("emit", json!({ "to": [room, "456"], "args": ["test", 2] })).await;
    c.assert_heard(json!(["test", 2]), &[1, 2]).await;
}

pub(crate) async fn rooms_may_have_any_name(c: &mut Cluster) {
    // As long as a socket's id is; as a socket's id; as the channels have it; as patterns have it; and as nobody writes it.
    let rooms = ["01234567890123456789", "abcdef", "a#b", "#", "*", "[a]?\\", "日本語🦀", "response", " ", "é"];
    for room in rooms {
        c.join(1, room).await;
        c.first("emit", json!({ "to": [room], "args": ["test", room] })).await;
        c.assert_heard(json!(["test", room]), &[1]).await;
        c.first("emit", json!({ "to": [room, "another"], "args": ["test", room] })).await;
        c.assert_heard(json!(["test", room]), &[1]).await;
        c.first("emit", json!({ "except": [room], "args": ["test", room] })).await;
        c.assert_heard(json!(["test", room]), &[0, 2]).await;
    }
}

pub(crate) async fn events_arrive_in_order(c: &mut Cluster) {
    c.join(1, "room1").await;
    for number in 0..20 {
        c.first("emit", json!({ "args": ["test", number] })).await;
        c.first("emit", json!({ "to": ["room1"], "args": ["room", number] })).await;
    }
    let heard = c.heard().await;
    let all = (0..20).map(|number| json!(["test", number])).collect::<Vec<_>>();
    assert_eq!((&heard[0], &heard[2]), (&all, &all));
    let both = (0..20).flat_map(|number| [json!(["test", number]), json!(["room", number])]).collect::<Vec<_>>();
    assert_eq!(heard[1], both);
}

pub(crate) async fn a_megabyte_arrives(c: &mut Cluster) {
    let large = "0123456789é".repeat(100_000);
    c.first("emit", json!({ "args": ["test", large] })).await;
    c.assert_heard(json!(["test", large]), &[0, 1, 2]).await;
    let bytes = json!({ "$bytes": "00ff".repeat(250_000) });
    c.first("emit", json!({ "args": ["test", { "bytes": bytes }] })).await;
    c.assert_heard(json!(["test", { "bytes": bytes }]), &[0, 1, 2]).await;
}

/// Around what PostgreSQL takes in a notification.
pub(crate) async fn events_of_eight_thousand_bytes_arrive(c: &mut Cluster) {
    for length in 7800..7900 {
        let text = "x".repeat(length);
        c.first("emit", json!({ "args": ["test", text] })).await;
    }
    // Node does not keep them in order, where some are put aside.
    for client in &mut c.clients {
        let mut lengths = Vec::new();
        while lengths.len() < 100 {
            lengths.push(client.heard().await[1].as_str().map_or(0, str::len));
        }
        lengths.sort_unstable();
        assert_eq!(lengths, (7800..7900).collect::<Vec<_>>());
    }
}
