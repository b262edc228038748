//! Redis, and what speaks its language, as Valkey.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster::dialect::{self, Classic, Dialect, Sharded, SubscriptionMode, Transmit};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError};

use crate::broker::Cluster;
use crate::emitter::Emitter;
use crate::error::{Cause, ConnectError, EmitError};
use crate::keeper::{DEFAULT_TIMEOUT, Gone, Keeper, Server};

impl Emitter {
    /// Speaks to servers with `@socket.io/redis-adapter` or `pintle_redis::RedisAdapter`, once it is awaited. Node's
    /// `@socket.io/redis-emitter`.
    ///
    /// The address is `redis://user:password@host:port/`, `rediss://` with the feature `tls`, or `unix:///path`. Redis has to be of version 6 or
    /// newer; for an older one, add `?protocol=resp2`. Of a Redis Cluster, any node will do.
    ///
    /// ```no_run
    /// # use pintle_emitter::{ConnectError, Emitter};
    /// # async fn run() -> Result<Emitter, ConnectError> {
    /// Emitter::redis("redis://127.0.0.1:6379").key("my-app").await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the address is none, or nobody answers there.
    pub fn redis(url: impl Into<String>) -> ConnectRedis<Classic> {
        ConnectRedis::new(url.into(), Classic::default())
    }

    /// Speaks to servers with `createShardedAdapter` of `@socket.io/redis-adapter` or `pintle_redis::ShardedRedisAdapter`, once
    /// it is awaited. Redis has to be of version 7 or newer. Node has no emitter for these.
    ///
    /// Servers listen to the channel of a room only shortly after the first socket has joined it: what is emitted to a room right
    /// after a [`join`](Self::join) may come too early.
    ///
    /// # Errors
    ///
    /// As those of [`redis`](Self::redis).
    pub fn sharded(url: impl Into<String>) -> ConnectRedis<Sharded> {
        ConnectRedis::new(url.into(), Sharded::default())
    }

    /// Speaks to servers with `@socket.io/redis-streams-adapter` or `pintle_redis::StreamsAdapter`, once it is awaited.
    /// Node's `@socket.io/redis-streams-emitter`.
    ///
    /// # Errors
    ///
    /// As those of [`redis`](Self::redis).
    pub fn streams(url: impl Into<String>) -> ConnectRedis<Streams> {
        ConnectRedis::new(url.into(), Streams { names: dialect::Streams::default(), max_len: 10_000 })
    }
}

/// An emitter to be: options may be added, and then it is awaited. What [`Emitter::redis`] and its kin give.
#[must_use = "nothing happens before it is awaited"]
pub struct ConnectRedis<D> {
    url: String,
    timeout: Duration,
    dialect: D,
}

/// How servers with streams speak.
#[derive(Clone, Debug)]
pub struct Streams {
    names: dialect::Streams,
    max_len: usize,
}

impl<D> ConnectRedis<D> {
    const fn new(url: String, dialect: D) -> Self {
        Self { url, timeout: DEFAULT_TIMEOUT, dialect }
    }

    /// How long to wait for Redis: here, and whenever something is emitted. 5 seconds unless it is said.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl ConnectRedis<Classic> {
    /// What the names of all channels begin with: that of the servers. Node's `key`, and `socket.io` unless it is said.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.dialect.prefix = key.into();
        self
    }
}

impl ConnectRedis<Sharded> {
    /// What the names of all channels begin with: that of the servers. Node's `channelPrefix`, and `socket.io` unless it is said.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.prefix = prefix.into();
        self
    }

    /// Which rooms have channels of their own: as the servers have it. Node's `subscriptionMode`, and
    /// [`Dynamic`](SubscriptionMode::Dynamic) unless it is said.
    pub const fn subscription_mode(mut self, mode: SubscriptionMode) -> Self {
        self.dialect.mode = mode;
        self
    }
}

impl ConnectRedis<Streams> {
    /// The stream of the servers. Node's `streamName`, and `socket.io` unless it is said.
    pub fn stream_name(mut self, name: impl Into<String>) -> Self {
        self.dialect.names.stream = name.into();
        self
    }

    /// Over how many streams the servers spread their namespaces. Node's `streamCount`, which its emitter lacks; 1 unless it is
    /// said.
    pub const fn stream_count(mut self, count: u32) -> Self {
        self.dialect.names.stream_count = count;
        self
    }

    /// To about how many entries a stream is cut when one is added. Node's `maxLen`, and 10,000 unless it is said.
    ///
    /// The smallest of all who write counts, servers and emitters: what is cut is lost to a server that was away.
    pub const fn max_len(mut self, entries: usize) -> Self {
        self.dialect.max_len = entries;
        self
    }
}

impl IntoFuture for ConnectRedis<Classic> {
    type Output = Result<Emitter, ConnectError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(connected(self.url, self.timeout, Means::Publish, self.dialect))
    }
}

impl IntoFuture for ConnectRedis<Sharded> {
    type Output = Result<Emitter, ConnectError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(connected(self.url, self.timeout, Means::PublishToShard, self.dialect))
    }
}

impl IntoFuture for ConnectRedis<Streams> {
    type Output = Result<Emitter, ConnectError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Streams { names, max_len } = self.dialect;
        Box::pin(connected(self.url, self.timeout, Means::Append { max_len }, names))
    }
}

/// An address may hold a password.
impl<D: fmt::Debug> fmt::Debug for ConnectRedis<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectRedis").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

async fn connected(
    url: String,
    timeout: Duration,
    means: Means,
    dialect: impl Dialect + 'static,
) -> Result<Emitter, ConnectError> {
    let redis = Redis::new(&url, means).map_err(ConnectError::address)?;
    let broker = Arc::new(Keeper::connect(redis, timeout).await?);
    Ok(Emitter::new(Cluster { dialect: Box::new(dialect), broker }))
}

/// One server, and how it is told.
struct Redis {
    client: Client,
    means: Means,
}

/// How something is said to all servers.
#[derive(Clone, Copy)]
enum Means {
    Publish,
    PublishToShard,
    Append { max_len: usize },
}

impl Redis {
    fn new(url: &str, means: Means) -> Result<Self, RedisError> {
        let mut info = url.into_connection_info()?;
        // Only this protocol tells of a connection that ends while nothing is said. A user may know better.
        if !url.contains("protocol=") {
            let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            info = info.set_redis_settings(settings);
        }
        #[cfg(feature = "tls")]
        provide_tls();
        Ok(Self { client: Client::open(info)?, means })
    }

    fn command(&self, transmit: Transmit) -> Cmd {
        match (transmit, self.means) {
            (Transmit::Publish { channel, payload }, means) => {
                let name = if matches!(means, Means::PublishToShard) { "SPUBLISH" } else { "PUBLISH" };
                redis::cmd(name).arg(channel).arg(payload).take()
            }
            (Transmit::Append { stream, fields }, Means::Append { max_len }) => {
                let mut command = redis::cmd("XADD");
                command.arg(stream).arg("MAXLEN").arg("~").arg(max_len).arg("*");
                for (name, value) in fields {
                    command.arg(name).arg(value);
                }
                command
            }
            (other, _) => unreachable!("an emitter on Redis publishes or appends: {other:?}"),
        }
    }
}

/// Sees to it that rustls has a provider of cryptography: one that the application has chosen stays; without any it would panic.
#[cfg(feature = "tls")]
fn provide_tls() {
    use rustls::crypto::{CryptoProvider, ring};

    if CryptoProvider::get_default().is_none() {
        // It fails if somebody else was quicker, which is as well.
        let _ = ring::default_provider().install_default();
    }
}

impl Server for Redis {
    type Connection = MultiplexedConnection;

    fn address(&self) -> String {
        format!("Redis at {}", self.client.get_connection_info().addr())
    }

    async fn connect(&self, gone: Gone) -> Result<MultiplexedConnection, Cause> {
        let mut config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        if self.client.get_connection_info().redis_settings().protocol().supports_resp3() {
            config = config.set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    gone.set();
                }
                Ok::<_, RedisError>(())
            });
        }
        Ok(self.client.get_multiplexed_async_connection_with_config(&config).await?)
    }

    async fn carry(&self, mut connection: MultiplexedConnection, transmit: Transmit) -> Result<(), EmitError> {
        self.command(transmit).query_async(&mut connection).await.map_err(|error| {
            match error.is_unrecoverable_error() {
                true => EmitError::broken(error),
                false => EmitError::refused(error),
            }
        })
    }
}
