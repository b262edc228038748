//! Redis goes away, and comes back.

use pintle_redis::RedisAdapter;
use pintle_tests::{Elsewhere, Redis, eventually, within};

use crate::node::{Heard, Node, channel, message, pattern};

async fn adapter(redis: &Redis) -> RedisAdapter {
    RedisAdapter::connect(&redis.url()).await.expect("a server that is there")
}

/// Publishes until it is taken and heard: the two connections come back one after the other.
async fn heard_again(node: &mut Node) {
    eventually("the driver to be connected", || node.driver.is_connected()).await;
    assert!(node.publish("c", b"again"));
    node.hears(&message(channel("c"), "c", b"again")).await;
}

#[tokio::test]
async fn everything_is_listened_to_again_when_redis_is_back() {
    let Some(mut redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c"), pattern("p*")]).await;
    redis.stop().await;
    node.hears(&Heard::CutOff).await;
    assert!(!node.driver.is_connected());
    // What comes to be wanted meanwhile is not forgotten, and what is no longer wanted is.
    node.unsubscribe(pattern("p*"));
    assert!(node.driver.transmit(pintle_adapter::cluster::dialect::Transmit::Subscribe(channel("later"))));
    eventually("it to be seen that nothing can be published", || !node.publish("c", b"nobody")).await;
    assert!(!node.count("c", "nobody"));

    redis.start_again().await;
    node.hears(&Heard::Listening).await;
    heard_again(&mut node).await;
    assert_eq!(node.counted("later").await, Some(1));
    assert_eq!(redis.cli(&["pubsub", "numpat"]).await, "0");
}

#[tokio::test]
async fn it_is_noticed_when_redis_stands_still() {
    let Some(redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c")]).await;
    redis.pause();
    node.hears(&Heard::CutOff).await;
    redis.resume();
    node.hears(&Heard::Listening).await;
    heard_again(&mut node).await;
}

#[tokio::test]
async fn a_short_pause_costs_nothing() {
    let Some(redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c")]).await;
    redis.pause();
    for number in 0..1_000u32 {
        assert!(node.publish("c", &number.to_be_bytes()));
    }
    assert!(node.count("c", "later"));
    redis.resume();
    for number in 0..1_000u32 {
        let heard = node.next("a message").await;
        assert_eq!(heard, message(channel("c"), "c", &number.to_be_bytes()));
    }
    assert_eq!(node.next("a count").await, Heard::Counted { request: "later".to_owned(), nodes: Some(1) });
}

#[tokio::test]
async fn what_was_on_its_way_is_counted() {
    let Some(mut redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c")]).await;
    // The first tells that the connection that publishes is there.
    heard_again(&mut node).await;
    redis.pause();
    for _ in 0..10 {
        assert!(node.publish("c", b"lost"));
    }
    assert!(node.count("c", "lost"));
    redis.kill().await;
    let (mut lost, mut nodes) = (0, Some(1));
    while lost < 10 || nodes.is_some() {
        match node.next("everything to be given up").await {
            Heard::Lost(count) => lost += count,
            Heard::Counted { nodes: counted, .. } => nodes = counted,
            other => assert_eq!(other, Heard::CutOff),
        }
    }
    assert_eq!((lost, nodes), (10, None));
}

#[tokio::test]
async fn a_connection_that_listens_may_be_killed() {
    let Some(redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c")]).await;
    for _ in 0..3 {
        heard_again(&mut node).await;
        assert_eq!(redis.cli(&["client", "kill", "type", "pubsub"]).await, "1");
        node.hears(&Heard::CutOff).await;
        node.hears(&Heard::Listening).await;
    }
    heard_again(&mut node).await;
}

#[tokio::test]
async fn a_connection_that_publishes_may_be_killed() {
    let Some(redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c")]).await;
    heard_again(&mut node).await;
    assert_eq!(redis.cli(&["client", "kill", "type", "normal", "skipme", "yes"]).await, "1");
    let heard = async {
        loop {
            assert!(node.publish("c", b"one of these"), "it is not away");
            match node.next("a message, or its loss").await {
                Heard::Lost(1) => {}
                heard => break heard,
            }
        }
    };
    assert_eq!(within("a message", heard).await, message(channel("c"), "c", b"one of these"));
}

/// Redis throws out who does not read, and who was thrown out comes back.
#[tokio::test]
async fn who_reads_too_slowly_is_thrown_out_and_comes_back() {
    let options = ["--client-output-buffer-limit", "pubsub 1mb 1mb 1"];
    let Some(redis) = Redis::start_with(&options).await else { return };
    let fast = Node::open(&adapter(&redis).await, &[channel("other")]).await;
    // It holds up the thread that it runs on, which must be nobody else's.
    let elsewhere = Elsewhere::new();
    let url = redis.url();
    let adapter =
        elsewhere.run(async move { RedisAdapter::connect(&url).await.expect("a server that is there") }).await;
    let mut slow = Node::open(&adapter, &[channel("c")]).await;
    let shut = slow.gate.shut();
    let megabyte = vec![0; 1_000_000];
    for _ in 0..40 {
        eventually("room for another megabyte", || fast.publish("c", &megabyte)).await;
    }
    let closed = async { while redis.cli(&["client", "list", "type", "pubsub"]).await.lines().count() > 1 {} };
    within("Redis to lose its patience", closed).await;
    drop(shut);
    slow.hears(&Heard::CutOff).await;
    slow.hears(&Heard::Listening).await;
    assert!(fast.publish("c", b"again"));
    slow.hears(&message(channel("c"), "c", b"again")).await;
}

#[tokio::test]
async fn who_closes_while_redis_is_away_does_not_wait_for_it() {
    let Some(mut redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c")]).await;
    redis.kill().await;
    node.hears(&Heard::CutOff).await;
    node.driver.close();
    node.hears(&Heard::Closed).await;
    assert!(node.rest().is_empty(), "nothing is said after the end");
}
