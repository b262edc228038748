//! A connection that is made again when it is gone.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pintle_adapter::cluster::dialect::Transmit;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::broker::{Broker, Carried};
use crate::error::{Cause, ConnectError, EmitError};

/// The pause after the first attempt to connect that failed; each further one is twice as long, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long something is waited for, unless the user says otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// A kind of broker.
pub(crate) trait Server: Send + Sync + 'static {
    type Connection: Clone + Send + 'static;

    /// Where it is, without what is secret of its address.
    fn address(&self) -> String;

    /// A connection that sets `gone` when it ends, if it can tell by itself.
    fn connect(&self, gone: Gone) -> impl Future<Output = Result<Self::Connection, Cause>> + Send;

    /// Ready once the broker has it.
    fn carry(
        &self,
        connection: Self::Connection,
        transmit: Transmit,
    ) -> impl Future<Output = Result<(), EmitError>> + Send;
}

/// Whether a connection is of no more use.
#[derive(Clone, Default)]
pub(crate) struct Gone(Arc<AtomicBool>);

impl Gone {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Keeps the connection to a broker. There is no task that would make it again: the next who has something to say does.
pub(crate) struct Keeper<S: Server> {
    server: S,
    timeout: Duration,
    kept: Mutex<Kept<S::Connection>>,
}

#[derive(Clone)]
struct Kept<C> {
    connection: C,
    gone: Gone,
}

impl<S: Server> Keeper<S> {
    /// Connects, at the first attempt or not at all.
    pub(crate) async fn connect(server: S, limit: Duration) -> Result<Self, ConnectError> {
        let unreachable = |cause| ConnectError::unreachable(server.address(), cause);
        let kept = match timeout(limit, attempt(&server)).await {
            Ok(kept) => kept.map_err(unreachable)?,
            Err(elapsed) => return Err(unreachable(elapsed.into())),
        };
        Ok(Self { server, timeout: limit, kept: Mutex::new(kept) })
    }

    async fn say(&self, transmit: Transmit) -> Result<(), EmitError> {
        let mut failed = None;
        let mut used = None;
        let said = timeout(self.timeout, async {
            let Kept { connection, gone } = self.connection(&mut failed).await;
            used = Some(gone);
            self.server.carry(connection, transmit).await
        });
        let said = match said.await {
            Ok(said) => said,
            Err(_) if used.is_none() => return Err(EmitError::unavailable(self.timeout, failed)),
            Err(_) => Err(EmitError::unanswered(self.timeout)),
        };
        // Whatever it was, as that the server has become one that may not write: another connection may know better.
        if let (Err(_), Some(gone)) = (&said, used) {
            gone.set();
        }
        said
    }

    /// The connection, for as long as it takes; why the last attempt failed is left in `failed`.
    async fn connection(&self, failed: &mut Option<Cause>) -> Kept<S::Connection> {
        let mut kept = self.kept.lock().await;
        let mut pause = FIRST_PAUSE;
        while kept.gone.is_set() {
            match attempt(&self.server).await {
                Ok(new) => *kept = new,
                Err(cause) => {
                    *failed = Some(cause);
                    sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
        kept.clone()
    }
}

async fn attempt<S: Server>(server: &S) -> Result<Kept<S::Connection>, Cause> {
    let gone = Gone::default();
    let connection = server.connect(gone.clone()).await?;
    Ok(Kept { connection, gone })
}

impl<S: Server> Broker for Keeper<S> {
    fn carry(self: Arc<Self>, transmit: Transmit) -> Carried {
        Box::pin(async move { self.say(transmit).await })
    }
}

impl<S: Server> fmt::Debug for Keeper<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server.address())
    }
}
