//! The adapter for sharded pub/sub.

use std::sync::Arc;

use pintle_adapter::cluster::dialect::{Dialect, Sharded, SubscriptionMode};
use pintle_adapter::cluster::{Adapter, Driver, Listener};

use crate::bus::Bus;
use crate::error::ConnectError;
use crate::link::Link;

/// Nodes that speak over sharded pub/sub, in one cluster with those of Node that do. Node's `createShardedAdapter` of
/// `@socket.io/redis-adapter`.
///
/// It wants Redis 7 or Valkey. A channel belongs to one master of a Redis Cluster, so more masters carry more; and a room may
/// have a channel of its own, so that what is sent there reaches only nodes that have sockets in it. It works with one server
/// as well.
///
/// ```no_run
/// # async fn example() -> Result<(), pintle_redis::ConnectError> {
/// use pintle_redis::{ShardedRedisAdapter, SubscriptionMode};
///
/// let nodes = ["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"];
/// let adapter = ShardedRedisAdapter::cluster(nodes).await?.subscription_mode(SubscriptionMode::DynamicPrivate);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ShardedRedisAdapter {
    bus: Bus,
    dialect: Sharded,
}

impl ShardedRedisAdapter {
    /// One server: as [`RedisAdapter::connect`](crate::RedisAdapter::connect).
    ///
    /// # Errors
    ///
    /// When the URL cannot be used, or Redis cannot be reached with it.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::over(Link::server(url)?).await
    }

    /// A Redis Cluster: as [`RedisAdapter::cluster`](crate::RedisAdapter::cluster). There is a connection to each master. When
    /// a channel moves to another it is followed; what is published in between is not heard.
    ///
    /// # Errors
    ///
    /// As those of [`connect`](Self::connect).
    pub async fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        Self::over(Link::cluster(urls)?).await
    }

    /// The server that sentinels say is the master: as [`RedisAdapter::sentinel`](crate::RedisAdapter::sentinel).
    ///
    /// # Errors
    ///
    /// As those of [`connect`](Self::connect).
    #[cfg(feature = "sentinel")]
    pub async fn sentinel<'a>(master: &str, urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        Self::over(Link::sentinel(master, urls)?).await
    }

    async fn over(link: Link) -> Result<Self, ConnectError> {
        Ok(Self { bus: Bus::connect(link).await?, dialect: Sharded::default() })
    }

    /// What all channels begin with, which must be the same for all nodes; `socket.io` by default. Node's `channelPrefix`.
    #[must_use]
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.prefix = prefix.into();
        self
    }

    /// Which rooms have channels of their own, which must be the same for all nodes; all but those of socket ids by default.
    /// Node's `subscriptionMode`.
    #[must_use]
    pub fn subscription_mode(mut self, mode: SubscriptionMode) -> Self {
        self.dialect.mode = mode;
        self
    }

    /// How much may wait to be sent to Redis, in bytes; 8 MiB by default. What comes when it is full is not sent to other
    /// nodes, and counted.
    #[must_use]
    pub fn queue_limit(mut self, bytes: usize) -> Self {
        self.bus.queue_limit = bytes;
        self
    }
}

impl Adapter for ShardedRedisAdapter {
    fn dialect(&self) -> Box<dyn Dialect> {
        Box::new(self.dialect.clone())
    }

    fn open(&self, listener: Arc<dyn Listener>) -> Arc<dyn Driver> {
        Arc::new(self.bus.open(true, listener))
    }
}
