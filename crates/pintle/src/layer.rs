//! The layer: where a server is declared.

use std::fmt;
use std::sync::{Arc, OnceLock};

use pintle_transport::{Engine, EngineHandle};
use tower_layer::Layer;

use crate::client::Wire;
use crate::config::Config;
use crate::handler::{self, Binding, Guard, NamespacePredicate, RequestGuard};
use crate::io::SocketIo;
use crate::metrics::OTHER;
use crate::namespace::Namespace;
use crate::namespaces::{Matcher, Namespaces, Parent};
use crate::pattern::Pattern;
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
    dynamic: Vec<Arc<Dynamic<S>>>,
    guard: Option<Guard<S>>,
    /// Made when it is first needed, after everything has been declared.
    server: Arc<OnceLock<Server>>,
}

/// A dynamic namespace as it is declared.
struct Dynamic<S> {
    names: Names<S>,
    namespace: Namespace<S>,
}

/// Which names it has.
enum Names<S> {
    Pattern(Pattern),
    Predicate(Binding<S>),
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
            dynamic: Vec::new(),
            guard: None,
            server: Arc::default(),
        }
    }

    /// Decides, before there is a connection, whether a client may connect at all: an async function over axum's extractors.
    /// What it refuses is answered 403 with its message, over WebSocket 400. Later requests of a connection are not asked for
    /// again. It has [ten seconds](Self::admission_timeout). Node's `allowRequest`.
    ///
    /// Layers of tower-http around this one can do the same; namespaces have their own [`middleware`](Self::middleware).
    ///
    /// ```
    /// use axum::http::HeaderMap;
    /// use pintle::{ClientError, SocketIoLayer};
    ///
    /// async fn with_a_key(headers: HeaderMap) -> Result<(), ClientError> {
    ///     if headers.contains_key("x-api-key") { Ok(()) } else { Err(ClientError::new("a key, please")) }
    /// }
    ///
    /// let layer: SocketIoLayer = SocketIoLayer::new().allow_request(with_a_key);
    /// # let _ = layer;
    /// ```
    ///
    /// # Panics
    ///
    /// When there is such a function already.
    #[doc(alias = "allowRequest")]
    #[must_use]
    #[track_caller]
    pub fn allow_request<H: RequestGuard<M, S>, M: 'static>(mut self, guard: H) -> Self {
        self.assert_unused();
        assert!(self.guard.is_none(), "the server has a guard already");
        self.guard = Some(handler::guard(guard));
        self
    }

    /// Declares a namespace. Its name begins with a slash, which may be left out here.
    ///
    /// With parameters in it, it is a dynamic one: `/tenant/{id}` is every namespace of that form, `/files/{*path}` whatever
    /// begins like that. [`Params`](crate::Params) extracts them. Each has sockets and rooms of its own; it comes to be when
    /// its first socket is let in, and goes with the last. Where several declarations fit, the earlier one counts, and a name
    /// without parameters before all. (For a brace in a name write two.)
    ///
    /// # Panics
    ///
    /// When the namespace is declared already (`/` is, by the layer itself), or its pattern is none.
    #[doc(alias = "of")]
    #[must_use]
    #[track_caller]
    pub fn namespace(mut self, name: &str, namespace: Namespace<S>) -> Self {
        self.assert_unused();
        let name: Arc<str> = if name.starts_with('/') { name.into() } else { format!("/{name}").into() };
        if Pattern::is_pattern(&name) {
            let pattern = Pattern::parse(&name).unwrap_or_else(|error| panic!("{name:?}: {error}"));
            let is_same = |other: &Arc<Dynamic<S>>| matches!(&other.names, Names::Pattern(other) if *other == pattern);
            assert!(!self.dynamic.iter().any(is_same), "the namespace {name:?} is declared already");
            self.dynamic.push(Arc::new(Dynamic { names: Names::Pattern(pattern), namespace }));
        } else {
            let taken = &*name == "/" || self.namespaces.iter().any(|(other, _)| *other == name);
            assert!(!taken, "the namespace {name:?} is declared already");
            self.namespaces.push((name, Arc::new(namespace)));
        }
        self
    }

    /// Declares a dynamic namespace whose names an async function knows: [`Socket::namespace`](crate::Socket::namespace) says
    /// for which it is asked, and extractors what else it wants to know. Node's `io.of` with a function or a regular
    /// expression.
    ///
    /// The socket that it sees is for looking at: what is kept with it, or emitted to it, is lost. Where it fails, there is
    /// no such namespace as far as this declaration goes, and the namespace's [`on_error`](Namespace::on_error) is told.
    ///
    /// Otherwise it is as one by [pattern](Self::namespace). Whoever asks for a namespace that is there already is let on to
    /// its middleware without this: what is to be asked of everybody belongs there.
    ///
    /// ```
    /// use pintle::{Namespace, Socket, SocketIoLayer};
    ///
    /// async fn is_year(socket: Socket) -> bool {
    ///     socket.namespace().strip_prefix("/year-").is_some_and(|year| year.parse::<u16>().is_ok())
    /// }
    ///
    /// let layer: SocketIoLayer = SocketIoLayer::new().dynamic_namespace(is_year, Namespace::new());
    /// # let _ = layer;
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dynamic_namespace<H: NamespacePredicate<M, S>, M: 'static>(
        mut self,
        predicate: H,
        namespace: Namespace<S>,
    ) -> Self {
        self.assert_unused();
        self.dynamic.push(Arc::new(Dynamic { names: Names::Predicate(Binding::predicate(predicate)), namespace }));
        self
    }

    /// Gives the handlers their state. A layer whose handlers want some is no layer before.
    ///
    /// What the compiler says without it is that `Layer<Route>` is not implemented for `SocketIoLayer<App>`.
    #[track_caller]
    pub fn with_state(self, state: S) -> SocketIoLayer {
        self.assert_unused();
        let bind = |namespace: Arc<Namespace<S>>| Arc::new(unshare(namespace).with_state(&state));
        let bind_dynamic = |dynamic: Arc<Dynamic<S>>| {
            let Dynamic { names, namespace } = unshare(dynamic);
            let names = match names {
                Names::Pattern(pattern) => Names::Pattern(pattern),
                Names::Predicate(predicate) => Names::Predicate(Binding::Bound(predicate.bind(&state))),
            };
            Arc::new(Dynamic { names, namespace: namespace.with_state(&state) })
        };
        SocketIoLayer {
            transport: self.transport,
            config: self.config,
            root: bind(self.root),
            namespaces: self.namespaces.into_iter().map(|(name, namespace)| (name, bind(namespace))).collect(),
            dynamic: self.dynamic.into_iter().map(bind_dynamic).collect(),
            guard: self.guard.map(|guard| {
                let state = state.clone();
                Arc::new(move |_: &(), parts| guard(&state, parts)) as Guard<()>
            }),
            server: Arc::default(),
        }
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

impl<S: Clone + Send + Sync + 'static> SocketIoLayer<S> {
    /// The namespace `/`, to be declared further and [given back](Self::with_root).
    #[track_caller]
    pub(crate) fn take_root(&mut self) -> Namespace<S> {
        self.assert_unused();
        unshare(std::mem::take(&mut self.root))
    }

    pub(crate) fn with_root(mut self, root: Namespace<S>) -> Self {
        self.root = Arc::new(root);
        self
    }
}

impl SocketIoLayer {
    /// A handle to the server, for tasks outside of handlers and routes. Take it when everything has been declared.
    pub fn io(&self) -> SocketIo {
        self.server().io.clone()
    }

    /// The server as a service of its own, for other tower servers. What is not its business is answered 404.
    pub fn into_service(self) -> SocketIoService<NotFound> {
        Layer::layer(&self, NotFound::default())
    }

    fn server(&self) -> &Server {
        self.server.get_or_init(|| {
            let declared = self.namespaces.iter().map(|(name, namespace)| (name.clone(), namespace));
            let fixed = std::iter::once((Arc::from("/"), &self.root)).chain(declared);
            let fixed = fixed.map(|(name, namespace)| (name.clone(), Arc::new(namespace.handlers(&name))));
            let parents = self.dynamic.iter().map(|dynamic| dynamic.parent()).collect();
            let namespaces = Namespaces::new(fixed, parents, self.config.clone());
            let handle = EngineHandle::new(self.transport.clone());
            let io = SocketIo::new(self.config.clone(), namespaces, handle.clone());
            Server { engine: Engine::new(handle, Wire::new(io.clone(), self.guard.clone())), io }
        })
    }
}

impl Dynamic<()> {
    fn parent(&self) -> Parent {
        let (name, matcher) = match &self.names {
            Names::Pattern(pattern) => (pattern.as_str(), Matcher::Pattern(pattern.clone())),
            Names::Predicate(predicate) => (OTHER, Matcher::Predicate(predicate.bind(&()))),
        };
        Parent { matcher, handlers: Arc::new(self.namespace.handlers(name)) }
    }
}

impl<I> Layer<I> for SocketIoLayer {
    type Service = SocketIoService<I>;

    fn layer(&self, inner: I) -> SocketIoService<I> {
        let server = self.server();
        SocketIoService::new(inner, server.engine.clone(), server.io.clone())
    }
}

/// What is declared, for itself: handlers are still being declared, so nobody else has it.
#[track_caller]
fn unshare<T>(declared: Arc<T>) -> T {
    Arc::into_inner(declared).expect("a SocketIoLayer must be configured before it is cloned")
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
            dynamic: self.dynamic.clone(),
            guard: self.guard.clone(),
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
            .field("dynamic_namespaces", &self.dynamic.len())
            .finish_non_exhaustive()
    }
}
