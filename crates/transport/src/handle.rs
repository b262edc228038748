//! A server without what runs on its sessions: a handle for those who look after all of them.

use std::fmt;
use std::sync::Arc;

use pintle_engine::{CloseReason, Config as Limits, TransportKind};

use crate::config::Config;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::registry::Registry;
use crate::session::SessionHandle;
use crate::tasks::Tasks;

/// A server's sessions, whatever runs on them. Clones are handles to the same server.
///
/// It comes before the [`Engine`](crate::Engine) that it is given to, so that a [`Protocol`](crate::Protocol) can keep one.
///
/// To shut a server down: [`close`](Self::close) it, tell each of its [`sessions`](Self::sessions) to close, wait until it
/// is [`idle`](Self::idle), and [abort](Self::abort_all) what takes too long.
///
/// ```
/// use std::time::Duration;
///
/// use pintle_transport::{CloseReason, EngineHandle};
///
/// async fn shut_down(server: &EngineHandle) {
///     server.close();
///     for session in server.sessions() {
///         session.close();
///     }
///     if tokio::time::timeout(Duration::from_secs(10), server.idle()).await.is_err() {
///         server.abort_all(CloseReason::ForcedClose);
///         server.idle().await;
///     }
/// }
/// ```
#[derive(Clone)]
pub struct EngineHandle(Arc<Inner>);

struct Inner {
    config: Config,
    limits: Arc<Limits>,
    registry: Arc<Registry>,
    tasks: Arc<Tasks>,
    /// Where sessions are counted, because there may be too many.
    places: Option<Arc<Places>>,
    metrics: Metrics,
}

/// How many sessions there are, by their current transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Sessions on long-polling, those on their way to a WebSocket included.
    pub polling: usize,
    /// Sessions on a WebSocket.
    pub websocket: usize,
}

impl EngineHandle {
    /// A server that has no sessions yet. It answers requests once it is an [`Engine`](crate::Engine)'s.
    pub fn new(config: Config) -> Self {
        let limits = Arc::new(config.limits.clone());
        let (places, registry) = (Places::new(&config), Arc::new(Registry::new()));
        Self(Arc::new(Inner { config, limits, registry, tasks: Arc::default(), places, metrics: Metrics::new() }))
    }

    /// Sessions that are open. Node's `engine.clientsCount`.
    pub fn session_count(&self) -> usize {
        self.registry().len()
    }

    /// Every session that is open at this moment. Node's `engine.clients`.
    pub fn sessions(&self) -> Vec<SessionHandle> {
        self.registry().all()
    }

    /// Sessions that are open, by transport. It asks each of them.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for session in self.sessions() {
            match session.transport() {
                TransportKind::WebSocket => counts.websocket += 1,
                _ => counts.polling += 1,
            }
        }
        counts
    }

    /// Opens no session any more: who asks for one is answered 503. To do it again changes nothing.
    ///
    /// Sessions that are open go on, and their requests are answered: they must be able to fetch what waits for them. So
    /// [`sessions`](Self::sessions), called after this, gives all that are left to be closed. (Node's `engine.close` closes
    /// them too.)
    pub fn close(&self) {
        self.registry().close();
    }

    /// Whether the server has been [closed](Self::close).
    pub fn is_closed(&self) -> bool {
        self.registry().is_closed()
    }

    /// Waits until no session's task is left: until everything that ran on them has finished, and the last words were said.
    ///
    /// That is later than [`session_count`](Self::session_count) being 0, which counts those that can be found. Sessions
    /// may open again after this, unless the server is [closed](Self::close).
    pub async fn idle(&self) {
        self.tasks().idle().await;
    }

    /// Closes every session now. What waits for their clients is lost.
    pub fn abort_all(&self, reason: CloseReason) {
        for session in self.sessions() {
            session.abort(reason);
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The configuration's limits, to be shared by the sessions.
    pub(crate) fn limits(&self) -> &Arc<Limits> {
        &self.0.limits
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    pub(crate) fn places(&self) -> Option<&Arc<Places>> {
        self.0.places.as_ref()
    }

    pub(crate) fn tasks(&self) -> &Arc<Tasks> {
        &self.0.tasks
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
}

impl fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineHandle")
            .field("config", self.config())
            .field("sessions", &self.session_count())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
