//! Acknowledgements of broadcasts.

use serde_json::{Value, json};

use crate::cluster::Cluster;

pub(crate) async fn broadcasts_with_multiple_acknowledgements(c: &mut Cluster) {
    for (client, answer) in
        [json!([1]), json!(["2"]), json!([{ "three": [3, null] }, "no more than one"])].into_iter().enumerate()
    {
        c.clients[client].answer("test", answer).await;
    }
    let done = c.first("ask", json!({ "timeout": 5000, "args": ["test"] })).await;
    assert_eq!(answers(&done), (false, [json!("2"), json!(1), json!({ "three": [3, null] })].into()));
    c.assert_heard(json!(["test"]), &[0, 1, 2]).await;
}

pub(crate) async fn broadcasts_with_multiple_acknowledgements_binary_content(c: &mut Cluster) {
    for (client, bytes) in ["01", "", "ff00"].into_iter().enumerate() {
        c.clients[client].answer("test", json!([{ "$bytes": bytes }])).await;
    }
    let event = json!(["test", { "$bytes": "000102" }]);
    let done = c.first("ask", json!({ "timeout": 5000, "args": event })).await;
    let expected = [json!({ "$bytes": "" }), json!({ "$bytes": "01" }), json!({ "$bytes": "ff00" })];
    assert_eq!(answers(&done), (false, expected.into()));
    c.assert_heard(event, &[0, 1, 2]).await;
}

pub(crate) async fn broadcasts_with_multiple_acknowledgements_no_client(c: &mut Cluster) {
    let done = c.first("ask", json!({ "to": ["nobody"], "timeout": 5000, "args": ["test"] })).await;
    assert_eq!(answers(&done), (false, vec![]));
}

pub(crate) async fn broadcasts_with_multiple_acknowledgements_timeout(c: &mut Cluster) {
    c.clients[0].answer("test", json!([1])).await;
    c.clients[1].answer("test", json!([2])).await;
    let done = c.first("ask", json!({ "timeout": 300, "args": ["test"] })).await;
    assert_eq!(answers(&done), (true, [json!(1), json!(2)].into()));
    c.assert_heard(json!(["test"]), &[0, 1, 2]).await;
}

/// The room of one socket, wherever it is.
pub(crate) async fn broadcasts_with_a_single_acknowledgement(c: &mut Cluster) {
    for client in 0..2 {
        c.clients[client].answer("test", json!([client])).await;
        let done = c.first("ask", json!({ "to": [c.id(client)], "timeout": 5000, "args": ["test"] })).await;
        assert_eq!(answers(&done), (false, vec![json!(client)]));
        c.assert_heard(json!(["test"]), &[client]).await;
    }
}

/// Only some nodes have a socket that is asked, and one answers with nothing.
pub(crate) async fn acknowledgements_of_a_room(c: &mut Cluster) {
    c.join(1, "room1").await;
    c.clients[1].answer("test", json!([])).await;
    let done = c.first("ask", json!({ "to": ["room1"], "timeout": 5000, "args": ["test"] })).await;
    assert_eq!(answers(&done), (false, vec![Value::Null]));
    let done = c.first("ask", json!({ "except": ["room1"], "to": ["room1"], "timeout": 5000, "args": ["test"] })).await;
    assert_eq!(answers(&done), (false, vec![]));
}

pub(crate) async fn many_acknowledgements_of_each_node(c: &mut Cluster) {
    let mut more = Vec::new();
    for number in 0..12 {
        let client = c.connect(number % c.nodes.len(), "/").await;
        client.answer("test", json!([number])).await;
        more.push(client);
    }
    for (client, answer) in [12, 13, 14].into_iter().enumerate() {
        c.clients[client].answer("test", json!([answer])).await;
    }
    let done = c.first("ask", json!({ "timeout": 5000, "args": ["test"] })).await;
    let (failed, mut responses) = answers(&done);
    responses.sort_by_key(Value::as_u64);
    assert_eq!((failed, responses), (false, (0..15).map(Value::from).collect()));
}

/// Whether there was an error, and the answers, in order.
fn answers(done: &Value) -> (bool, Vec<Value>) {
    let mut responses = done["responses"].as_array().cloned().unwrap_or_default();
    responses.sort_by_key(Value::to_string);
    (done["error"].is_string(), responses)
}
