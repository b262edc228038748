//! The options of a server, each with its default and Node's name for it. What clients may cost is in `limits`.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use http::request::Parts;
use http::uri::Authority;
use pintle_adapter::cluster::Adapter;
use pintle_transport::{Handshake, HostPolicy, Limits, OriginPolicy, TransportKind};

use crate::config::Config;
use crate::layer::SocketIoLayer;
use crate::recovery::StateRecovery;

/// How it listens, whom it answers, and the times that it goes by.
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

    /// How long a client may stay without joining a namespace. 45 s, as in Node's `connectTimeout`; unlike there it
    /// starts again when the last one is left. It limits connections that nobody uses.
    #[doc(alias = "connectTimeout")]
    #[must_use]
    #[track_caller]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.proto().set_connect_timeout(timeout);
        self
    }

    /// How long a client may take to acknowledge, where no other time is given. 5 s; in Node it is for ever. It limits
    /// what waits for clients that never answer.
    #[must_use]
    #[track_caller]
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.config().ack_timeout = timeout;
        self
    }

    /// Makes the server one of several nodes, which speak to each other over a broker. None: it is the only one. Node's `adapter`.
    ///
    /// From then on whatever is emitted, asked or done is so on all nodes, whether they are of this library or of Node.js; and
    /// what is to stay on this one says [`local`](crate::Broadcast::local). Clients of this node are served as before while the
    /// broker is away. The server must then be made within a Tokio runtime.
    #[must_use]
    #[track_caller]
    pub fn adapter(mut self, adapter: impl Adapter) -> Self {
        self.config().adapter = Some(Arc::new(adapter));
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

    /// Takes requests only for these hosts, such as `chat.example`, or `chat.example:8443` where only that port is
    /// meant. By default it is any host. Others are answered 403, with a message that says so.
    ///
    /// It stops DNS rebinding: a page of an attacker's who points a name of his own at this server is of the same
    /// origin as the server, for its browser. Servers in an intranet or on a developer's machine, which rely on who can
    /// reach them, want this. Behind a proxy, list the host that the proxy names.
    ///
    /// # Panics
    ///
    /// When one of them is no host, or there is none.
    #[must_use]
    #[track_caller]
    pub fn allowed_hosts<H: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        let mut listed = Vec::new();
        for host in hosts {
            let host = host.as_ref();
            let parsed =
                Authority::try_from(host).ok().filter(|parsed| !host.contains('@') && !parsed.host().is_empty());
            listed.push(parsed.unwrap_or_else(|| panic!("{host:?} is no host")));
        }
        assert!(!listed.is_empty(), "a server that no host is allowed for answers nobody");
        self.transport().hosts = HostPolicy::Listed(listed);
        self
    }

    /// Has `bind` say of each later request of a connection, be it a GET, a POST or the upgrade, whether it is of the
    /// client that opened it: it is given the first request and this one. By default who knows the secret id of a
    /// connection on long-polling is its client.
    ///
    /// Where it is not, the answer is that of Node's server to an unknown session, 400 with code 1, and the connection
    /// goes on. It is called on every request, so it must be quick and must not block; if it panics, the answer is 500.
    /// Addresses make a poor binding: phones change theirs when they leave a network.
    ///
    /// ```
    /// use pintle::SocketIoLayer;
    ///
    /// let layer: SocketIoLayer = SocketIoLayer::new().bind_session(|handshake, request| {
    ///     handshake.header("cookie") == request.headers.get("cookie").map(|cookie| cookie.as_bytes())
    /// });
    /// # let _ = layer;
    /// ```
    #[must_use]
    #[track_caller]
    pub fn bind_session(mut self, bind: impl Fn(&Handshake, &Parts) -> bool + Send + Sync + 'static) -> Self {
        self.transport().set_bind_session(bind);
        self
    }

    #[track_caller]
    pub(crate) fn limits(&mut self) -> &mut Limits {
        &mut self.transport().limits
    }

    #[track_caller]
    pub(crate) fn transport(&mut self) -> &mut pintle_transport::Config {
        self.assert_unused();
        &mut self.transport
    }

    #[track_caller]
    pub(crate) fn config(&mut self) -> &mut Config {
        self.assert_unused();
        &mut self.config
    }

    #[track_caller]
    pub(crate) fn proto(&mut self) -> &mut pintle_proto::Config {
        Arc::make_mut(&mut self.config().proto)
    }
}
