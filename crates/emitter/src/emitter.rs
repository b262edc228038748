//! The emitter: where everything begins.

use std::fmt;
use std::sync::Arc;

use pintle_adapter::IntoRooms;
use serde::Serialize;

use crate::broadcast::{Broadcast, Emit};
use crate::broker::Cluster;

/// Speaks to the servers of a cluster, and to their clients. Node's `Emitter`.
///
/// A clone is cheap and shares the connection. That is made again when it is lost: what is emitted meanwhile waits for it, but
/// no longer than the [timeout](crate::ConnectRedis::timeout).
#[derive(Clone)]
pub struct Emitter {
    cluster: Arc<Cluster>,
    nsp: Arc<str>,
}

impl Emitter {
    pub(crate) fn new(cluster: Cluster) -> Self {
        Self { cluster: Arc::new(cluster), nsp: "/".into() }
    }

    /// The same for another namespace. Node's `of`.
    ///
    /// A `/` that is missing at the front is added.
    #[must_use]
    pub fn of(&self, namespace: &str) -> Self {
        let nsp = match namespace.starts_with('/') {
            true => namespace.into(),
            false => format!("/{namespace}").into(),
        };
        Self { cluster: self.cluster.clone(), nsp }
    }

    /// Only those in these rooms. Node's `to`.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.all().to(rooms)
    }

    /// The same as [`to`](Self::to). Node's `in`.
    #[doc(alias = "in")]
    pub fn in_(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// All but those in these rooms. Node's `except`.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.all().except(rooms)
    }

    /// Drops the event for those to whom it cannot go out at once. Node's `volatile`.
    pub fn volatile(&self) -> Broadcast {
        self.all().volatile()
    }

    /// Whether the event is worth compressing. Node's `compress`.
    pub fn compress(&self, compress: bool) -> Broadcast {
        self.all().compress(compress)
    }

    /// Emits an event to everybody in the namespace, as [`Broadcast::emit`] does.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Emit {
        self.all().emit(event, data)
    }

    /// Emits the event `message`. Node's `send`.
    pub fn send(&self, data: impl Serialize) -> Emit {
        self.emit("message", data)
    }

    /// Has everybody in the namespace join rooms. Node's `socketsJoin`.
    #[doc(alias = "socketsJoin")]
    pub fn join(&self, rooms: impl IntoRooms) -> Emit {
        self.all().join(rooms)
    }

    /// Has everybody in the namespace leave rooms. Node's `socketsLeave`.
    #[doc(alias = "socketsLeave")]
    pub fn leave(&self, rooms: impl IntoRooms) -> Emit {
        self.all().leave(rooms)
    }

    /// Disconnects everybody from the namespace. Node's `disconnectSockets()`.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect(&self) -> Emit {
        self.all().disconnect()
    }

    /// Closes the connections of everybody in the namespace. Node's `disconnectSockets(true)`.
    #[doc(alias = "disconnectSockets")]
    pub fn close_connections(&self) -> Emit {
        self.all().close_connections()
    }

    /// Emits an event to the servers themselves, not to clients. Node's `serverSideEmit`.
    ///
    /// ```no_run
    /// # async fn run(io: pintle_emitter::Emitter) -> Result<(), pintle_emitter::EmitError> {
    /// io.server_side_emit("prices-changed", ("EUR", 1.08)).await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As those of [`Broadcast::emit`]. The names `connection` and `new_namespace` are reserved too: a server of Node would take
    /// the event for one of its own.
    #[doc(alias = "serverSideEmit")]
    pub fn server_side_emit(&self, event: &str, data: impl Serialize) -> Emit {
        self.all().server_side_emit(event, data)
    }

    fn all(&self) -> Broadcast {
        Broadcast::new(self.cluster.clone(), self.nsp.clone())
    }
}

impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").field("namespace", &self.nsp).field("broker", &self.cluster.broker).finish()
    }
}
