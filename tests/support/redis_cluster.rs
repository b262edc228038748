//! A Redis Cluster of a test's own.

use std::time::Duration;

use tokio::time::sleep;

use crate::redis::Redis;
use crate::time::within;

/// How many masters there are.
const MASTERS: usize = 3;

/// Three masters, with a third of the slots each.
#[derive(Debug)]
pub struct RedisCluster {
    /// The masters.
    pub masters: Vec<Redis>,
}

impl RedisCluster {
    /// Starts one, and waits until every master knows of all slots; `None`, said loudly, when there is no redis-server.
    pub async fn start() -> Option<Self> {
        let mut masters = Vec::new();
        for _ in 0..MASTERS {
            // It fails over to nobody, and so need not be quick about it.
            masters.push(Redis::start_with(&["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]).await?);
        }
        let addresses: Vec<String> = masters.iter().map(|master| format!("127.0.0.1:{}", master.port())).collect();
        let mut command = vec!["--cluster", "create"];
        command.extend(addresses.iter().map(String::as_str));
        command.extend(["--cluster-replicas", "0", "--cluster-yes"]);
        masters[0].cli(&command).await;
        let cluster = Self { masters };
        within("the cluster to be whole", cluster.whole()).await;
        Some(cluster)
    }

    /// The URLs of all masters.
    pub fn urls(&self) -> Vec<String> {
        self.masters.iter().map(Redis::url).collect()
    }

    /// Which of the masters has the slot of a channel.
    pub async fn owner(&self, channel: &str) -> usize {
        let slot = self.masters[0].cli(&["cluster", "keyslot", channel]).await;
        let slot: u16 = slot.parse().expect("a number");
        let slots = self.masters[0].cli(&["cluster", "slots"]).await;
        let lines: Vec<&str> = slots.lines().map(str::trim).collect();
        // First, last, host, port and id of each range, a line each.
        let mut range = lines.windows(5).filter(|lines| lines[2] == "127.0.0.1");
        let found = range.find_map(|lines| {
            let (first, last): (u16, u16) = (lines[0].parse().ok()?, lines[1].parse().ok()?);
            (first..=last).contains(&slot).then_some(lines[3])
        });
        let port: u16 = found.expect("somebody has it").parse().expect("a port");
        self.masters.iter().position(|master| master.port() == port).expect("one of ours")
    }

    /// Gives the slot of a channel to another master; there must be no keys in it.
    pub async fn hand_over(&self, channel: &str, to: usize) {
        let from = self.owner(channel).await;
        let (old, new) = (&self.masters[from], &self.masters[to]);
        let slot = old.cli(&["cluster", "keyslot", channel]).await;
        let (old_id, new_id) = (old.cli(&["cluster", "myid"]).await, new.cli(&["cluster", "myid"]).await);
        assert_eq!(new.cli(&["cluster", "setslot", &slot, "importing", &old_id]).await, "OK");
        assert_eq!(old.cli(&["cluster", "setslot", &slot, "migrating", &new_id]).await, "OK");
        // The new one first, so that there always is one that takes it.
        let others = (0..self.masters.len()).filter(|&other| other != to);
        for master in [to].into_iter().chain(others) {
            assert_eq!(self.masters[master].cli(&["cluster", "setslot", &slot, "node", &new_id]).await, "OK");
        }
    }

    async fn whole(&self) {
        for master in &self.masters {
            while !is_whole(&master.cli(&["cluster", "info"]).await) {
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

fn is_whole(info: &str) -> bool {
    info.contains("cluster_state:ok") && info.contains("cluster_slots_assigned:16384")
}
