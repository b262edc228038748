//! The adapter for classic pub/sub.

use std::sync::Arc;

use pintle_adapter::cluster::dialect::{Classic, Dialect};
use pintle_adapter::cluster::{Adapter, Driver, Listener};

use crate::bus::Bus;
use crate::error::ConnectError;
use crate::link::Link;

/// Nodes that speak over Redis pub/sub, in one cluster with those of Node that do. Node's `createAdapter` of
/// `@socket.io/redis-adapter`.
///
/// Any Redis from version 6 on will do, and Valkey. Each node hears everything that is said in the namespaces that it has. What
/// is said while a node cannot reach Redis it does not hear; its own sockets get what is sent to them all the same.
///
/// ```no_run
/// # async fn example() -> Result<(), pintle_redis::ConnectError> {
/// use pintle_redis::RedisAdapter;
///
/// let adapter = RedisAdapter::connect("redis://127.0.0.1:6379").await?.key("chat");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct RedisAdapter {
    bus: Bus,
    dialect: Classic,
}

impl RedisAdapter {
    /// One server: `redis://user:password@host:port`, `unix:///path/to/socket`, or `rediss://` with the feature `tls`.
    ///
    /// Sees whether it is there; later on, connections that are lost are made again without further ado. To be called within
    /// a Tokio runtime, on which the adapter's tasks will run.
    ///
    /// # Errors
    ///
    /// When the URL cannot be used, or Redis cannot be reached with it.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::over(Link::server(url)?).await
    }

    /// A Redis Cluster, by the URLs of some of its nodes. User, password and TLS of the first that answers are used for those
    /// that are not named.
    ///
    /// Classic pub/sub costs a cluster more than it costs one server: each node of it hears everything.
    /// [`ShardedRedisAdapter`](crate::ShardedRedisAdapter) is the one that is made for it.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pintle_redis::ConnectError> {
    /// # use pintle_redis::RedisAdapter;
    /// let adapter = RedisAdapter::cluster(["redis://10.0.0.1:6379", "redis://10.0.0.2:6379"]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As those of [`connect`](Self::connect).
    pub async fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        Self::over(Link::cluster(urls)?).await
    }

    /// The server that sentinels say is the master. `master` is a URL as that of a server, with what the server wants to be
    /// given, but for its host: that is the name by which the sentinels know it.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pintle_redis::ConnectError> {
    /// # use pintle_redis::RedisAdapter;
    /// let sentinels = ["redis://10.0.0.1:26379", "redis://10.0.0.2:26379"];
    /// let adapter = RedisAdapter::sentinel("redis://:password@mymaster", sentinels).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As those of [`connect`](Self::connect).
    #[cfg(feature = "sentinel")]
    pub async fn sentinel<'a>(master: &str, urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        Self::over(Link::sentinel(master, urls)?).await
    }

    async fn over(link: Link) -> Result<Self, ConnectError> {
        Ok(Self { bus: Bus::connect(link).await?, dialect: Classic::default() })
    }

    /// What all channels begin with, which must be the same for all nodes; `socket.io` by default. Node's `key`.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.dialect.prefix = key.into();
        self
    }

    /// Whether answers go to the node that asked alone, which spares the others reading them; false by default, as in Node.
    /// All nodes must be of `@socket.io/redis-adapter` 7.1 or later. Node's `publishOnSpecificResponseChannel`.
    #[must_use]
    pub fn publish_on_specific_response_channel(mut self, specific: bool) -> Self {
        self.dialect.specific_responses = specific;
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

impl Adapter for RedisAdapter {
    fn dialect(&self) -> Box<dyn Dialect> {
        Box::new(self.dialect.clone())
    }

    fn open(&self, listener: Arc<dyn Listener>) -> Arc<dyn Driver> {
        Arc::new(self.bus.open(false, listener))
    }
}
