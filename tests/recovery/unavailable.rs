//! The broker is away.

use pintle_tests::eventually;
use serde_json::json;

use crate::nodes::{Cluster, is_place};

#[tokio::test]
async fn sockets_of_one_node_do_not_wait_for_a_broker_that_is_away() {
    let Some(Cluster { mut redis, nodes }) = Cluster::start().await else { return };
    let mut here = nodes[0].visit().await;
    let mut there = nodes[1].visit().await;
    nodes[0].io.emit("before", 0).expect("an event");
    assert_eq!(here.next().await, json!(["before", 0]));
    assert_eq!(there.next().await, json!(["before", 0]));
    redis.stop().await;
    for number in 1..=100 {
        nodes[0].io.emit("away", number).expect("an event");
        // At once, and without a place.
        assert_eq!(here.next_whole().await, json!(["away", number]));
    }
    redis.start_again().await;
    for number in 1..=100 {
        assert_eq!(there.next().await, json!(["away", number]));
    }
    // Not a second time.
    eventually("the broker to be there", || {
        nodes.iter().all(|node| node.io.cluster_status() == pintle::ClusterStatus::Connected)
    })
    .await;
    nodes[0].io.emit("after", 0).expect("an event");
    assert_eq!(there.next().await, json!(["after", 0]));
    let after = here.next_whole().await;
    assert_eq!(after[0], "after");
}

#[tokio::test]
async fn a_broker_that_stands_still_is_not_waited_for() {
    let Some(Cluster { redis, nodes }) = Cluster::start().await else { return };
    let mut here = nodes[0].visit().await;
    nodes[0].io.emit("before", 0).expect("an event");
    assert_eq!(here.next().await, json!(["before", 0]));
    redis.pause();
    for number in 1..=100 {
        nodes[0].io.emit("away", number).expect("an event");
    }
    for number in 1..=100 {
        assert_eq!(here.next_whole().await, json!(["away", number]));
    }
    redis.resume();
    // Nothing comes twice.
    loop {
        nodes[0].io.emit("after", 0).expect("an event");
        let event = here.next_whole().await;
        assert_eq!(event[0], "after");
        if event[2].as_str().is_some_and(is_place) {
            break;
        }
    }
}
