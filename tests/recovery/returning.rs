//! Clients that come back.

use serde_json::json;

use crate::nodes::{Cluster, without_places};

#[tokio::test]
async fn an_event_has_the_same_place_on_all_nodes() {
    let Some(Cluster { nodes, redis: _redis }) = Cluster::start().await else { return };
    let mut here = nodes[0].visit().await;
    let mut there = nodes[1].visit().await;
    let mut before = None;
    for number in 0..200 {
        nodes[number % 2].io.emit("number", number).expect("an event");
    }
    // Each node's own are in their order, and all in one.
    let mut numbers = [Vec::new(), Vec::new()];
    for _ in 0..200 {
        let event = here.next().await;
        assert_eq!(there.next().await, event);
        assert_eq!(there.offset, here.offset);
        let place = here.offset.clone().expect("a place");
        let place: Vec<u64> = place.split('-').map(|part| part.parse().expect("a number")).collect();
        assert!(before < Some(place.clone()), "{before:?}, then {place:?}");
        before = Some(place);
        let number = event[1].as_u64().expect("a number");
        numbers[number as usize % 2].push(number);
    }
    assert!(numbers.iter().all(|numbers| numbers.len() == 100 && numbers.is_sorted()));
}

#[tokio::test]
async fn who_is_cut_off_from_one_node_comes_back_to_the_other() {
    let Some(Cluster { redis, nodes }) = Cluster::start().await else { return };
    let mut guest = nodes[0].visit().await;
    nodes[0].io.emit("first", ()).expect("an event");
    assert_eq!(guest.next().await, json!(["first"]));
    let (sid, pid, offset) = nodes[0].cut_off(guest, &redis).await;

    nodes[1].io.emit("all", 1).expect("an event");
    nodes[0].io.to("room").emit("room", "2").expect("an event");
    nodes[1].io.to(sid.as_str()).emit("own", (3, "x")).expect("an event");
    nodes[0].io.to("elsewhere").emit("no", 4).expect("an event");
    nodes[0].io.except("room").emit("no", 5).expect("an event");
    nodes[0].io.volatile().emit("no", 6).expect("an event");
    nodes[1].io.of("/other").emit("no", 7).expect("an event");
    nodes[0].io.to(["room", "elsewhere"]).emit("either", [8]).expect("an event");

    let (mut guest, missed) = nodes[1].visit_again(&pid, &offset).await;
    let mut missed = without_places(missed);
    // What was under way while it came back comes after its CONNECT.
    while missed.len() < 4 {
        missed.push(guest.next().await);
    }
    // Those of each node are in its order.
    assert!(missed.contains(&json!(["all", 1])) && missed.contains(&json!(["own", 3, "x"])), "{missed:?}");
    assert!(missed.contains(&json!(["room", "2"])) && missed.contains(&json!(["either", 8])), "{missed:?}");
    assert_eq!((&guest.sid, &guest.pid), (&sid, &pid));
    let socket = nodes[1].io.sockets().into_iter().next().expect("a socket");
    assert!(socket.is_recovered());
    assert_eq!(socket.data::<serde_json::Value>().as_deref(), Some(&json!({ "name": "Ada" })));
    assert_eq!(nodes[1].sockets_in("room"), [sid]);
    nodes[0].io.to("room").emit("after", ()).expect("an event");
    assert_eq!(guest.next().await, json!(["after"]));
}

#[tokio::test]
async fn a_node_that_has_just_started_has_it_from_the_broker() {
    let Some(Cluster { redis, nodes }) = Cluster::start().await else { return };
    let mut guest = nodes[0].visit().await;
    nodes[0].io.emit("first", ()).expect("an event");
    guest.next().await;
    let (sid, pid, offset) = nodes[0].cut_off(guest, &redis).await;
    for number in 0..2_500 {
        nodes[0].io.emit("number", number).expect("an event");
    }
    while redis.cli(&["xlen", "socket.io"]).await != "2501" {}
    let adapter = pintle_redis::StreamsAdapter::connect(&redis.url()).await.expect("a server that is there");
    let third = crate::nodes::Node::start(adapter).await;
    let (guest, missed) = third.visit_again(&pid, &offset).await;
    assert_eq!(guest.sid, sid);
    let numbers: Vec<_> = (0..2_500).map(|number| json!(["number", number])).collect();
    assert!(without_places(missed) == numbers);
}

#[tokio::test]
async fn who_comes_back_to_the_same_node_has_its_socket_again() {
    let Some(Cluster { redis, nodes }) = Cluster::start().await else { return };
    let mut guest = nodes[0].visit().await;
    nodes[0].io.emit("first", ()).expect("an event");
    guest.next().await;
    // It is not noticed that it has gone: the client knows better.
    let (sid, pid, offset) = (guest.sid.clone(), guest.pid.clone(), guest.offset.clone().expect("a place"));
    let (again, missed) = nodes[0].visit_again(&pid, &offset).await;
    assert_eq!((&again.sid, missed.len()), (&sid, 0));
    let (_, pid, offset) = nodes[0].cut_off(again_with(again, offset), &redis).await;
    nodes[0].io.emit("missed", ()).expect("an event");
    let (again, missed) = nodes[0].visit_again(&pid, &offset).await;
    assert_eq!(again.sid, sid);
    assert!(missed.len() <= 1);
}

fn again_with(mut guest: crate::nodes::Guest, offset: String) -> crate::nodes::Guest {
    guest.offset = Some(offset);
    guest
}

#[tokio::test]
async fn a_session_is_restored_once() {
    let Some(Cluster { redis, nodes }) = Cluster::start().await else { return };
    let mut guest = nodes[0].visit().await;
    nodes[0].io.emit("first", ()).expect("an event");
    guest.next().await;
    let (sid, pid, offset) = nodes[0].cut_off(guest, &redis).await;
    let (one, two) = tokio::join!(nodes[0].visit_again(&pid, &offset), nodes[1].visit_again(&pid, &offset));
    let restored = [&one.0, &two.0].iter().filter(|guest| guest.sid == sid && guest.pid == pid).count();
    assert_eq!(restored, 1);
}

#[tokio::test]
async fn who_is_not_known_begins_anew() {
    let Some(Cluster { redis, nodes }) = Cluster::start_with(|adapter| adapter.max_len(10)).await else { return };
    let mut guest = nodes[0].visit().await;
    nodes[0].io.emit("first", ()).expect("an event");
    guest.next().await;
    let (sid, pid, offset) = nodes[0].cut_off(guest, &redis).await;
    for (pid, offset) in [("AAAAAAAAAAAAAAAAAAAA", &*offset), ("short", &*offset), (&*pid, "no place")] {
        let (guest, missed) = nodes[1].visit_again(pid, offset).await;
        assert!(guest.sid != sid && guest.pid != pid && missed.is_empty(), "{pid} {offset}");
    }
    // A place that never was one.
    let (guest, missed) = nodes[1].visit_again(&pid, "5-0").await;
    assert!(guest.sid != sid && missed.is_empty());
}

#[tokio::test]
async fn what_is_emitted_before_a_disconnect_comes_before_it() {
    let Some(Cluster { nodes, redis: _redis }) = Cluster::start().await else { return };
    let mut guest = nodes[0].visit().await;
    guest.client.send(r#"42["bye"]"#).await;
    let event = guest.next_whole().await;
    assert_eq!((&event[0], &event[1]), (&json!("last"), &json!("word")));
    assert_eq!(guest.client.text().await, "41");
}
