//! The broker is away for a while, under load.

use std::env;
use std::time::Duration;

use pintle_tests::{Redis, eventually};
use tokio::time::sleep;

use crate::load::{Load, PERIOD, Tick, latencies};
use crate::memory::{alone, resident};
use crate::node::{Kind, Node, cluster};

const NODES: usize = 3;

/// What may wait for the broker at each node, in mebibytes, and what else a process may have grown by: its clients are here
/// as well.
const QUEUE: u64 = 8;
const SLACK: u64 = 48;

/// How soon everybody must hear everybody again once the broker is back.
const RETURN: Duration = Duration::from_secs(2);

/// How the broker fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It dies: connections end, and nobody listens on its port.
    Killed,
    /// It says nothing, and keeps its connections.
    StandsStill,
}

/// How long it is away, and whether somebody wants to know how well that went.
fn length() -> (Duration, bool) {
    match env::var("PINTLE_OUTAGE") {
        Ok(seconds) => (Duration::from_secs(seconds.parse().expect("seconds")), true),
        Err(_) => (Duration::from_secs(3), false),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a21_h175_h176_classic_nodes_outlive_a_broker_that_dies() {
    outlive(Kind::Classic, Fault::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a21_h175_h176_classic_nodes_outlive_a_broker_that_stands_still() {
    outlive(Kind::Classic, Fault::StandsStill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h176_sharded_nodes_outlive_a_broker_that_dies() {
    outlive(Kind::Sharded, Fault::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h176_sharded_nodes_outlive_a_broker_that_stands_still() {
    outlive(Kind::Sharded, Fault::StandsStill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h176_streams_lose_nothing_when_the_broker_dies() {
    outlive(Kind::Streams, Fault::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h176_streams_lose_nothing_when_the_broker_stands_still() {
    outlive(Kind::Streams, Fault::StandsStill).await;
}

async fn outlive(kind: Kind, fault: Fault) {
    // Streams are as safe as what Redis keeps of them.
    let is_stream = kind == Kind::Streams;
    let redis = if is_stream { Redis::start_persistent().await } else { Redis::start().await };
    let Some(mut redis) = redis else { return };
    let _alone = alone().await;
    let (length, is_long) = length();
    let nodes = cluster(kind, &redis, NODES).await;
    let load = Load::begin(&nodes).await;
    let before = (load.now(), resident());

    match fault {
        Fault::Killed => redis.kill().await,
        Fault::StandsStill => redis.pause(),
    }
    let away = load.now();
    // What waits for a stream is to find room.
    load.set_bulky(!is_stream);
    let mut counted = None;
    let is_noticed = fault == Fault::Killed || is_long;
    if is_noticed {
        eventually("all nodes to say that they are cut off", || nodes.iter().all(|node| !node.is_connected())).await;
        counted = Some(drops(&nodes, &load));
    }
    let noticed = load.now();
    sleep((away + length / 2).saturating_sub(load.now())).await;
    let halfway = resident();
    sleep((away + length).saturating_sub(load.now())).await;
    let at_last = resident();
    if is_stream {
        assert!(nodes.iter().all(|node| node.messages("dropped") == 0), "there is room");
    } else if let Some(counted) = counted {
        // Nothing can be published, and each attempt counts.
        for (now, then) in drops(&nodes, &load).iter().zip(counted) {
            assert!(now.dropped - then.dropped >= now.emitted - then.emitted - 2, "{now:?} after {then:?}");
        }
        assert!(nodes.iter().all(|node| !node.is_connected()), "there is no broker");
    } else {
        assert!(drops(&nodes, &load).iter().all(|drops| drops.dropped > 0), "more was published than may wait");
    }
    load.set_bulky(false);

    match fault {
        Fault::Killed => redis.start_again().await,
        Fault::StandsStill => redis.resume(),
    }
    let back = load.now();
    let heard = load.everybody_hears_everybody().await;
    eventually("all nodes to say that they are connected", || nodes.iter().all(Node::is_connected)).await;
    // Nothing is lost from now on.
    let settled = load.now();
    sleep(PERIOD * 10).await;
    let dropped: Vec<u64> = nodes.iter().map(|node| node.messages("dropped")).collect();
    let ticks = load.end().await;

    let own = |ticks: &Tick| ticks.from == ticks.to;
    for node in 0..NODES {
        let numbers = ticks.iter().filter(|tick| own(tick) && tick.to == node).map(|tick| tick.number);
        assert!(numbers.eq(0..numbers_of(&ticks, node)), "node {node}'s own client missed something");
    }
    for (from, to) in pairs() {
        let later = |tick: &&Tick| (tick.from, tick.to) == (from, to) && tick.emitted > settled;
        let numbers: Vec<usize> = ticks.iter().filter(later).map(|tick| tick.number).collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{from} to {to}: {numbers:?}");
        let all = ticks.iter().filter(|tick| (tick.from, tick.to) == (from, to)).map(|tick| tick.number);
        assert!(all.is_sorted_by(|one, next| one < next), "{to} heard {from} twice, or out of order");
    }
    let during = |tick: &&Tick| own(tick) && tick.emitted > away && tick.emitted < back;
    let [half, most, all] = latencies(ticks.iter().filter(during).copied());
    let earlier = |tick: &&Tick| own(tick) && tick.emitted < before.0;
    let [half_before, most_before, _] = latencies(ticks.iter().filter(earlier).copied());
    let lost: usize = pairs().map(|(from, to)| missed(&ticks, from, to)).sum();
    assert!(!is_stream || lost == 0 && dropped == [0; NODES], "{lost} lost, {dropped:?} dropped");
    say(&format!(
        "{kind:?} {fault:?} {length:?}: noticed after {:?}; own clients p50 {half:?} p99 {most:?} max {all:?} (before: p50 \
         {half_before:?} p99 {most_before:?}); resident {} MiB before, {halfway} halfway, {at_last} at the end; everybody \
         hears everybody {:?} after the return; {lost} of {} ticks did not cross; dropped {dropped:?}",
        noticed - away,
        before.1,
        heard.saturating_sub(back),
        pairs().map(|(from, _)| numbers_of(&ticks, from)).sum::<usize>(),
    ));
    assert!(all < Duration::from_secs(2), "a node's own clients waited {all:?}");
    assert!(halfway.max(at_last) <= before.1 + NODES as u64 * QUEUE + SLACK, "{before:?}, {halfway}, {at_last}");
    assert!(at_last <= halfway + NODES as u64 * QUEUE, "it grows: {halfway} MiB, {at_last} MiB");
    assert!(!is_long || heard.saturating_sub(back) < RETURN, "{:?}", heard - back);
}

/// How much a node has emitted, ticks and bulk, and what of it is known to be lost.
#[derive(Clone, Copy, Debug)]
struct Drops {
    emitted: u64,
    dropped: u64,
}

fn drops(nodes: &[Node], load: &Load) -> [Drops; NODES] {
    // What is emitted between the one and the other is dropped without being counted as emitted, not the reverse.
    std::array::from_fn(|node| {
        let emitted = load.emitted(node) as u64;
        Drops { emitted: 2 * emitted, dropped: nodes[node].messages("dropped") }
    })
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..NODES).flat_map(|from| (0..NODES).map(move |to| (from, to))).filter(|(from, to)| from != to)
}

/// How often a node has emitted: its own clients have heard all of it.
fn numbers_of(ticks: &[Tick], node: usize) -> usize {
    ticks.iter().filter(|tick| (tick.from, tick.to) == (node, node)).count()
}

/// How much of one node the clients of another did not hear, up to the last that they heard.
fn missed(ticks: &[Tick], from: usize, to: usize) -> usize {
    let heard = ticks.iter().filter(|tick| (tick.from, tick.to) == (from, to));
    heard.clone().map(|tick| tick.number + 1).max().unwrap_or(0) - heard.count()
}

#[expect(clippy::print_stdout, reason = "the harness swallows it, unless it is asked for")]
fn say(line: &str) {
    println!("{line}");
}
