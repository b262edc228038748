//! Events between servers.

use serde_json::{Value, json};

use crate::cluster::{Cluster, Plan};

/// Handlers for events of servers: one that says nothing, one that answers, and one that each node but the first answers.
pub(crate) fn plan() -> Plan {
    let heard = |node| json!({ "hello": null, "question": [node], "half": if node == 1 { json!([node]) } else { Value::Null } });
    Plan { heard, ..Plan::default() }
}

pub(crate) async fn sends_an_event_to_other_server_instances(c: &mut Cluster) {
    c.first("side_emit", json!({ "args": ["hello", "world", 1, { "list": ["2", null] }] })).await;
    for node in &mut c.nodes[1..] {
        assert_eq!(node.heard().await, json!(["/", "hello", "world", 1, { "list": ["2", null] }]));
    }
    // Whoever sent it would have heard it before the clients hear this.
    assert_eq!(c.heard().await, [vec![], vec![], vec![]] as [Vec<Value>; 3]);
    assert_eq!(c.nodes[0].heard_by_now(), Vec::<Value>::new());
}

/// In the classic dialect they are no binary, but what Node's `JSON.stringify` makes of them.
pub(crate) async fn sends_bytes_to_other_server_instances(c: &mut Cluster) {
    c.first("side_emit", json!({ "args": ["hello", { "$bytes": "0102" }] })).await;
    for node in &mut c.nodes[1..] {
        assert_eq!(node.heard().await, json!(["/", "hello", { "$bytes": "0102" }]));
    }
}

pub(crate) async fn sends_an_event_and_receives_a_response_from_the_other_server_instances(c: &mut Cluster) {
    let done = c.first("side_ask", json!({ "args": ["question", "why"] })).await;
    let mut responses = done["responses"].as_array().expect("answers").clone();
    responses.sort_by_key(Value::as_u64);
    assert_eq!(done["error"], Value::Null);
    assert_eq!(responses, (1..c.nodes.len()).map(Value::from).collect::<Vec<_>>());
    for node in &mut c.nodes[1..] {
        assert_eq!(node.heard().await, json!(["/", "question", "why"]));
    }
}

/// With three nodes one answers and one does not; with two nobody does to the second event. One has no handler at all.
pub(crate) async fn sends_an_event_but_timeout_if_one_server_does_not_respond(c: &mut Cluster) {
    let ask = |args: Value| json!({ "args": args });
    let first = &c.nodes[0];
    let (half, never, none) = tokio::join!(
        first.run("side_ask", ask(json!(["half"]))),
        first.run("side_ask", ask(json!(["hello"]))),
        first.run("side_ask", ask(json!(["nobody"]))),
    );
    assert_eq!((half["error"].is_string(), &half["responses"]), (c.nodes.len() > 2, &json!([1])));
    assert_eq!((never["error"].is_string(), &never["responses"]), (true, &json!([])));
    assert_eq!((none["error"].is_string(), &none["responses"]), (true, &json!([])));
}
