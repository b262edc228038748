//! PostgreSQL.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster::dialect::{self, Transmit};
use tokio_postgres::config::Host;
use tokio_postgres::error::Severity;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Error, NoTls, Socket};

use crate::broker::Cluster;
use crate::emitter::Emitter;
use crate::error::{Cause, ConnectError, EmitError};
use crate::keeper::{DEFAULT_TIMEOUT, Gone, Keeper, Server};

impl Emitter {
    /// Speaks to servers with `@socket.io/postgres-adapter` or `pintle_postgres::PostgresAdapter`, once it is awaited. Node's
    /// `@socket.io/postgres-emitter`.
    ///
    /// The address is `postgres://user:password@host:port/database`, or anything else that libpq knows. What is binary, or longer
    /// than a notification may be, goes into the table of the servers, which has to be there.
    ///
    /// ```no_run
    /// # use pintle_emitter::{ConnectError, Emitter};
    /// # async fn run() -> Result<Emitter, ConnectError> {
    /// Emitter::postgres("postgres://app@127.0.0.1/app").channel_prefix("my-app").await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the address is none, or nobody answers there.
    pub fn postgres(url: impl Into<String>) -> ConnectPostgres {
        ConnectPostgres {
            url: url.into(),
            timeout: DEFAULT_TIMEOUT,
            dialect: dialect::Postgres::default(),
            table: "socket_io_attachments".to_owned(),
            dial: dial(NoTls),
        }
    }
}

/// An emitter to be: options may be added, and then it is awaited. What [`Emitter::postgres`] gives.
#[must_use = "nothing happens before it is awaited"]
pub struct ConnectPostgres {
    url: String,
    timeout: Duration,
    dialect: dialect::Postgres,
    table: String,
    dial: Dial,
}

impl ConnectPostgres {
    /// How long to wait for PostgreSQL: here, and whenever something is emitted. 5 seconds unless it is said.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What the names of all channels begin with: that of the servers. Node's `channelPrefix`, and `socket.io` unless it is said.
    ///
    /// PostgreSQL takes channels of 63 bytes: prefix, `#` and namespace.
    pub fn channel_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.dialect.prefix = prefix.into();
        self
    }

    /// The table of the servers. Node's `tableName`, and `socket_io_attachments` unless it is said.
    ///
    /// It may be in a schema, as in `realtime.attachments`.
    pub fn table_name(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// What has so many bytes goes into the table. Node's `payloadThreshold`; 8,000 unless it is said, which is also the most.
    pub fn payload_threshold(mut self, bytes: usize) -> Self {
        self.dialect.threshold = bytes.min(self.dialect.threshold);
        self
    }

    /// How to speak TLS: with what crates as `tokio-postgres-rustls` make. Without it, the address must not ask for it.
    pub fn tls<T>(mut self, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::TlsConnect: Send,
        T::Stream: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.dial = dial(tls);
        self
    }
}

impl IntoFuture for ConnectPostgres {
    type Output = Result<Emitter, ConnectError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { url, timeout, dialect, table, dial } = self;
        Box::pin(async move {
            let config: Config = url.parse().map_err(|error: Error| ConnectError::address(error))?;
            let insert = format!("INSERT INTO {} (payload) VALUES ($1) RETURNING id", pintle_broker::table(&table));
            let broker = Arc::new(Keeper::connect(Postgres { config, dial, insert }, timeout).await?);
            Ok(Emitter::new(Cluster { dialect: Box::new(dialect), broker }))
        })
    }
}

/// An address may hold a password.
impl fmt::Debug for ConnectPostgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectPostgres")
            .field("dialect", &self.dialect)
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

/// One server, and how it is told.
struct Postgres {
    config: Config,
    dial: Dial,
    insert: String,
}

/// Connects, whatever speaks TLS.
type Dial = Box<dyn Fn(Config, Gone) -> Dialled + Send + Sync>;

type Dialled = Pin<Box<dyn Future<Output = Result<Arc<Client>, Error>> + Send>>;

fn dial<T>(tls: T) -> Dial
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::TlsConnect: Send,
    T::Stream: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    Box::new(move |config, gone| {
        let tls = tls.clone();
        Box::pin(async move {
            let (client, connection) = config.connect(tls).await?;
            // It ends with the last handle of its client, or with the connection.
            tokio::spawn(async move {
                // Why, those hear who wait for an answer.
                let _ = connection.await;
                gone.set();
            });
            Ok(Arc::new(client))
        })
    })
}

impl Server for Postgres {
    type Connection = Arc<Client>;

    fn address(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let ports: Vec<u16> = self.config.get_ports().to_vec();
        // One port may be that of all hosts.
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let places: Vec<String> = hosts.enumerate().map(|(at, host)| format!("{host}:{}", port(at))).collect();
        format!("PostgreSQL at {}", places.join(", "))
    }

    async fn connect(&self, gone: Gone) -> Result<Arc<Client>, Cause> {
        Ok((self.dial)(self.config.clone(), gone).await?)
    }

    async fn carry(&self, client: Arc<Client>, transmit: Transmit) -> Result<(), EmitError> {
        match transmit {
            Transmit::Publish { channel, payload } => {
                let payload = String::from_utf8(payload).expect("what is no text is put aside");
                notify(&client, &channel, &payload).await
            }
            Transmit::Attach { channel, attachment, payload } => {
                let rows = client.query_typed(&self.insert, &[(&payload, Type::BYTEA)]).await.map_err(failed)?;
                let id = rows.first().and_then(|row| row.try_get(0).ok());
                let id = id.ok_or_else(|| EmitError::refused("the table has no `id` of the type bigserial"))?;
                notify(&client, &channel, &attachment.notice(id)).await
            }
            other => unreachable!("an emitter on PostgreSQL notifies: {other:?}"),
        }
    }
}

async fn notify(client: &Client, channel: &str, payload: &str) -> Result<(), EmitError> {
    let notify = "SELECT pg_notify($1, $2)";
    client.execute_typed(notify, &[(&channel, Type::TEXT), (&payload, Type::TEXT)]).await.map_err(failed)?;
    Ok(())
}

fn failed(error: Error) -> EmitError {
    let refusal = error
        .as_db_error()
        .map(|refusal| (refusal.parsed_severity() == Some(Severity::Error), refusal.message().to_owned()));
    match refusal {
        // That the type says no more than `db error` helps nobody.
        Some((true, message)) => EmitError::refused(message),
        _ => EmitError::broken(error),
    }
}
