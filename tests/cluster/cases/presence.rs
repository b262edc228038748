//! Who is there.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::adapter::Adapter;
use crate::cluster::{Cluster, Plan};

/// A namespace beside `/`, which is counted by itself.
pub(crate) fn plan() -> Plan {
    Plan { nsps: &["/", "/custom"], ..Plan::default() }
}

/// Each node listens once where nodes are counted: one that did twice would be waited for in vain.
pub(crate) async fn each_node_is_counted_once(c: &mut Cluster) {
    for nsp in ["/", "/custom"] {
        assert_eq!(counted(c, nsp).await, c.nodes.len() as u64, "in {nsp}");
    }
    let last = c.nodes.pop().expect("a node");
    last.run("close", json!({})).await;
    for nsp in ["/", "/custom"] {
        while counted(c, nsp).await != c.nodes.len() as u64 {
            sleep(Duration::from_millis(2)).await;
        }
    }
    // Who has gone is not waited for.
    let found = c.first("fetch", json!({})).await;
    assert_eq!(found.as_array().map(Vec::len), Some(2), "without the client of the last node");
}

async fn counted(c: &Cluster, nsp: &str) -> u64 {
    let (count, between) = match c.adapter {
        Adapter::Classic | Adapter::ClassicSpecific => ("NUMSUB", "-request"),
        Adapter::Sharded | Adapter::ShardedStatic | Adapter::ShardedPrivate => ("SHARDNUMSUB", ""),
        Adapter::Streams => ("NUMSUB", ""),
        Adapter::Postgres => unreachable!("it does not count"),
    };
    c.listeners(count, &format!("{}{between}#{nsp}#", c.prefix)).await
}
