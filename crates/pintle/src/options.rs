//! The options of a server, each with its default and Node's name for it.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::request::Parts;
use pintle_transport::{Limits, OriginPolicy, TransportKind};

use crate::config::Config;
use crate::layer::SocketIoLayer;
use crate::recovery::StateRecovery;

/// How it listens, and what its clients are held to.
impl<S> SocketIoLayer<S> {
    /// The path at which clients connect: exactly this one, with or without a trailing slash. `/socket.io`, as in Node.
    ///
    /// # Panics
    ///
    /// When the path is empty: the app could not answer at `/` any more.
    #[must_use]
    #[track_caller]
    pub fn path(mut self, path: &str) -> Self {
        assert!(!path.trim_matches('/').is_empty(), "the path of a Socket.IO server must not be empty");
        self.transport().set_path(path);
        self
    }

    /// The transports on offer. Long-polling and WebSocket, as in Node.
    #[must_use]
    #[track_caller]
    pub fn transports(mut self, transports: impl IntoIterator<Item = TransportKind>) -> Self {
        self.limits().set_transports(transports);
        self
    }

    /// Whether a client may move from long-polling to a WebSocket. Yes, as in Node. Node's `allowUpgrades`.
    #[doc(alias = "allowUpgrades")]
    #[must_use]
    #[track_caller]
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.limits().set_allow_upgrades(allow);
        self
    }

    /// Time between two heartbeats. 25 s, as in Node's `pingInterval`.
    #[doc(alias = "pingInterval")]
    #[must_use]
    #[track_caller]
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.limits().set_ping_interval(interval);
        self
    }

    /// How long a client may take to answer a heartbeat. 20 s, as in Node's `pingTimeout`.
    #[doc(alias = "pingTimeout")]
    #[must_use]
    #[track_caller]
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_ping_timeout(timeout);
        self
    }

    /// How long a client may take to move to a WebSocket. 10 s, as in Node's `upgradeTimeout`.
    #[doc(alias = "upgradeTimeout")]
    #[must_use]
    #[track_caller]
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_upgrade_timeout(timeout);
        self
    }

    /// The most bytes of a request or of a WebSocket message. 1,000,000, as in Node's `maxHttpBufferSize`.
    #[doc(alias = "maxHttpBufferSize")]
    #[must_use]
    #[track_caller]
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.limits().set_max_payload(bytes);
        self
    }

    /// How much may wait for a slow client before its connection is closed. 1 MiB and 16,384 packets; Node has no such
    /// limit.
    #[must_use]
    #[track_caller]
    pub fn max_queued(mut self, bytes: usize, packets: usize) -> Self {
        self.limits().set_max_queued_bytes(bytes).set_max_queued_packets(packets);
        self
    }

    /// How long a client may take no byte while there are some for it. 20 s; Node has no such limit.
    #[must_use]
    #[track_caller]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.limits().set_write_timeout(timeout);
        self
    }

    /// How long a client may stay without joining a namespace. 45 s, as in Node's `connectTimeout`.
    #[doc(alias = "connectTimeout")]
    #[must_use]
    #[track_caller]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        Arc::make_mut(&mut self.config().proto).set_connect_timeout(timeout);
        self
    }

    /// The most attachments of a packet. 10, as in Node.
    #[must_use]
    #[track_caller]
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        Arc::make_mut(&mut self.config().proto).set_max_attachments(attachments);
        self
    }

    /// The most namespaces that a client may be in. 100; Node has no such limit.
    #[must_use]
    #[track_caller]
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        Arc::make_mut(&mut self.config().proto).set_max_namespaces(namespaces);
        self
    }

    /// How many handlers of a connection may run at once before it is no longer read. 64; Node has no such limit.
    #[must_use]
    #[track_caller]
    pub fn max_running(mut self, handlers: usize) -> Self {
        self.config().max_running = handlers.max(1);
        self
    }

    /// How long a client may take to acknowledge, where no other time is given. 5 s; in Node it is for ever.
    #[must_use]
    #[track_caller]
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.config().ack_timeout = timeout;
        self
    }

    /// How long [`SocketIo::close`](crate::SocketIo::close) waits for clients to take what waits for them, and for handlers to
    /// finish, before it cuts what is left. 10 s.
    #[must_use]
    #[track_caller]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.config().close_timeout = timeout;
        self
    }

    /// Gives clients that were cut off for a short time their socket back, with all that they missed. Off, as in Node. Node's
    /// `connectionStateRecovery`.
    #[doc(alias = "connectionStateRecovery")]
    #[must_use]
    #[track_caller]
    pub fn recovery(mut self, recovery: StateRecovery) -> Self {
        self.config().recovery = Some(recovery);
        self
    }

    /// Has `generate` choose the id of each new session, from the request that asks for one: for load balancers that route by
    /// it. It must be 20 characters of `A`-`Z`, `a`-`z`, `0`-`9`, `-` and `_`, as hard to guess as a password, and no other
    /// session's; otherwise the client is answered 400. By default it is 120 bits of the system's randomness. Node's
    /// `engine.generateId`.
    #[doc(alias = "generateId")]
    #[must_use]
    #[track_caller]
    pub fn generate_id(mut self, generate: impl Fn(&Parts) -> String + Send + Sync + 'static) -> Self {
        self.transport().set_generate_sid(generate);
        self
    }

    /// Lets in pages of these origins, such as `https://chat.example`, besides those of the server's own host.
    ///
    /// CORS headers are another matter: to read answers of long-polling, a page of another origin needs them too. They are
    /// `tower_http::cors::CorsLayer`'s business, outside of this layer.
    ///
    /// # Panics
    ///
    /// When one of them is no origin: a scheme, a host, and a port if it is not the scheme's own.
    #[must_use]
    #[track_caller]
    pub fn origins<O: AsRef<str>>(mut self, origins: impl IntoIterator<Item = O>) -> Self {
        let mut listed = Vec::new();
        for origin in origins {
            let origin = origin.as_ref();
            let parsed =
                HeaderValue::from_str(origin).ok().filter(|_| origin.contains("://") && !origin.ends_with('/'));
            listed.push(parsed.unwrap_or_else(|| panic!("{origin:?} is no origin; to let in all there is any_origin")));
        }
        self.transport().origins = OriginPolicy::Listed(listed);
        self
    }

    /// Lets in pages of any origin, with their visitors' cookies, as Node does. The default is the server's own host alone,
    /// because the browser does not protect WebSockets from other pages.
    #[must_use]
    #[track_caller]
    pub fn any_origin(mut self) -> Self {
        self.transport().origins = OriginPolicy::Any;
        self
    }

    #[track_caller]
    fn limits(&mut self) -> &mut Limits {
        &mut self.transport().limits
    }

    #[track_caller]
    fn transport(&mut self) -> &mut pintle_transport::Config {
        self.assert_unused();
        &mut self.transport
    }

    #[track_caller]
    fn config(&mut self) -> &mut Config {
        self.assert_unused();
        &mut self.config
    }
}
