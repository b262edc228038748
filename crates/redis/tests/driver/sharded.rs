//! Sharded pub/sub, over one server and over a cluster.

use pintle_adapter::cluster::dialect::Transmit;
use pintle_redis::{RedisAdapter, ShardedRedisAdapter};
use pintle_tests::{Redis, RedisCluster, eventually, within};

use crate::node::{Heard, Node, channel, message};

/// As many rooms as are in all three thirds of the slots.
const ROOMS: usize = 30;

fn room(number: usize) -> String {
    format!("socket.io#/#room-{number}#")
}

async fn sharded(cluster: &RedisCluster) -> ShardedRedisAdapter {
    // One that is named is enough.
    let urls = cluster.urls();
    ShardedRedisAdapter::cluster([&*urls[1]]).await.expect("a cluster that is there")
}

/// Publishes until it is heard; what is published while a channel moves, or its master is away, may be lost.
async fn heard_on(node: &mut Node, name: &str) {
    let expected = message(channel(name), name, b"hello");
    let heard = async {
        loop {
            let _ = node.publish(name, b"hello");
            // The answer says that it was carried, or was not.
            let _ = node.counted(name).await;
            if node.rest().contains(&expected) {
                break;
            }
        }
    };
    within("a message", heard).await;
}

#[tokio::test]
async fn one_server_has_all_channels() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = ShardedRedisAdapter::connect(&redis.url()).await.expect("a server that is there");
    let mut one = Node::open(&adapter, &[channel("a"), channel("b")]).await;
    let mut two = Node::open(&adapter, &[channel("a")]).await;
    assert_eq!((one.counted("a").await, one.counted("b").await), (Some(2), Some(1)));
    for number in 0..1_000u32 {
        assert!(one.publish("a", &number.to_be_bytes()));
    }
    for node in [&mut one, &mut two] {
        for number in 0..1_000u32 {
            assert_eq!(node.next_message().await, message(channel("a"), "a", &number.to_be_bytes()));
        }
    }
    // It is no other kind of pub/sub by another name.
    assert_eq!(redis.cli(&["pubsub", "numsub", "a"]).await, "a\n0");
    assert_eq!(redis.cli(&["pubsub", "shardchannels"]).await.lines().count(), 2);
}

#[tokio::test]
async fn rooms_come_and_go() {
    let Some(redis) = Redis::start().await else { return };
    let adapter = ShardedRedisAdapter::connect(&redis.url()).await.expect("a server that is there");
    let mut node = Node::open(&adapter, &[channel("all")]).await;
    for round in 0..50 {
        for number in 0..ROOMS {
            assert!(node.driver.transmit(Transmit::Subscribe(channel(&room(number)))));
            // Half of them change their mind, some of those twice.
            if number % 2 == round % 2 {
                node.unsubscribe(channel(&room(number)));
            }
            if number % 4 == round % 2 {
                assert!(node.driver.transmit(Transmit::Subscribe(channel(&room(number)))));
            }
        }
        tokio::task::yield_now().await;
    }
    // The last round was an odd one: what remains is even, or was wanted again.
    let remain: Vec<usize> = (0..ROOMS).filter(|number| number % 2 == 0 || number % 4 == 1).collect();
    node.subscribe(&[channel("the last")]).await;
    for number in 0..ROOMS {
        let expected = usize::from(remain.contains(&number));
        assert_eq!(node.counted(&room(number)).await, Some(expected), "room {number}");
    }
    assert_eq!(redis.cli(&["pubsub", "shardchannels"]).await.lines().count(), remain.len() + 2);
}

#[tokio::test]
async fn sharded_channels_are_listened_to_again() {
    let Some(mut redis) = Redis::start().await else { return };
    let adapter = ShardedRedisAdapter::connect(&redis.url()).await.expect("a server that is there");
    let rooms: Vec<_> = (0..ROOMS).map(|number| channel(&room(number))).collect();
    let mut node = Node::open(&adapter, &rooms).await;
    redis.stop().await;
    node.hears(&Heard::CutOff).await;
    redis.start_again().await;
    node.hears(&Heard::Listening).await;
    eventually("the driver to be connected", || node.driver.is_connected()).await;
    for number in 0..ROOMS {
        assert_eq!(node.counted(&room(number)).await, Some(1), "room {number}");
    }
}

#[tokio::test]
async fn a_cluster_carries_each_channel_on_its_own_master() {
    let Some(cluster) = RedisCluster::start().await else { return };
    let adapter = sharded(&cluster).await;
    let rooms: Vec<_> = (0..ROOMS).map(|number| channel(&room(number))).collect();
    let mut one = Node::open(&adapter, &rooms).await;
    let mut two = Node::open(&adapter, &rooms).await;
    for number in 0..ROOMS {
        assert_eq!(two.counted(&room(number)).await, Some(2), "room {number}");
        for count in 0..100u32 {
            assert!(one.publish(&room(number), &count.to_be_bytes()));
        }
    }
    for node in [&mut one, &mut two] {
        let mut next = [0u32; ROOMS];
        for _ in 0..ROOMS * 100 {
            let Heard::Message { topic, channel: name, payload } = node.next_message().await else { unreachable!() };
            let number = (0..ROOMS).find(|&number| room(number) == name).expect("a room of ours");
            assert_eq!((topic, &payload[..]), (channel(&name), &next[number].to_be_bytes()[..]));
            next[number] += 1;
        }
    }
    for master in &cluster.masters {
        assert!(master.cli(&["pubsub", "shardchannels"]).await.lines().count() > 1, "all of them have some");
    }
}

#[tokio::test]
async fn a_slot_that_moves_is_followed() {
    let Some(cluster) = RedisCluster::start().await else { return };
    let adapter = sharded(&cluster).await;
    let rooms: Vec<_> = (0..ROOMS).map(|number| channel(&room(number))).collect();
    let mut listens = Node::open(&adapter, &rooms).await;
    let mut speaks = Node::open(&adapter, &[channel("another")]).await;
    for _ in 0..2 {
        let before = cluster.owner(&room(0)).await;
        cluster.hand_over(&room(0), (before + 1) % 3).await;
        listens.hears(&Heard::Listening).await;
        // Whoever only speaks learns of it by being turned away, and says nothing of it.
        assert_eq!(speaks.counted(&room(0)).await, Some(1));
        for count in 0..10u32 {
            assert!(speaks.publish(&room(0), &count.to_be_bytes()));
        }
        for count in 0..10u32 {
            assert_eq!(listens.next_message().await, message(channel(&room(0)), &room(0), &count.to_be_bytes()));
        }
        heard_on(&mut listens, &room(1)).await;
    }
    assert!(!speaks.rest().iter().any(|heard| matches!(heard, Heard::Lost(_))));
}

#[tokio::test]
async fn a_master_that_is_away_takes_only_its_own_channels_with_it() {
    let Some(mut cluster) = RedisCluster::start().await else { return };
    for master in &cluster.masters {
        master.cli(&["config", "set", "cluster-require-full-coverage", "no"]).await;
    }
    let rooms: Vec<_> = (0..ROOMS).map(|number| channel(&room(number))).collect();
    let mut node = Node::open(&sharded(&cluster).await, &rooms).await;
    let away = cluster.owner(&room(0)).await;
    let mut elsewhere = None;
    for number in 1..ROOMS {
        if cluster.owner(&room(number)).await != away {
            elsewhere = Some(room(number));
        }
    }
    let elsewhere = elsewhere.expect("not all rooms are in one third");

    cluster.masters[away].kill().await;
    node.hears(&Heard::CutOff).await;
    heard_on(&mut node, &elsewhere).await;
    assert!(!node.driver.is_connected());
    cluster.masters[away].start_again().await;
    node.hears(&Heard::Listening).await;
    heard_on(&mut node, &room(0)).await;
    heard_on(&mut node, &elsewhere).await;
}

#[tokio::test]
async fn classic_channels_cross_a_cluster() {
    let Some(cluster) = RedisCluster::start().await else { return };
    let urls = cluster.urls();
    let mut nodes = Vec::new();
    for _ in 0..6 {
        let adapter = RedisAdapter::cluster(urls.iter().map(String::as_str)).await.expect("a cluster that is there");
        nodes.push(Node::open(&adapter, &[channel("c")]).await);
    }
    assert_eq!(nodes[0].counted("c").await, Some(6), "wherever they listen");
    assert!(nodes[0].publish("c", b"to all"));
    for node in &mut nodes {
        assert_eq!(node.next_message().await, message(channel("c"), "c", b"to all"));
    }
}
