//! What is published is heard, counted, and no more.

use pintle_redis::RedisAdapter;
use pintle_tests::Redis;

use crate::node::{Heard, Node, channel, message, pattern};

async fn adapter(redis: &Redis) -> RedisAdapter {
    RedisAdapter::connect(&redis.url()).await.expect("a server that is there")
}

#[tokio::test]
async fn what_is_published_is_heard_by_all_and_in_order() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis).await;
    let mut one = Node::open(&adapter, &[channel("news")]).await;
    let mut two = Node::open(&adapter, &[channel("news")]).await;
    for number in 0..5_000u32 {
        assert!(one.publish("news", &number.to_be_bytes()));
        assert!(two.publish("others", &number.to_be_bytes()));
    }
    for node in [&mut one, &mut two] {
        for number in 0..5_000u32 {
            assert_eq!(node.next_message().await, message(channel("news"), "news", &number.to_be_bytes()));
        }
    }
}

#[tokio::test]
async fn a_message_is_any_bytes_of_any_length() {
    let Some(redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("bytes"), pattern("b*")]).await;
    let large: Vec<u8> = (0..3_000_000u32).map(|number| number as u8).collect();
    for payload in [&b""[..], b"\r\n$-1\r\n", b"\xff\x00\xfe", &large] {
        assert!(node.publish("bytes", payload));
        assert_eq!(node.next_message().await, message(channel("bytes"), "bytes", payload));
        assert_eq!(node.next_message().await, message(pattern("b*"), "bytes", payload));
    }
}

#[tokio::test]
async fn a_pattern_says_what_it_is_and_where_it_was_published() {
    let Some(redis) = Redis::start().await else { return };
    let escaped = pattern("socket.io#/a\\*\\[b\\]\\?#*");
    let mut node = Node::open(&adapter(&redis).await, std::slice::from_ref(&escaped)).await;
    assert!(node.publish("socket.io#/aX[b]?#", b"not this"));
    assert!(node.publish("socket.io#/a*[b]?#", b"this"));
    assert!(node.publish("socket.io#/a*[b]?#rööm#", b"and this"));
    assert_eq!(node.next_message().await, message(escaped.clone(), "socket.io#/a*[b]?#", b"this"));
    assert_eq!(node.next_message().await, message(escaped, "socket.io#/a*[b]?#rööm#", b"and this"));
}

#[tokio::test]
async fn a_channel_that_is_no_text_is_passed_over() {
    let Some(redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[pattern("*")]).await;
    redis.cli(&["eval", r"redis.call('publish', '\255\254', 'no text')", "0"]).await;
    assert!(node.publish("text", b"text"));
    assert_eq!(node.next_message().await, message(pattern("*"), "text", b"text"));
}

#[tokio::test]
async fn those_who_listen_are_counted() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis).await;
    let mut one = Node::open(&adapter, &[channel("requests"), channel("own")]).await;
    assert_eq!(one.counted("requests").await, Some(1));
    let two = Node::open(&adapter, &[channel("requests")]).await;
    assert_eq!(one.counted("requests").await, Some(2));
    assert_eq!(one.counted("own").await, Some(1));
    assert_eq!(one.counted("nobody").await, Some(0));
    two.dropped().await;
    let gone = async { while one.counted("requests").await != Some(1) {} };
    pintle_tests::within("the connection of who is gone to be closed", gone).await;
}

#[tokio::test]
async fn what_is_counted_comes_after_what_was_published() {
    let Some(redis) = Redis::start().await else { return };
    let mut node = Node::open(&adapter(&redis).await, &[channel("c")]).await;
    for _ in 0..100 {
        assert!(node.publish("c", b"before"));
    }
    assert_eq!(node.counted("c").await, Some(1));
    assert!(redis.cli(&["info", "commandstats"]).await.contains("cmdstat_publish:calls=100,"));
}

#[tokio::test]
async fn many_subscriptions_come_and_go() {
    let Some(redis) = Redis::start().await else { return };
    let topics: Vec<_> = (0..2_000).map(|number| channel(&format!("room {number}"))).collect();
    let mut node = Node::open(&adapter(&redis).await, &topics).await;
    assert_eq!(node.counted("room 1999").await, Some(1));
    topics.iter().skip(1).for_each(|topic| node.unsubscribe(topic.clone()));
    node.subscribe(&[channel("one more")]).await;
    assert_eq!(redis.cli(&["pubsub", "channels"]).await.lines().count(), 2);
    assert_eq!(node.counted("room 0").await, Some(1));
    assert_eq!(node.counted("one more").await, Some(1));
    assert_eq!(node.counted("room 1").await, Some(0));
}

#[tokio::test]
async fn what_waits_has_a_bound() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis).await.queue_limit(100_000);
    let mut node = Node::open(&adapter, &[channel("c")]).await;
    redis.pause();
    let taken = (0..1_000).filter(|_| node.publish("c", &[0; 1_000])).count();
    assert_eq!(taken, 93, "a kilobyte and 65 bytes each");
    assert!(!node.count(&"c".repeat(1_000), "no room either"));
    redis.resume();
    for _ in 0..taken {
        node.next_message().await;
    }
    assert!(node.publish("c", b"there is room again"));
    assert_eq!(node.next_message().await, message(channel("c"), "c", b"there is room again"));
}

#[tokio::test]
async fn closing_sends_what_waits() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis).await;
    let mut other = Node::open(&adapter, &[channel("c")]).await;
    let mut node = Node::open(&adapter, &[channel("own")]).await;
    for number in 0..3_000u32 {
        assert!(node.publish("c", &number.to_be_bytes()));
    }
    node.driver.close();
    assert!(!node.publish("c", b"too late"));
    node.hears(&Heard::Closed).await;
    for number in 0..3_000u32 {
        assert_eq!(other.next_message().await, message(channel("c"), "c", &number.to_be_bytes()));
    }
    node.dropped().await;
}

#[tokio::test]
async fn who_is_dropped_leaves_nothing_behind() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis).await;
    Node::open(&adapter, &[channel("c")]).await.dropped().await;
    pintle_tests::eventually("all tasks to end", || pintle_tests::alive_tasks() == 0).await;
}

#[tokio::test]
async fn who_cannot_connect_is_told_why_and_where() {
    let Some(mut redis) = Redis::start_with(&["--requirepass", "the secret"]).await else { return };
    let port = redis.port();
    let error =
        RedisAdapter::connect(&format!("redis://:wrong-one@127.0.0.1:{port}")).await.expect_err("a wrong password");
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot connect to Redis at 127.0.0.1:{port}: ")), "{text}");
    assert!(text.contains("WRONGPASS") || text.contains("assword"), "{text}");
    assert!(!text.contains("wrong-one"), "{text}");

    redis.kill().await;
    let text = RedisAdapter::connect(&redis.url()).await.expect_err("nobody is there").to_string();
    assert!(text.starts_with(&format!("cannot connect to Redis at 127.0.0.1:{port}: ")), "{text}");

    let text = RedisAdapter::connect("http://:wrong-one@host").await.expect_err("no Redis").to_string();
    assert!(text.starts_with("the URL of Redis cannot be used"), "{text}");
    assert!(!text.contains("wrong-one"), "{text}");
}
