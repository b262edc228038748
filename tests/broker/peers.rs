//! Nodes that stand still, die, or say more than others can take.

use std::time::Duration;

use pintle_tests::{Client, Endpoint, Redis, Transport, pause, resume, within};

use crate::node::{Kind, Node, others_are, process};

/// How long the others are waited for.
const SOON: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h178_a_classic_node_that_stands_still_or_dies_is_waited_for_no_longer_than_it_should() {
    stands_still_and_dies(Kind::Classic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h178_a_sharded_node_that_stands_still_or_dies_is_waited_for_no_longer_than_it_should() {
    stands_still_and_dies(Kind::Sharded).await;
}

async fn stands_still_and_dies(kind: Kind) {
    let Some(redis) = Redis::start().await else { return };
    let node = Node::start(kind, &redis.url()).await;
    let (good, bad) = (process(kind, &redis).await, process(kind, &redis).await);
    let mut clients = Vec::new();
    for program in [&good, &bad] {
        clients.push(Client::join(Endpoint::new(program.address(), "/socket.io/"), Transport::WebSocket).await);
    }
    let mut own = Client::join(node.endpoint(), Transport::WebSocket).await;
    others_are(&node, 2).await;
    assert_eq!(node.io.fetch_sockets().await.expect("all of them").len(), 3);

    pause(bad.pid());
    let error = node.io.timeout(SOON).fetch_sockets().await.expect_err("one that says nothing");
    assert_eq!((error.found.len(), error.missing), (2, 1));
    let error = node.io.timeout(SOON).server_side_emit_with_ack::<u32>("double", 4).await.expect_err("one is silent");
    let pintle::BroadcastAckError::Missing(missing) = error else { panic!("{error}") };
    assert_eq!((missing.responses, missing.missing), (vec![8], 1));
    // Its own client is told meanwhile, and so is that of the other one.
    node.io.emit("news", 1).expect("what can be written");
    assert_eq!(own.text().await, r#"42["news",1]"#);
    assert_eq!(clients[0].text().await, r#"42["news",1]"#);

    resume(bad.pid());
    others_are(&node, 2).await;
    assert_eq!(node.io.fetch_sockets().await.expect("all of them").len(), 3);
    // It was only slow.
    assert_eq!(clients[1].text().await, r#"42["news",1]"#);

    // Asked before it dies, and not when it has died.
    pause(bad.pid());
    let asked = node.io.clone();
    let asking = tokio::spawn(async move { asked.fetch_sockets().await });
    drop(bad);
    let found = within("an answer without the dead", asking).await.expect("no panic");
    assert_eq!(found.unwrap_or_else(|error| error.found).len(), 2);
    others_are(&node, 1).await;
    assert_eq!(node.io.fetch_sockets().await.expect("those that there are").len(), 2);
}
