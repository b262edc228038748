//! Redis goes away, and comes back.

use std::time::Duration;

use pintle_tests::{Direction, Line, Proxy, Redis, within};

use crate::node::{Heard, Node, STREAM, adapter};

/// What is read next is this, each once and in order.
async fn reads(node: &mut Node, numbers: std::ops::Range<u32>) {
    for number in numbers {
        assert_eq!(node.next_data().await, number.to_string());
    }
}

#[tokio::test]
async fn what_is_added_while_redis_is_away_is_there_when_it_is_back() {
    let Some(mut redis) = Redis::start_persistent().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    let mut other = Node::open(&adapter).await;
    for number in 0..100 {
        assert!(node.append(&number.to_string()));
    }
    reads(&mut other, 0..100).await;
    redis.stop().await;
    node.hears(&Heard::CutOff).await;
    assert!(!node.driver.is_connected());
    for number in 100..1_000 {
        assert!(node.append(&number.to_string()));
    }
    redis.start_again().await;
    reads(&mut other, 100..1_000).await;
    assert!(other.append("1000"));
    reads(&mut other, 1_000..1_001).await;
    assert_eq!(redis.cli(&["xlen", STREAM]).await, "1001");
}

#[tokio::test]
async fn a_redis_that_has_forgotten_everything_is_read_from_its_beginning() {
    let Some(mut redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    assert!(node.append("0"));
    reads(&mut node, 0..1).await;
    // The node knows of that one, and need not write it again.
    assert!(node.claimed("sio:session:of nobody", None).await.is_some());
    redis.kill().await;
    assert!(node.append("1"));
    redis.start_again().await;
    node.hears(&Heard::Gap(STREAM.to_owned())).await;
    reads(&mut node, 1..2).await;
}

/// What is under way when the connection is lost is neither lost nor doubled: here it is in the stream, and nobody was told.
#[tokio::test]
async fn what_was_written_when_the_connection_broke_is_not_written_again() {
    let Some(redis) = Redis::start().await else { return };
    let mut other = Node::open(&adapter(&redis.url()).await).await;
    let proxy = Proxy::start(([127, 0, 0, 1], redis.port()).into()).await;
    let mut node = Node::deaf(&adapter(&format!("redis://{}", proxy.address())).await);
    assert!(node.append("0"));
    reads(&mut other, 0..1).await;
    // The node knows of that one.
    assert!(node.claimed("sio:session:of nobody", None).await.is_some());
    proxy.set(Direction::Down, Line::new().delayed(Duration::from_secs(3600)));
    for number in 1..1_500 {
        assert!(node.append(&number.to_string()));
    }
    // It is there before anybody says so.
    reads(&mut other, 1..2).await;
    proxy.set(Direction::Down, Line::new());
    proxy.cut();
    reads(&mut other, 2..1_500).await;
    assert!(node.append("1500"));
    reads(&mut other, 1_500..1_501).await;
}

/// Here it did not get there.
#[tokio::test]
async fn what_was_not_written_when_the_connection_broke_is_written() {
    let Some(redis) = Redis::start().await else { return };
    let mut other = Node::open(&adapter(&redis.url()).await).await;
    let proxy = Proxy::start(([127, 0, 0, 1], redis.port()).into()).await;
    let node = Node::deaf(&adapter(&format!("redis://{}", proxy.address())).await);
    assert!(node.append("0"));
    reads(&mut other, 0..1).await;
    proxy.set(Direction::Up, Line::new().delayed(Duration::from_secs(3600)));
    for number in 1..1_500 {
        assert!(node.append(&number.to_string()));
    }
    proxy.set(Direction::Up, Line::new());
    proxy.cut();
    reads(&mut other, 1..1_500).await;
}

#[tokio::test]
async fn a_redis_that_stands_still_gets_everything_once() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    assert!(node.append("0"));
    reads(&mut node, 0..1).await;
    redis.pause();
    for number in 1..2_000 {
        assert!(node.append(&number.to_string()));
    }
    // Longer than anybody waits for an answer.
    within("the broker to be given up", async {
        while node.driver.is_connected() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    redis.resume();
    reads(&mut node, 1..2_000).await;
    assert!(node.append("2000"));
    reads(&mut node, 2_000..2_001).await;
}

#[tokio::test]
async fn connections_that_are_killed_lose_nothing() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    let mut number = 0;
    for _ in 0..10 {
        for _ in 0..100 {
            assert!(node.append(&number.to_string()));
            number += 1;
        }
        redis.cli(&["client", "kill", "type", "normal"]).await;
    }
    reads(&mut node, 0..1_000).await;
}

#[tokio::test]
async fn who_is_too_slow_for_the_stream_is_told() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await.max_len(10);
    let mut node = Node::open(&adapter).await;
    assert!(node.append("0"));
    reads(&mut node, 0..1).await;
    let script = "for number = 1, 1000 do redis.call('xadd', KEYS[1], 'MAXLEN', 10, '*', 'data', number) end";
    redis.cli(&["eval", script, "1", STREAM]).await;
    // That there were others, before those that are left.
    node.hears(&Heard::Gap(STREAM.to_owned())).await;
    reads(&mut node, 991..1_001).await;
}

#[tokio::test]
async fn what_waits_for_redis_has_a_bound() {
    let Some(mut redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await.queue_limit(100_000);
    let mut node = Node::open(&adapter).await;
    redis.stop().await;
    node.hears(&Heard::CutOff).await;
    let payload = "x".repeat(1_000);
    let taken = (0..1_000).filter(|_| node.append(&payload)).count();
    assert!((50..100).contains(&taken), "{taken} of a kilobyte each");
    redis.start_again().await;
    for _ in 0..taken {
        assert_eq!(node.next_data().await, payload);
    }
    assert!(node.append("there is room again"));
    assert_eq!(node.next_data().await, "there is room again");
}

#[tokio::test]
async fn closing_without_redis_says_what_is_lost() {
    let Some(mut redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    redis.stop().await;
    node.hears(&Heard::CutOff).await;
    assert!(node.append("one") && node.append("two"));
    node.driver.close();
    node.hears(&Heard::Lost(2)).await;
    node.hears(&Heard::Closed).await;
}
