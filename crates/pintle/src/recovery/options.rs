//! The options of connection state recovery.

use std::time::Duration;

use pintle_adapter::RecoveryConfig;

/// How clients that were cut off get back what they missed: given to
/// [`SocketIoLayer::recovery`](crate::SocketIoLayer::recovery). Node's `connectionStateRecovery`.
///
/// What a client may have missed is kept in memory, for each namespace, within the bounds set here. A client that comes back
/// in time, and before what it missed has been dropped, gets it, and its socket has the id, the rooms and the
/// [data](crate::Socket::data) of before; any other is a new one. `socket.recovered` tells the client which,
/// [`Socket::is_recovered`](crate::Socket::is_recovered) the server.
///
/// Kept are events that ask for no acknowledgement and are not volatile: those carry one more argument, by which the client
/// says how far it has come. The official client does that by itself.
///
/// # What an app has to know
///
/// - To the server it is a new socket: the middleware runs again, unless [`skip_middleware`](Self::skip_middleware) says
///   otherwise, and so does `on_connect`. It runs after `on_disconnect` has finished for the socket of before, if that takes
///   no longer than two seconds. [Extensions](crate::Socket::set_extension) and the
///   [handlers of the socket's own](crate::Socket::on) are not restored: set them again there.
/// - What was sent to a room is given to who was in it at that time and still is: not what was sent before the socket
///   joined it, and not what was sent to a room that it, or the middleware, has left since.
/// - An event that is not kept, because it is volatile or asks for an acknowledgement, must not end in a string. Official
///   clients take a string at the end of *any* event for how far they have come. Then they start anew, without what they
///   missed. Put it into an object:
///
/// ```
/// use pintle::{EmitError, Socket};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Typing<'a> { name: &'a str }
///
/// fn typing(socket: &Socket, name: &str) -> Result<(), EmitError> {
///     // Not `emit("typing", name)`.
///     socket.broadcast().volatile().emit("typing", Typing { name })
/// }
/// # let _ = typing;
/// ```
///
/// # On several nodes
///
/// With an [adapter](crate::SocketIoLayer::adapter) that keeps what is said, Redis Streams, a client may come back to any node,
/// those of Node.js included. With any other it has to come back to the same.
///
/// - An event then reaches the sockets of its own node as those of all others: when it is read in the stream. So `emit` does
///   not say that an outbox is full. While the broker is away, and after a second without a word of it, sockets of the same
///   node get it at once, and without a position: a client that is cut off before it gets the next one may get it again.
/// - A broadcast to a room reaches who is in it when it is read, not when it was emitted. What was emitted before a socket
///   leaves a room or is disconnected comes before that.
/// - A session is kept when its connection is lost, with the data of that moment, and not when its node is killed. A client
///   that comes to another node before its own has noticed that it is gone starts anew.
/// - How much can be recovered, the length of the stream says; the limits here are those of what each node has of it in memory.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use pintle::{SocketIoLayer, StateRecovery};
///
/// let layer: SocketIoLayer =
///     SocketIoLayer::new().recovery(StateRecovery::new().max_disconnection(Duration::from_secs(30)));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Default)]
pub struct StateRecovery {
    pub(super) config: RecoveryConfig,
    pub(super) skip_middleware: bool,
}

impl StateRecovery {
    /// Recovery within Node's two minutes.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long a client may be away. 2 min, as in Node's `maxDisconnectionDuration`.
    #[doc(alias = "maxDisconnectionDuration")]
    #[must_use]
    pub fn max_disconnection(mut self, duration: Duration) -> Self {
        self.config.set_max_disconnection(duration);
        self
    }

    /// How many events of a namespace are kept. 10,000; Node has no such limit.
    #[must_use]
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.config.set_max_packets(packets);
        self
    }

    /// How many bytes of events of a namespace are kept. 16 MiB; Node has no such limit.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.config.set_max_bytes(bytes);
        self
    }

    /// How many sockets of a namespace are kept that may come back. 10,000; Node has no such limit.
    ///
    /// As many dynamic namespaces are kept to which nobody is connected: beyond that, the one that was left first goes.
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.config.set_max_sessions(sessions);
        self
    }

    pub(crate) fn most_sessions(&self) -> usize {
        self.config.max_sessions()
    }

    /// How often what is too old is thrown away. Nobody gets it meanwhile, so that need not be at once.
    pub(crate) fn tidying_interval(&self) -> Duration {
        (self.config.max_disconnection() / 2).clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// Whether a client that comes back need not pass the middleware again. It does by default, for a token may have been
    /// revoked meanwhile; Node's `skipMiddlewares` is on.
    #[doc(alias = "skipMiddlewares")]
    #[must_use]
    pub const fn skip_middleware(mut self, skip: bool) -> Self {
        self.skip_middleware = skip;
        self
    }
}
