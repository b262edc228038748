//! What is added to a stream is read by all, in its order.

use std::time::Duration;

use pintle_tests::{Redis, eventually};

use crate::node::{Heard, Node, STREAM, adapter};

#[tokio::test]
async fn all_nodes_read_the_same_in_the_same_order() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut one = Node::open(&adapter).await;
    let mut two = Node::open(&adapter).await;
    for number in 0..2_000 {
        assert!(one.append(&format!("one {number}")));
        assert!(two.append(&format!("two {number}")));
    }
    let mut all = Vec::new();
    for _ in 0..4_000 {
        all.push(one.next_entry().await);
        assert_eq!(two.next_entry().await, *all.last().expect("one"));
    }
    for name in ["one", "two"] {
        let own = all.iter().filter_map(|(_, fields)| fields[2].1.strip_prefix(name));
        let numbers: Vec<u32> = own.map(|number| number.trim().parse().expect("a number")).collect();
        assert_eq!(numbers, (0..2_000).collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn what_was_there_before_is_not_read() {
    let Some(redis) = Redis::start().await else { return };
    redis.cli(&["xadd", STREAM, "*", "data", "before"]).await;
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    redis.cli(&["xadd", STREAM, "*", "data", "after"]).await;
    assert_eq!(node.next_data().await, "after");
}

#[tokio::test]
async fn what_comes_while_nobody_waits_is_read() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await.block_time(Duration::from_millis(1)).read_count(7);
    let mut node = Node::open(&adapter).await;
    for number in 0..500 {
        redis_adds(&redis, number).await;
    }
    for number in 0..500 {
        assert_eq!(node.next_data().await, number.to_string());
    }
}

async fn redis_adds(redis: &Redis, number: u32) {
    // Each by a process of its own: the reader asks again, and again, in between.
    if number.is_multiple_of(50) {
        redis.cli(&["xadd", STREAM, "*", "data", &number.to_string()]).await;
    } else if number % 50 == 1 {
        let script = "for number = ARGV[1], ARGV[1] + 48 do redis.call('xadd', KEYS[1], '*', 'data', number) end";
        redis.cli(&["eval", script, "1", STREAM, &number.to_string()]).await;
    }
}

#[tokio::test]
async fn an_entry_that_is_no_text_spoils_no_other() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    redis.cli(&["eval", r"redis.call('xadd', KEYS[1], '*', 'data', '\255\254')", "1", STREAM]).await;
    assert!(node.append("text"));
    assert_eq!(node.next_entry().await.1, []);
    assert_eq!(node.next_data().await, "text");
}

#[tokio::test]
async fn each_stream_is_read_for_as_long_as_somebody_wants_it() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    node.subscribe("socket.io--3");
    // Twice, as two namespaces do.
    node.subscribe("socket.io--3");
    node.unsubscribe("socket.io--3");
    node.hears(&Heard::Listening).await;
    redis.cli(&["xadd", "socket.io--3", "*", "data", "heard"]).await;
    assert_eq!(node.next_data().await, "heard");
    node.unsubscribe("socket.io--3");
    redis.cli(&["xadd", "socket.io--3", "*", "data", "not heard"]).await;
    assert!(node.append("the other stream"));
    assert_eq!(node.next_data().await, "the other stream");
}

#[tokio::test]
async fn a_stream_is_kept_short() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await.max_len(100);
    let mut node = Node::open(&adapter).await;
    for number in 0..5_000 {
        assert!(node.append(&number.to_string()));
    }
    node.driver.close();
    node.hears(&Heard::Closed).await;
    let length: u32 = redis.cli(&["xlen", STREAM]).await.parse().expect("a number");
    assert!((100..=300).contains(&length), "{length}");
}

#[tokio::test]
async fn closing_writes_what_waits() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::deaf(&adapter);
    for number in 0..3_000 {
        assert!(node.append(&number.to_string()));
    }
    node.driver.close();
    assert!(!node.append("too late"));
    node.hears(&Heard::Closed).await;
    assert_eq!(redis.cli(&["xlen", STREAM]).await, "3000");
}

#[tokio::test]
async fn who_is_dropped_leaves_nothing_behind() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    Node::open(&adapter).await.dropped().await;
    eventually("all tasks to end", || pintle_tests::alive_tasks() == 0).await;
}

#[tokio::test]
async fn what_redis_refuses_is_said_and_holds_up_nothing() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    redis.cli(&["set", STREAM, "no stream"]).await;
    let mut node = Node::deaf(&adapter);
    assert!(node.append("refused"));
    node.hears(&Heard::Lost(1)).await;
    redis.cli(&["del", STREAM]).await;
    assert!(node.append("taken"));
    node.driver.close();
    node.hears(&Heard::Closed).await;
    assert_eq!(redis.cli(&["xlen", STREAM]).await, "1");
}
