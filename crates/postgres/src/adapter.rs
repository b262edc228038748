//! What a server is given, and what can be said of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pintle_adapter::cluster::dialect::{Dialect, Postgres};
use pintle_adapter::cluster::{Adapter, Driver, Listener};
use tokio::runtime::Handle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{NoTls, Socket};

use crate::connect::{Place, Setup};
use crate::driver::PostgresDriver;
use crate::error::ConnectError;
use crate::link::Link;
use crate::names;

/// PostgreSQL's limit is 7,999 bytes.
const MAX_THRESHOLD: usize = 8000;

/// What is done again and again leaves time for something else.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// Carries messages between the nodes of a cluster with PostgreSQL's `LISTEN` and `NOTIFY`: Node's `createAdapter` of
/// `@socket.io/postgres-adapter`, with which it shares a cluster. Nodes know of each other by heartbeats.
///
/// Connection state recovery does not reach across nodes here. What is sent while PostgreSQL is away reaches the sockets of
/// its own node, and is lost to the others.
pub struct PostgresAdapter {
    dialect: Postgres,
    setup: Arc<Setup>,
    max_queue_bytes: usize,
    runtime: Handle,
    /// What [`connect`](Self::connect) has opened, for the server that comes to use it.
    link: Mutex<Option<Link>>,
}

impl PostgresAdapter {
    /// Connects, with the defaults of Node's adapter, and makes the table if there is none. All nodes of a cluster use one
    /// database: what one is told, others on the same server do not hear. The URL is one of
    /// [libpq](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING), which may name several hosts:
    /// `target_session_attrs=read-write` then looks for the one that can be written to, now and after each failure.
    ///
    /// Without TLS: see [`PostgresBuilder::connect_with_tls`].
    ///
    /// # Errors
    ///
    /// When it is no such URL, or PostgreSQL cannot be used. After this first time the adapter connects again by itself.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder().connect(url).await
    }

    /// What is to be otherwise than by default.
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder::default()
    }
}

impl Adapter for PostgresAdapter {
    fn dialect(&self) -> Box<dyn Dialect> {
        Box::new(self.dialect.clone())
    }

    fn open(&self, listener: Arc<dyn Listener>) -> Arc<dyn Driver> {
        let link = self.link.lock().unwrap_or_else(PoisonError::into_inner).take();
        Arc::new(PostgresDriver::start(&self.runtime, self.setup.clone(), link, self.max_queue_bytes, listener))
    }
}

impl fmt::Debug for PostgresAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresAdapter").field("at", &self.setup.place).field("dialect", &self.dialect).finish()
    }
}

/// What a [`PostgresAdapter`] is to be like. All nodes of a cluster have to agree on the prefix and the table.
///
/// ```no_run
/// # async fn connect() -> Result<(), pintle_postgres::ConnectError> {
/// use std::time::Duration;
///
/// use pintle_postgres::PostgresAdapter;
///
/// let adapter = PostgresAdapter::builder()
///     .channel_prefix("chat")
///     .heartbeat_interval(Duration::from_secs(2))
///     .connect("postgres://app:secret@db.example.com/app")
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresBuilder {
    dialect: Postgres,
    table: String,
    cleanup_interval: Duration,
    max_attachment_bytes: usize,
    max_queue_bytes: usize,
}

impl Default for PostgresBuilder {
    fn default() -> Self {
        Self {
            dialect: Postgres::default(),
            table: "socket_io_attachments".to_owned(),
            cleanup_interval: Duration::from_secs(30),
            max_attachment_bytes: 64 << 20,
            max_queue_bytes: 8 << 20,
        }
    }
}

impl PostgresBuilder {
    /// What the names of all channels begin with; `socket.io` by default. Node's `channelPrefix`.
    ///
    /// The name of a channel is the prefix, a `#` and the namespace, and PostgreSQL allows it 63 bytes. A namespace whose name
    /// is longer is not part of the cluster: the adapter refuses it, and says so in the log.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.prefix = prefix.into();
        self
    }

    /// The table for what does not fit into a notification; `socket_io_attachments` by default. Node's `tableName`.
    ///
    /// It may be in a schema, as in `realtime.attachments`. As in Node, which does not quote it, a name of letters, digits,
    /// `_` and `$` is put into lower case. Any other name is taken as it is.
    pub fn table_name(mut self, table: impl Into<String>) -> Self {
        self.table = table.into();
        self
    }

    /// So many bytes are too many for a notification, and are put into the table; 8,000 by default, which is as many as there
    /// may be. Node's `payloadThreshold`.
    pub fn payload_threshold(mut self, bytes: usize) -> Self {
        self.dialect.threshold = bytes.min(MAX_THRESHOLD);
        self
    }

    /// After how long what is in the table is removed, and how often this node looks; 30 seconds by default, a tenth of a
    /// second at least. Node's `cleanupInterval`.
    pub fn cleanup_interval(mut self, interval: Duration) -> Self {
        self.cleanup_interval = interval.max(MIN_INTERVAL);
        self
    }

    /// How often a node that has nothing else to say says that it is there; 5 seconds by default, a tenth of a second at
    /// least. Node's `heartbeatInterval`.
    pub fn heartbeat_interval(mut self, interval: Duration) -> Self {
        self.dialect.heartbeat_interval = interval.max(MIN_INTERVAL);
        self
    }

    /// After how long without a word a node is gone; 10 seconds by default. It has to be longer than the interval of every
    /// other node. Node's `heartbeatTimeout`.
    pub fn heartbeat_timeout(mut self, timeout: Duration) -> Self {
        self.dialect.heartbeat_timeout = timeout;
        self
    }

    /// How many bytes a message of another node may have that is put into the table; 64 MiB by default. Larger ones are not
    /// fetched. Node has no limit.
    pub fn max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.max_attachment_bytes = bytes;
        self
    }

    /// How many bytes may wait for PostgreSQL; 8 MiB by default. What comes on top is dropped, and counted. Node has no limit.
    pub fn max_queue_bytes(mut self, bytes: usize) -> Self {
        self.max_queue_bytes = bytes;
        self
    }

    /// Connects, without TLS: as [`PostgresAdapter::connect`].
    ///
    /// # Errors
    ///
    /// When it is no URL of PostgreSQL, the prefix is too long, or PostgreSQL cannot be used.
    pub async fn connect(self, url: &str) -> Result<PostgresAdapter, ConnectError> {
        self.connect_with_tls(url, NoTls).await
    }

    /// Connects with TLS, as far as `sslmode` in the URL says: by default if the server can, with `sslmode=require` only with
    /// it.
    ///
    /// TLS itself is not in this crate: `tls` is what `tokio-postgres` would be given, as `MakeRustlsConnect` of
    /// `tokio-postgres-rustls`, or `MakeTlsConnector` of `postgres-native-tls`. Its settings say whose certificates are
    /// trusted.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect), and when TLS cannot be agreed on.
    pub async fn connect_with_tls<T>(self, url: &str, tls: T) -> Result<PostgresAdapter, ConnectError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let Self { dialect, table, cleanup_interval, max_attachment_bytes, max_queue_bytes } = self;
        // PostgreSQL counts them so; more than a gigabyte it does not keep.
        let max_attachment_bytes = i32::try_from(max_attachment_bytes).unwrap_or(i32::MAX);
        let place = Place::parse(url, tls)?;
        if let Some(reason) = names::refused(&format!("{}#/", dialect.prefix)) {
            return Err(ConnectError::unusable(format!("the prefix of the channels {reason}")));
        }
        let setup =
            Arc::new(Setup { place, table: pintle_broker::table(&table), cleanup_interval, max_attachment_bytes });
        let link = setup.connect_first().await?;
        let (runtime, link) = (Handle::current(), Mutex::new(Some(link)));
        Ok(PostgresAdapter { dialect, setup, max_queue_bytes, runtime, link })
    }
}
