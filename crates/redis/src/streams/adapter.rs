//! The adapter for streams.

use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster::dialect::{Dialect, Streams};
use pintle_adapter::cluster::{Adapter, Driver, Listener};

use super::driver::{Options, StreamsDriver};
use crate::bus::Bus;
use crate::error::ConnectError;
use crate::link::Link;

/// Nodes that speak over Redis Streams. Node's `createAdapter` of `@socket.io/redis-streams-adapter` 0.3, and in one cluster
/// with it.
///
/// What is broadcast is added to a stream, from which every node reads at its own pace. So a node that cannot reach Redis for a
/// while gets it late and not never, for as long as the stream is [long enough](Self::max_len); and what it has to say itself
/// waits for then, as far as there is [room](Self::queue_limit). Requests and their answers, which nobody wants late, go over
/// pub/sub.
///
/// It is the adapter with which a client may come back to another node than the one it was cut from, with connection state
/// recovery switched on. Any Redis from version 6 on will do, and Valkey.
///
/// ```no_run
/// # async fn example() -> Result<(), pintle_redis::ConnectError> {
/// use pintle_redis::StreamsAdapter;
///
/// let adapter = StreamsAdapter::connect("redis://127.0.0.1:6379").await?.max_len(100_000);
/// # let _ = adapter;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StreamsAdapter {
    bus: Bus,
    dialect: Streams,
    options: Options,
}

impl StreamsAdapter {
    /// Redis at a URL, as [`RedisAdapter::connect`](crate::RedisAdapter::connect) has it.
    ///
    /// # Errors
    ///
    /// When the URL cannot be used, or Redis cannot be reached with it.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::over(Link::server(url)?).await
    }

    /// A Redis Cluster, by the URLs of some of its nodes. A stream belongs to one of them: with
    /// [several](Self::stream_count) the work is shared.
    ///
    /// # Errors
    ///
    /// When a URL cannot be used, or none of the nodes can be reached.
    pub async fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        Self::over(Link::cluster(urls)?).await
    }

    /// The master that sentinels know by this name.
    ///
    /// # Errors
    ///
    /// When a URL cannot be used, or no sentinel knows a master that can be reached.
    #[cfg(feature = "sentinel")]
    pub async fn sentinel<'a>(master: &str, urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        Self::over(Link::sentinel(master, urls)?).await
    }

    async fn over(link: Link) -> Result<Self, ConnectError> {
        let bus = Bus::connect(link).await?;
        let options = Options { is_sharded: false, max_len: 10_000, count: 100, block: Duration::from_secs(5) };
        Ok(Self { bus, dialect: Streams::default(), options })
    }

    /// The stream, the same for all nodes; of [several](Self::stream_count) what their names begin with. `socket.io` by
    /// default. Node's `streamName`.
    #[doc(alias = "streamName")]
    #[must_use]
    pub fn stream_name(mut self, name: impl Into<String>) -> Self {
        self.dialect.stream = name.into();
        self
    }

    /// Over how many streams the namespaces are spread, the same for all nodes. 1 by default. Node's `streamCount`.
    ///
    /// Each is read on a connection of its own.
    #[doc(alias = "streamCount")]
    #[must_use]
    pub const fn stream_count(mut self, count: u32) -> Self {
        self.dialect.stream_count = count;
        self
    }

    /// How many entries a stream keeps, roughly. 10,000 by default. Node's `maxLen`.
    ///
    /// A node that is behind by more misses some, and a client that is away for longer cannot recover. Whoever adds to the
    /// stream shortens it, so that the least of all nodes counts.
    #[doc(alias = "maxLen")]
    #[must_use]
    pub const fn max_len(mut self, entries: usize) -> Self {
        self.options.max_len = entries;
        self
    }

    /// How many entries are read at a time, at least one. 100 by default. Node's `readCount`.
    #[doc(alias = "readCount")]
    #[must_use]
    pub fn read_count(mut self, entries: usize) -> Self {
        self.options.count = entries.max(1);
        self
    }

    /// How long Redis waits for an entry before it says that there is none: from a millisecond to a minute. 5 s by default.
    /// Node's `blockTimeInMs`.
    ///
    /// Entries are read at once in any case. A Redis that has gone without a word is noticed 5 s after that.
    #[doc(alias = "blockTimeInMs")]
    #[must_use]
    pub fn block_time(mut self, time: Duration) -> Self {
        self.options.block = time.clamp(Duration::from_millis(1), Duration::from_secs(60));
        self
    }

    /// What all channels begin with, the same for all nodes; `socket.io` by default. Node's `channelPrefix`.
    ///
    /// It must not be that of nodes with classic pub/sub: a Node server dies of what it then hears.
    #[doc(alias = "channelPrefix")]
    #[must_use]
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.prefix = prefix.into();
        self
    }

    /// What the keys of sessions begin with that may be recovered, the same for all nodes; `sio:session:` by default. Node's
    /// `sessionKeyPrefix`.
    #[doc(alias = "sessionKeyPrefix")]
    #[must_use]
    pub fn session_key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.session_prefix = prefix.into();
        self
    }

    /// Whether channels belong to one server of a Redis Cluster each, the same for all nodes; it takes Redis 7. Off by
    /// default. Node's `useShardedPubSub`.
    #[doc(alias = "useShardedPubSub")]
    #[must_use]
    pub const fn sharded_pub_sub(mut self, sharded: bool) -> Self {
        self.options.is_sharded = sharded;
        self
    }

    /// How many bytes may wait to be sent, of what is added to streams, and as many of what is published; 8 MiB by default.
    /// What finds no room is dropped, and counted.
    #[must_use]
    pub fn queue_limit(mut self, bytes: usize) -> Self {
        self.bus.queue_limit = bytes;
        self
    }
}

impl Adapter for StreamsAdapter {
    fn dialect(&self) -> Box<dyn Dialect> {
        Box::new(self.dialect.clone())
    }

    fn open(&self, listener: Arc<dyn Listener>) -> Arc<dyn Driver> {
        Arc::new(StreamsDriver::open(self.bus.clone(), self.options, listener))
    }
}
