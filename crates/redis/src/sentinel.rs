//! Sentinels, which say where the master is.

use std::fmt;
use std::sync::Arc;

use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, RedisResult, TlsMode};
use tokio::sync::Mutex;

use crate::error::ConnectError;
use crate::link::Place;
use crate::patience::answered;

/// Sentinels that watch a master.
#[derive(Clone)]
pub(crate) struct Sentinels {
    client: Arc<Mutex<SentinelClient>>,
    name: Arc<str>,
}

impl Sentinels {
    /// `master` is a URL as that of a server, but for its host, which is the name that the sentinels know.
    ///
    /// # Errors
    ///
    /// When one of them is no URL, or there is no sentinel.
    pub(crate) fn new<'a>(master: &str, urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        let master = master.into_connection_info().map_err(ConnectError::bad_url)?;
        let (name, tls) = match master.addr() {
            ConnectionAddr::Tcp(name, _) => (name, None),
            ConnectionAddr::TcpTls { host, insecure: false, .. } => (host, Some(TlsMode::Secure)),
            ConnectionAddr::TcpTls { host, .. } => (host, Some(TlsMode::Insecure)),
            _ => return Err(unnamed()),
        };
        let settings = master.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let node = SentinelNodeConnectionInfo::default().set_redis_connection_info(settings);
        let node = tls.into_iter().fold(node, SentinelNodeConnectionInfo::set_tls_mode);

        let sentinels: Vec<ConnectionInfo> = urls
            .into_iter()
            .map(|url| url.into_connection_info().map_err(ConnectError::bad_url))
            .collect::<Result<_, _>>()?;
        let names: Vec<String> = sentinels.iter().map(|sentinel| sentinel.addr().to_string()).collect();
        let shown = format!("{name}, as known to {}", names.join(", "));
        let client = SentinelClient::build(sentinels, name.clone(), Some(node), SentinelServerType::Master)
            .map_err(ConnectError::bad_url)?;
        Ok(Self { client: Arc::new(Mutex::new(client)), name: shown.into() })
    }

    /// What they are called in a message.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where the master is at present.
    pub(crate) async fn master(&self) -> RedisResult<Place> {
        let client = answered(async { self.client.lock().await.async_get_client().await }).await?;
        Ok(Place::new(client.get_connection_info().clone()))
    }
}

fn unnamed() -> ConnectError {
    ConnectError::bad_url((redis::ErrorKind::InvalidClientConfig, "sentinels know a master by its name").into())
}

impl fmt::Debug for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sentinels").field(&self.name).finish()
    }
}
