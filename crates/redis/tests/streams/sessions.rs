//! Sessions are kept, and found once, with what was sent since.

use pintle_adapter::cluster::{Claimed, EntryId};
use pintle_tests::Redis;

use crate::node::{Heard, Node, STREAM, adapter};

const KEY: &str = "sio:session:YHcX2sdAF1z452-HAAAW";

#[tokio::test]
async fn a_session_is_found_by_another_node_and_once() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut one = Node::open(&adapter).await;
    let mut two = Node::open(&adapter).await;
    one.save(KEY, "before");
    one.save(KEY, "the session");
    // What the same node says later comes later.
    let found = Claimed { session: Some("the session".to_owned()), entries: Vec::new() };
    assert_eq!(one.claimed(KEY, None).await, Some(found.clone()));
    assert_eq!(two.claimed(KEY, None).await, Some(Claimed::default()));
    one.save(KEY, "the session");
    assert_eq!(one.claimed("sio:session:of another", None).await, Some(Claimed::default()));
    let left: u64 = redis.cli(&["pttl", KEY]).await.parse().expect("a number");
    assert!((50_000..=60_000).contains(&left), "{left} ms");
    assert_eq!(two.claimed(KEY, None).await, Some(found));
}

#[tokio::test]
async fn with_the_session_comes_what_was_sent_since() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    let mut all = Vec::new();
    // Several pages.
    for number in 0..2_500 {
        assert!(node.append(&number.to_string()));
    }
    for _ in 0..2_500 {
        all.push(node.next_entry().await);
    }
    for from in [0, 1, 499, 500, 1_500, 2_499] {
        node.save(KEY, "the session");
        let claimed = node.claimed(KEY, Some(all[from].0)).await.expect("a broker");
        assert_eq!(claimed.session.as_deref(), Some("the session"));
        assert_eq!(claimed.entries, all[from..], "from {from}");
    }
    // Without a session nothing is read.
    let claimed = node.claimed(KEY, Some(all[0].0)).await.expect("a broker");
    assert_eq!(claimed, Claimed::default());
}

#[tokio::test]
async fn an_entry_that_is_gone_is_not_among_them() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    assert!(node.append("0") && node.append("1"));
    let (zero, _) = node.next_entry().await;
    let one = node.next_entry().await;
    redis.cli(&["xtrim", STREAM, "maxlen", "1"]).await;
    node.save(KEY, "the session");
    assert_eq!(node.claimed(KEY, Some(zero)).await.expect("a broker").entries, [one]);
}

#[tokio::test]
async fn without_redis_there_is_an_answer_all_the_same() {
    let Some(mut redis) = Redis::start().await else { return };
    let adapter = adapter(&redis.url()).await;
    let mut node = Node::open(&adapter).await;
    node.save(KEY, "the session");
    assert!(node.claimed(KEY, None).await.is_some());
    redis.pause();
    assert!(node.claim(KEY, Some(EntryId::START)));
    redis.resume();
    redis.stop().await;
    // Found or not: somebody waits for it.
    loop {
        if let Heard::Claimed { .. } = node.next("an answer").await {
            break;
        }
    }
    pintle_tests::eventually("the loss to be noticed", || !node.claim(KEY, None)).await;
}
