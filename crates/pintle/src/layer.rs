//! The layer: where a server is declared.

use std::fmt;
use std::sync::{Arc, OnceLock};

use pintle_transport::{Engine, EngineHandle};
use tower_layer::Layer;

use crate::client::Wire;
use crate::config::Config;
use crate::handler::{ConnectHandler, EventHandler, Middleware};
use crate::io::SocketIo;
use crate::namespace::Namespace;
use crate::nsp::Nsp;
use crate::service::{NotFound, SocketIoService};

/// A tower layer that makes a Socket.IO server of any axum app. Node's `new Server(options)`.
///
/// The layer answers what comes to its [path](Self::path), and leaves everything else to the service inside, whose routes
/// can extract [`SocketIo`]. Add it after the routes, to the outermost router. The namespace `/` is declared on the layer
/// itself; others are added with [`namespace`](Self::namespace).
///
/// `S` is the state that the handlers want, given by [`with_state`](Self::with_state) as on axum's router.
///
/// ```
/// use axum::Router;
/// use axum::routing::get;
/// use pintle::{Ack, Data, SocketIoLayer};
///
/// async fn echo(Data(text): Data<String>) -> Ack<String> {
///     Ack(text)
/// }
///
/// let app: Router = Router::new()
///     .route("/health", get(|| async { "ok" }))
///     .layer(SocketIoLayer::new().on("echo", echo));
/// # let _ = app;
/// ```
///
/// Its clones, and all services made of it, are one server. So a layer is configured first, and cloned or used then: every
/// method here but [`io`](Self::io) and [`into_service`](Self::into_service) panics on a layer that has been.
///
/// `Router::fallback` must come before the layer, not after: a fallback that is set later is not under it, and takes the
/// clients' requests.
pub struct SocketIoLayer<S = ()> {
    pub(crate) transport: pintle_transport::Config,
    pub(crate) config: Config,
    root: Arc<Namespace<S>>,
    namespaces: Vec<(Arc<str>, Arc<Namespace<S>>)>,
    /// Made when it is first needed, after everything has been declared.
    server: Arc<OnceLock<Server>>,
}

#[derive(Debug)]
struct Server {
    io: SocketIo,
    engine: Engine<Wire>,
}

impl<S: Clone + Send + Sync + 'static> SocketIoLayer<S> {
    /// A server at `/socket.io`, with Node's defaults where they are safe ones.
    pub fn new() -> Self {
        Self {
            transport: pintle_transport::Config::new("/socket.io"),
            config: Config::default(),
            root: Arc::default(),
            namespaces: Vec::new(),
            server: Arc::default(),
        }
    }

    /// Handles an event of each socket of `/`. See [`Namespace::on`].
    ///
    /// # Panics
    ///
    /// When the event has a handler already, or its name is reserved.
    #[must_use]
    #[track_caller]
    pub fn on<H: EventHandler<M, S>, M: 'static>(mut self, event: &str, handler: H) -> Self {
        let root = self.take_root().on(event, handler);
        self.with_root(root)
    }

    /// Handles the arrival of each socket of `/`. See [`Namespace::on_connect`].
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn on_connect<H: ConnectHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        let root = self.take_root().on_connect(handler);
        self.with_root(root)
    }

    /// Handles the end of each socket of `/`. See [`Namespace::on_disconnect`].
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn on_disconnect<H: ConnectHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        let root = self.take_root().on_disconnect(handler);
        self.with_root(root)
    }

    /// Adds a middleware of `/`. See [`Namespace::middleware`].
    #[must_use]
    #[track_caller]
    pub fn middleware<H: Middleware<M, S>, M: 'static>(mut self, middleware: H) -> Self {
        let root = self.take_root().middleware(middleware);
        self.with_root(root)
    }

    /// Has the events of each socket of `/` run strictly one after another. See [`Namespace::sequential`].
    #[must_use]
    #[track_caller]
    pub fn sequential(mut self) -> Self {
        let root = self.take_root().sequential();
        self.with_root(root)
    }

    /// Declares a namespace. Its name begins with a slash, which may be left out here.
    ///
    /// # Panics
    ///
    /// When the namespace is declared already (`/` is, by the layer itself), or its name holds a brace: those are kept for
    /// patterns.
    #[must_use]
    #[track_caller]
    pub fn namespace(mut self, name: &str, namespace: Namespace<S>) -> Self {
        self.assert_unused();
        assert!(!name.contains(['{', '}']), "{name:?}: namespaces by pattern are not there yet");
        let name: Arc<str> = if name.starts_with('/') { name.into() } else { format!("/{name}").into() };
        let taken = &*name == "/" || self.namespaces.iter().any(|(other, _)| *other == name);
        assert!(!taken, "the namespace {name:?} is declared already");
        self.namespaces.push((name, Arc::new(namespace)));
        self
    }

    /// Gives the handlers their state. A layer whose handlers want some is no layer before.
    ///
    /// What the compiler says without it is that `Layer<Route>` is not implemented for `SocketIoLayer<App>`.
    #[track_caller]
    pub fn with_state(self, state: S) -> SocketIoLayer {
        self.assert_unused();
        let bind = |namespace: Arc<Namespace<S>>| Arc::new(unshare(namespace).with_state(&state));
        SocketIoLayer {
            transport: self.transport,
            config: self.config,
            root: bind(self.root),
            namespaces: self.namespaces.into_iter().map(|(name, namespace)| (name, bind(namespace))).collect(),
            server: Arc::default(),
        }
    }

    #[track_caller]
    fn take_root(&mut self) -> Namespace<S> {
        self.assert_unused();
        unshare(std::mem::take(&mut self.root))
    }

    fn with_root(mut self, root: Namespace<S>) -> Self {
        self.root = Arc::new(root);
        self
    }
}

impl<S> SocketIoLayer<S> {
    /// What is declared after the server is made, or on one of several clones, would be silently ignored.
    #[track_caller]
    pub(crate) fn assert_unused(&self) {
        let alone = Arc::strong_count(&self.server) == 1 && self.server.get().is_none();
        assert!(alone, "a SocketIoLayer must be configured before it is cloned or used");
    }
}

impl SocketIoLayer {
    /// A handle to the server, for tasks outside of handlers and routes. Take it when everything has been declared.
    pub fn io(&self) -> SocketIo {
        self.server().io.clone()
    }

    /// The server as a service of its own, for other tower servers. What is not its business is answered 404.
    pub fn into_service(self) -> SocketIoService<NotFound> {
        self.layer(NotFound::default())
    }

    fn server(&self) -> &Server {
        self.server.get_or_init(|| {
            let declared = self.namespaces.iter().map(|(name, namespace)| (name.clone(), namespace));
            let all = std::iter::once((Arc::from("/"), &self.root)).chain(declared);
            let io =
                SocketIo::new(self.config.clone(), all.map(|(name, namespace)| Nsp::new(name, namespace.handlers())));
            let handle = EngineHandle::new(self.transport.clone());
            Server { engine: Engine::new(handle, Wire::new(io.clone())), io }
        })
    }
}

impl<I> Layer<I> for SocketIoLayer {
    type Service = SocketIoService<I>;

    fn layer(&self, inner: I) -> SocketIoService<I> {
        let server = self.server();
        SocketIoService::new(inner, server.engine.clone(), server.io.clone())
    }
}

/// The namespace for itself: handlers are still being declared, so nobody else has it.
#[track_caller]
fn unshare<S>(namespace: Arc<Namespace<S>>) -> Namespace<S> {
    Arc::into_inner(namespace).expect("a SocketIoLayer must be configured before it is cloned")
}

impl<S: Clone + Send + Sync + 'static> Default for SocketIoLayer<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Clone for SocketIoLayer<S> {
    fn clone(&self) -> Self {
        Self {
            transport: self.transport.clone(),
            config: self.config.clone(),
            root: self.root.clone(),
            namespaces: self.namespaces.clone(),
            server: self.server.clone(),
        }
    }
}

impl<S> fmt::Debug for SocketIoLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIoLayer")
            .field("transport", &self.transport)
            .field("config", &self.config)
            .field("root", &self.root)
            .field("namespaces", &self.namespaces)
            .finish_non_exhaustive()
    }
}
