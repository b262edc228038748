//! Where PostgreSQL is, and how connections to it are made.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::Host;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, Socket};

use crate::error::ConnectError;
use crate::link::{Link, Statements};
use pintle_broker::answered;

/// How long the first connection may take to be there, before anything is said on it, unless the URL says otherwise.
const FIRST_CONNECT_LIMIT: Duration = Duration::from_secs(4);

/// The same for all later ones. There is always another attempt, and one that begins anew is quicker than a packet that
/// was lost.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);

/// What a connection is to be like that publishes. What is published need not outlive a crash of PostgreSQL, so nobody waits
/// until it is on a disk; and a table that somebody has locked shall not hold up everything else.
///
/// A standby lets nobody listen, and says so at once.
const SETTINGS: &str = "SET synchronous_commit = off; SET lock_timeout = '2s'; LISTEN pintle; UNLISTEN pintle";

/// Several nodes may make the table at once, and all but one of them fail.
const ATTEMPTS_TO_MAKE: usize = 5;

/// Everything that is needed to connect, again and again.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) place: Place,
    /// The table, quoted.
    pub(crate) table: String,
    pub(crate) cleanup_interval: Duration,
    pub(crate) max_attachment_bytes: i32,
}

impl Setup {
    /// Connects for the first time.
    ///
    /// # Errors
    ///
    /// When it cannot be used, or does not answer.
    pub(crate) async fn connect_first(&self) -> Result<Link, ConnectError> {
        self.connect_within(FIRST_CONNECT_LIMIT).await
    }

    /// Connects again.
    ///
    /// # Errors
    ///
    /// When it cannot be used, or does not answer.
    pub(crate) async fn connect(&self) -> Result<Link, ConnectError> {
        self.connect_within(CONNECT_LIMIT).await
    }

    async fn connect_within(&self, limit: Duration) -> Result<Link, ConnectError> {
        match answered(self.link(limit)).await {
            Some(link) => link.map_err(|cause| ConnectError::unreachable(&self.place.name, cause)),
            None => Err(ConnectError::silent(&self.place.name)),
        }
    }

    async fn link(&self, limit: Duration) -> Result<Link, Error> {
        let listening = self.place.connect(limit).await?;
        let mut publishing = self.place.connect(limit).await?;
        let Half { client, messages } = &mut publishing;
        let statements = driven(messages.as_mut(), self.prepare(client)).await?;
        Ok(Link { listening, publishing, statements })
    }

    async fn prepare(&self, client: &Client) -> Result<Statements, Error> {
        client.batch_execute(SETTINGS).await?;
        self.make_table(client).await?;
        let Self { table, .. } = self;
        Ok(Statements {
            backend: client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?,
            publish: client.prepare("SELECT pg_notify($1, $2)").await?,
            // One statement, so that nothing waits for an answer in between.
            attach: client
                .prepare(&format!(
                    "WITH attached AS (INSERT INTO {table} (payload) VALUES ($1) RETURNING id) \
                     SELECT pg_notify($2, replace($3, $4, id::text)) FROM attached"
                ))
                .await?,
            fetch: client
                .prepare(&format!(
                    "SELECT CASE WHEN octet_length(payload) <= $2 THEN payload END FROM {table} WHERE id = $1"
                ))
                .await?,
            clean: client
                .prepare(&format!("DELETE FROM {table} WHERE created_at < now() - $1 * interval '1 second'"))
                .await?,
        })
    }

    /// Makes the table if there is none. Who may not make tables may use one that is there.
    async fn make_table(&self, client: &Client) -> Result<(), Error> {
        let Self { table, .. } = self;
        let make = format!(
            "CREATE TABLE IF NOT EXISTS {table} \
             (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)"
        );
        let mut attempts = 1..ATTEMPTS_TO_MAKE;
        loop {
            if client.query_one("SELECT to_regclass($1) IS NOT NULL", &[table]).await?.try_get(0)? {
                return Ok(());
            }
            match client.batch_execute(&make).await {
                // Somebody else has just made it, or is about to.
                Err(error) if made_meanwhile(&error) && attempts.next().is_some() => {}
                made => return made,
            }
        }
    }
}

fn made_meanwhile(error: &Error) -> bool {
    let meanwhile = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::INTERNAL_ERROR, // "tuple concurrently updated"
    ];
    error.code().is_some_and(|code| meanwhile.contains(code))
}

/// A connection: what speaks, and what is heard. Nothing is said or heard but while it is polled for messages.
pub(crate) struct Half {
    pub(crate) client: Client,
    pub(crate) messages: Box<dyn Messages>,
}

/// What comes on a connection without being asked for, whatever it runs over.
pub(crate) trait Messages: Send {
    /// The next; nothing more comes after an error or nothing.
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>>;
}

impl<S, T> Messages for Connection<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: AsyncRead + AsyncWrite + Unpin + Send,
{
    fn poll_message(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> {
        Self::poll_message(self, context)
    }
}

/// Polls a connection on which nothing is to be heard, until it ends, and says why if there is a reason.
pub(crate) async fn ended(messages: &mut dyn Messages) -> Option<Error> {
    loop {
        match poll_fn(|context| messages.poll_message(context)).await {
            Some(Ok(_notice)) => {}
            Some(Err(error)) => return Some(error),
            None => return None,
        }
    }
}

/// What is asked of a connection, while it is polled.
async fn driven<T>(messages: &mut dyn Messages, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut asked = pin!(asked);
    tokio::select! {
        biased;
        answer = &mut asked => answer,
        reason = ended(messages) => match reason {
            Some(error) => Err(error),
            // Whoever asked is told that it is closed.
            None => asked.await,
        },
    }
}

/// A PostgreSQL, or several that stand in for each other.
#[derive(Clone)]
pub(crate) struct Place {
    config: Config,
    connector: Arc<dyn Connector>,
    /// For people. No password is in it.
    name: Arc<str>,
}

impl Place {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// When it is none. What is wrong with it is not told word for word: there may be a password in those words.
    pub(crate) fn parse<T>(url: &str, tls: T) -> Result<Self, ConnectError>
    where
        Over<T>: Connector,
        T: 'static,
    {
        let mut config: Config =
            url.parse().map_err(|_| ConnectError::unusable("the URL of PostgreSQL cannot be read".to_owned()))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(ConnectError::unusable("the URL of PostgreSQL names no host".to_owned()));
        }
        if config.get_application_name().is_none() {
            config.application_name("pintle");
        }
        Ok(Self { name: named(&config).into(), config, connector: Arc::new(Over(tls)) })
    }

    async fn connect(&self, limit: Duration) -> Result<Half, Error> {
        let mut config = self.config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(limit);
        }
        self.connector.connect(config).await
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The addresses of all servers.
fn named(config: &Config) -> String {
    let hosts = config.get_hosts().iter().map(|host| match host {
        // In front of an `@` that was to be written as `%40` there is a piece of the password.
        Host::Tcp(name) => name.rsplit('@').next().unwrap_or_default().to_owned(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    });
    let addresses: Vec<String> = config.get_hostaddrs().iter().map(ToString::to_string).collect();
    let hosts: Vec<String> = if addresses.is_empty() { hosts.collect() } else { addresses };
    let ports = config.get_ports();
    let port = |index| ports.get(index).or_else(|| ports.first()).copied().unwrap_or(5432);
    let places: Vec<String> = hosts.iter().enumerate().map(|(index, host)| format!("{host}:{}", port(index))).collect();
    places.join(", ")
}

/// Connects over whatever `T` makes of a socket: plain, or TLS.
pub(crate) struct Over<T>(T);

/// Makes connections.
pub(crate) trait Connector: Send + Sync {
    /// Makes one.
    fn connect(&self, config: Config) -> BoxFuture<'_, Result<Half, Error>>;
}

impl<T> Connector for Over<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, config: Config) -> BoxFuture<'_, Result<Half, Error>> {
        let tls = self.0.clone();
        async move {
            let (client, connection) = config.connect(tls).await?;
            Ok(Half { client, messages: Box::new(connection) })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::NoTls;

    use super::*;

    fn name(url: &str) -> String {
        Place::parse(url, NoTls).expect("a URL").to_string()
    }

    #[test]
    fn a_place_is_named_without_its_password() {
        assert_eq!(name("postgres://app:secret@db.example.com/app"), "db.example.com:5432");
        assert_eq!(name("postgres://app:secret@a:1,b:2/app"), "a:1, b:2");
        assert_eq!(name("postgresql:///app?host=/var/run/postgresql&password=secret"), "/var/run/postgresql:5432");
        assert_eq!(name("host=a,b port=3 password=secret"), "a:3, b:3");
        assert_eq!(name("hostaddr=127.0.0.1 password=secret"), "127.0.0.1:5432");
        // The password is `sec@ret`, written wrongly.
        assert_eq!(name("postgres://app:sec@ret@db/app"), "db:5432");
    }

    #[test]
    fn what_is_wrong_with_a_url_is_told_without_it() {
        for url in ["postgresss://app:secret@db/?x=1", "postgres://app:secret@db/?secret=1", "", "postgres://:secret@/"]
        {
            let error = Place::parse(url, NoTls).map(drop).expect_err("no URL of a server");
            assert!(error.to_string().starts_with("the URL of PostgreSQL"), "{error}");
            assert!(!format!("{error:?}{error}").contains("secret"), "{error:?}");
        }
    }
}
