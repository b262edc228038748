//! Nodes that tell each other that they are there: who is asked, who leaves, and who is no node.

use std::time::{Duration, Instant};

use pintle_proto::{Encoded, Value};

use super::dialect::{Postgres, Sharded, Transmit};
use super::*;

const CHANNEL: &str = "socket.io#/";
const TIMEOUT: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "an instant to start from")]
fn start() -> Instant {
    Instant::now()
}

/// A node that listens, and has said so.
fn node(now: Instant) -> Node {
    let mut node = Node::new("/", "0000000000000000", Box::new(Postgres::default()), now);
    node.handle_listening(now);
    said(&mut node);
    node
}

/// What it has said since.
fn said(node: &mut Node) -> Vec<String> {
    let mut said = Vec::new();
    while let Some(transmit) = node.poll_transmit() {
        if let Transmit::Publish { payload, .. } = transmit {
            said.push(String::from_utf8(payload).expect("text"));
        }
    }
    said
}

/// Somebody says something, as a node of Node.js writes it.
fn hear(node: &mut Node, now: Instant, uid: &str, kind: u8, data: &str) {
    hear_on(CHANNEL, node, now, uid, kind, data);
}

fn hear_on(channel: &str, node: &mut Node, now: Instant, uid: &str, kind: u8, data: &str) {
    let data = if data.is_empty() { String::new() } else { format!(r#""data":{data},"#) };
    let message = format!(r#"{{"type":{kind},{data}"uid":"{uid}","nsp":"/"}}"#);
    node.handle_message(now, channel, message.as_bytes()).expect("a message");
}

/// The sockets that a node has.
fn sockets(request: &str, ids: &[&str]) -> String {
    let socket = |id: &&str| format!(r#"{{"id":"{id}","handshake":{{}},"rooms":[],"data":{{}}}}"#);
    let sockets: Vec<String> = ids.iter().map(socket).collect();
    format!(r#"{{"requestId":"{request}","sockets":[{}]}}"#, sockets.join(","))
}

/// How the request that was made last is called.
fn asked(node: &mut Node) -> String {
    let said = said(node).pop().expect("a question");
    let (_, rest) = said.split_once(r#""requestId":""#).expect("a request");
    rest.split_once('"').expect("its end").0.to_owned()
}

fn outcome(node: &mut Node) -> Option<Outcome> {
    std::iter::from_fn(|| node.poll_task()).find_map(|task| match task {
        Task::Finished { outcome, .. } => Some(outcome),
        _ => None,
    })
}

fn ids(outcome: Outcome) -> Vec<String> {
    let Answers::Sockets(sockets) = outcome.answers else {
        panic!("sockets, not {outcome:?}");
    };
    sockets.into_iter().map(|socket| socket.id).collect()
}

fn event() -> Event {
    let (name, args) = Encoded::event("/", None, "e", &()).unwrap().event_args().unwrap();
    Event { name, args }
}

/// Before socket.io 4.8.2 a node says nothing until it has something to publish. It hears all the same, and answers.
#[test]
fn the_answer_of_a_node_that_was_not_known_counts_as_well() {
    let now = start();
    let mut node = node(now);
    hear(&mut node, now, "known", 2, "");
    node.fetch(now, Targets::default(), TIMEOUT);
    let request = asked(&mut node);
    hear(&mut node, now, "old", 8, &sockets(&request, &["b"]));
    assert_eq!(outcome(&mut node), None, "nobody answers for another one");
    hear(&mut node, now, "old", 8, &sockets(&request, &["b"]));
    hear(&mut node, now, "known", 8, &sockets(&request, &["a"]));
    let outcome = outcome(&mut node).expect("all that were known have answered");
    assert_eq!(outcome.missing, Missing::Nobody);
    assert_eq!(ids(outcome), ["b", "a"], "and each once");

    // From now on it is known.
    node.fetch(now, Targets::default(), TIMEOUT);
    let request = asked(&mut node);
    hear(&mut node, now, "known", 8, &sockets(&request, &["a"]));
    assert_eq!(self::outcome(&mut node), None);
}

#[test]
fn the_clients_of_a_node_that_was_not_known_do_not_stand_in_for_others() {
    let now = start();
    let mut node = node(now);
    hear(&mut node, now, "known", 2, "");
    node.broadcast_with_ack(now, event(), Targets::default(), TIMEOUT);
    let request = asked(&mut node);
    let count = |count: u32| format!(r#"{{"requestId":"{request}","clientCount":{count}}}"#);
    let ack = |answer: &str| format!(r#"{{"requestId":"{request}","packet":"{answer}"}}"#);
    hear(&mut node, now, "old", 11, &count(1));
    hear(&mut node, now, "old", 12, &ack("of old"));
    hear(&mut node, now, "known", 11, &count(1));
    assert_eq!(outcome(&mut node), None, "the client of the other one has not answered");
    hear(&mut node, now, "known", 12, &ack("of known"));
    let answers = ["of old", "of known"].map(|answer| Some(Value::String(answer.to_owned()))).to_vec();
    let outcome = outcome(&mut node).expect("everybody has answered");
    assert_eq!(outcome, Outcome { answers: Answers::Clients { asked: 2, answers }, missing: Missing::Nobody });
}

#[test]
fn who_has_left_and_answers_late_is_not_waited_for() {
    let now = start();
    let mut node = node(now);
    hear(&mut node, now, "a", 2, "");
    hear(&mut node, now, "b", 1, "");
    node.fetch(now, Targets::default(), TIMEOUT);
    let request = asked(&mut node);
    hear(&mut node, now, "b", 13, "");
    hear(&mut node, now, "a", 8, &sockets(&request, &["a"]));
    assert_eq!(outcome(&mut node).map(ids), Some(vec!["a".to_owned()]));
}

#[test]
fn who_comes_is_told_who_is_there() {
    let now = start();
    let mut node = node(now);
    hear(&mut node, now, "a", 1, "");
    assert_eq!(said(&mut node), [r#"{"type":2,"uid":"0000000000000000","nsp":"/"}"#]);
    // Nobody answers an answer.
    hear(&mut node, now, "a", 2, "");
    assert_eq!(said(&mut node), Vec::<String>::new());
}

/// Of old versions, or of somebody else who writes to the same channels.
#[test]
fn heartbeats_are_not_answered_where_nodes_are_counted() {
    let now = start();
    let mut node = Node::new("/", "0000000000000000", Box::new(Sharded::default()), now);
    said(&mut node);
    for kind in [1, 2, 13] {
        hear_on("socket.io#/#", &mut node, now, "a", kind, "");
    }
    assert_eq!(said(&mut node), Vec::<String>::new());
}

#[test]
fn who_has_no_name_is_no_node() {
    let now = start();
    let mut node = node(now);
    for uid in ["", "emitter"] {
        hear(&mut node, now, uid, 3, r#"{"packet":{"type":2,"data":["e"]},"opts":{"rooms":[],"except":[]}}"#);
        assert!(matches!(node.poll_task(), Some(Task::Broadcast { .. })), "{uid:?} is heard");
    }
    node.fetch(now, Targets::default(), TIMEOUT);
    assert_eq!(outcome(&mut node).map(ids), Some(Vec::new()), "and not waited for");
}

#[test]
fn who_has_left_says_nothing_more() {
    let now = start();
    let mut node = node(now);
    hear(&mut node, now, "a", 2, "");
    node.leave(now);
    assert_eq!(said(&mut node), [r#"{"type":13,"uid":"0000000000000000","nsp":"/"}"#]);
    // What was on its way to it.
    hear(&mut node, now, "a", 1, "");
    hear(&mut node, now, "b", 2, "");
    let mut now = now;
    for _ in 0..100 {
        now += Duration::from_secs(1);
        node.handle_timeout(now);
    }
    assert_eq!(said(&mut node), Vec::<String>::new(), "or it would be taken for somebody who is there");
    assert_eq!(node.poll_timeout(), None);
}

#[test]
fn whatever_is_said_is_a_sign_of_life() {
    let begin = start();
    let mut node = node(begin);
    for seconds in 0..60 {
        let now = begin + Duration::from_secs(seconds);
        node.handle_timeout(now);
        match seconds % 3 {
            0 => hear(&mut node, now, "a", 8, &sockets("of somebody else", &[])),
            1 => hear(&mut node, now, "a", 9, r#"{"packet":["e"]}"#),
            _ => hear(&mut node, now, "a", 5, r#"{"opts":{"rooms":[],"except":[]},"rooms":["r"]}"#),
        }
    }
    let now = begin + Duration::from_secs(60);
    said(&mut node);
    while node.poll_task().is_some() {}
    node.fetch(now, Targets::default(), TIMEOUT);
    assert_eq!(outcome(&mut node), None, "it is waited for");
    // It falls silent: gone after ten seconds, and not waited for any longer.
    let now = now + Duration::from_secs(4);
    node.handle_timeout(now);
    assert_eq!(outcome(&mut node), None);
    node.handle_timeout(now + Duration::from_secs(1));
    assert_eq!(outcome(&mut node).map(|outcome| outcome.missing), Some(Missing::Nodes(1)), "time is up");
    node.handle_timeout(now + Duration::from_secs(6));
    node.fetch(now + Duration::from_secs(6), Targets::default(), TIMEOUT);
    assert_eq!(outcome(&mut node).map(|outcome| outcome.missing), Some(Missing::Nobody), "and it is gone");
}

#[test]
fn who_speaks_need_not_say_that_it_is_there_but_answers_do_not_count() {
    let begin = start();
    let mut node = node(begin);
    let seconds = |seconds| begin + Duration::from_secs(seconds);
    node.tell(seconds(4), Message::SideEmit { event: event(), request: None });
    said(&mut node);
    node.handle_timeout(seconds(8));
    assert_eq!(said(&mut node).len(), 0);
    node.handle_timeout(seconds(9));
    assert_eq!(said(&mut node), [r#"{"type":2,"uid":"0000000000000000","nsp":"/"}"#]);
    hear(&mut node, seconds(13), "a", 7, r#"{"opts":{"rooms":[],"except":[]},"requestId":"r"}"#);
    let Some(Task::Fetch { asker, .. }) = node.poll_task() else {
        panic!("a question");
    };
    node.answer(&asker, Said::Sockets(Vec::new()));
    assert_eq!(said(&mut node).len(), 1);
    node.handle_timeout(seconds(14));
    assert_eq!(said(&mut node).len(), 1);
}
