//! Where the broker is, and how connections to it are made.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion,
    RedisResult,
};

use crate::error::ConnectError;
use crate::patience::answered;
use crate::slots::Slots;

/// How long a connection may take to be there, its greeting included.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// Where the broker is: one server, a cluster, or what sentinels say.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    way: Way,
    /// For people. No password is in it.
    name: Arc<str>,
}

#[derive(Clone, Debug)]
enum Way {
    Server(Box<Place>),
    Cluster(Arc<Seeds>),
    #[cfg(feature = "sentinel")]
    Sentinel(crate::sentinel::Sentinels),
}

impl Link {
    /// One server: `redis://`, `rediss://`, `unix://`, and the same of `valkey`.
    ///
    /// # Errors
    ///
    /// When it is no such URL.
    pub(crate) fn server(url: &str) -> Result<Self, ConnectError> {
        let place = Place::parse(url)?;
        Ok(Self { name: place.name.clone(), way: Way::Server(Box::new(place)) })
    }

    /// A cluster, by some of its nodes.
    ///
    /// # Errors
    ///
    /// When one of them is no URL, or there is none.
    pub(crate) fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        let places = urls.into_iter().map(Place::parse).collect::<Result<Arc<[_]>, _>>()?;
        if places.is_empty() {
            let cause = (redis::ErrorKind::InvalidClientConfig, "a cluster needs at least one");
            return Err(ConnectError::bad_url(cause.into()));
        }
        let names: Vec<&str> = places.iter().map(Place::name).collect();
        Ok(Self {
            name: names.join(", ").into(),
            way: Way::Cluster(Arc::new(Seeds { places, known: Mutex::default() })),
        })
    }

    /// The master that sentinels know by this name.
    ///
    /// # Errors
    ///
    /// When one of them is no URL, or there is none.
    #[cfg(feature = "sentinel")]
    pub(crate) fn sentinel<'a>(master: &str, urls: impl IntoIterator<Item = &'a str>) -> Result<Self, ConnectError> {
        let sentinels = crate::sentinel::Sentinels::new(master, urls)?;
        Ok(Self { name: sentinels.name().into(), way: Way::Sentinel(sentinels) })
    }

    /// What it is called in a message.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sees whether it is there, and lets us in.
    ///
    /// # Errors
    ///
    /// What it says, or that it says nothing.
    pub(crate) async fn check(&self) -> Result<(), ConnectError> {
        let checked = async {
            let slots = self.slots().await?;
            slots.any().connect(None).await
        };
        checked.await.map(drop).map_err(|cause| ConnectError::unreachable(self.name(), cause))
    }

    /// Which masters there are at present, and which of them has which channel.
    pub(crate) async fn slots(&self) -> RedisResult<Slots> {
        match &self.way {
            Way::Server(place) => Ok(Slots::single(Place::clone(place))),
            Way::Cluster(seeds) => {
                let mut failure = None;
                for seed in seeds.all() {
                    match Slots::ask(&seed).await {
                        Ok(slots) => {
                            slots.masters().clone_into(&mut seeds.known());
                            return Ok(slots);
                        }
                        Err(error) => failure = Some(error),
                    }
                }
                Err(failure.expect("a cluster has at least one node"))
            }
            #[cfg(feature = "sentinel")]
            Way::Sentinel(sentinels) => Ok(Slots::single(sentinels.master().await?)),
        }
    }
}

/// The nodes of a cluster that can be asked for the others.
#[derive(Debug)]
struct Seeds {
    /// Those that were named.
    places: Arc<[Place]>,
    /// Those that there were when one of them was last asked.
    known: Mutex<Vec<Place>>,
}

impl Seeds {
    fn all(&self) -> Vec<Place> {
        let mut all = self.places.to_vec();
        let known = self.known();
        all.extend(known.iter().filter(|place| !self.places.contains(place)).cloned());
        all
    }

    fn known(&self) -> MutexGuard<'_, Vec<Place>> {
        self.known.lock().expect("no panic under this lock")
    }
}

/// One server.
#[derive(Clone)]
pub(crate) struct Place {
    info: ConnectionInfo,
    name: Arc<str>,
}

impl Place {
    fn parse(url: &str) -> Result<Self, ConnectError> {
        let info = url.into_connection_info().map_err(ConnectError::bad_url)?;
        #[cfg(feature = "tls")]
        crate::tls::provide();
        // Says so if it is a kind of address that this was not built for.
        Client::open(info.clone()).map_err(ConnectError::bad_url)?;
        Ok(Self::new(info))
    }

    pub(crate) fn new(info: ConnectionInfo) -> Self {
        let name = info.addr().to_string().into();
        // What is pushed comes between answers, which the older protocol cannot have.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let info = info.set_redis_settings(settings).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        Self { info, name }
    }

    /// Another server that is spoken to in the same way, with the same password.
    pub(crate) fn beside(&self, host: &str, port: u16) -> Self {
        let host = host.to_owned();
        let addr = match self.info.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        Self::new(self.info.clone().set_addr(addr))
    }

    /// Its host, of which a node of a cluster may speak without naming it.
    pub(crate) fn host(&self) -> Option<&str> {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => Some(host),
            _ => None,
        }
    }

    /// Its address.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its address, to be kept.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// A connection; what the server pushes is given to `pushes`, by the task that reads.
    pub(crate) async fn connect(&self, pushes: Option<Arc<dyn AsyncPushSender>>) -> RedisResult<MultiplexedConnection> {
        // Whoever waits for an answer says for how long.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_LIMIT)).set_response_timeout(None);
        let config = match pushes {
            Some(pushes) => config.set_push_sender(pushes),
            None => config,
        };
        let client = Client::open(self.info.clone())?;
        // Looking up a name is no part of its own limit.
        answered(client.get_multiplexed_async_connection_with_config(&config)).await
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.name).finish()
    }
}
