//! A namespace as it is declared.

use std::fmt;
use std::sync::Arc;

use pintle_proto::is_reserved_event;
use tower_layer::Layer;
use tower_service::Service;

use crate::event::{BoxError, EventRequest, EventResponse, EventService, Layers};
use crate::handler::{
    Binding, ConnectHandler, DisconnectHandler, ErrorHandler, EventEntry, EventHandler, EventMiddleware, Handlers,
    Middleware, MiddlewareLayer, ServerBinding, ServerEventHandler, is_reserved_server_event, server_binding,
};
use crate::metrics::NamespaceMetrics;

/// A namespace as it is declared: its middleware, its events, who comes and who goes. Node's `io.of(name)`, with the
/// handlers of all its sockets.
///
/// `S` is the state that its handlers want; the layer's [`with_state`](crate::SocketIoLayer::with_state) gives it.
///
/// ```
/// use pintle::{Auth, ClientError, Data, Namespace, Socket, SocketIoLayer};
///
/// async fn require_token(Auth(token): Auth<serde_json::Value>) -> Result<(), ClientError> {
///     if token["token"] == "secret" { Ok(()) } else { Err(ClientError::new("not authorized")) }
/// }
/// async fn kick(socket: Socket, Data(who): Data<String>) {
///     socket.to(who).disconnect();
/// }
///
/// let layer: SocketIoLayer =
///     SocketIoLayer::new().namespace("/admin", Namespace::new().middleware(require_token).on("kick", kick));
/// # let _ = layer;
/// ```
pub struct Namespace<S = ()> {
    middleware: Vec<Binding<S>>,
    connect: Option<Binding<S>>,
    disconnect: Option<Binding<S>>,
    error: Option<Binding<S>>,
    events: Vec<Declared<S>>,
    any: Vec<Binding<S>>,
    fallback: Option<Binding<S>>,
    server_events: Vec<(Arc<str>, ServerBinding<S>)>,
    layers: Vec<Wrap<S>>,
    sequential: bool,
}

/// Puts a layer around those that are there, once the state is known.
type Wrap<S> = Arc<dyn Fn(&S, &mut Layers) + Send + Sync>;

struct Declared<S> {
    name: Arc<str>,
    handler: Binding<S>,
    sequential: bool,
}

impl<S: Clone + Send + Sync + 'static> Namespace<S> {
    /// A namespace that lets everybody in and handles nothing.
    pub fn new() -> Self {
        Self {
            middleware: Vec::new(),
            connect: None,
            disconnect: None,
            error: None,
            events: Vec::new(),
            any: Vec::new(),
            fallback: None,
            server_events: Vec::new(),
            layers: Vec::new(),
            sequential: false,
        }
    }

    /// Handles an event of each socket. Node's `socket.on`, for all sockets and before the first packet.
    ///
    /// All handlers of a connection run in its one task: they may wait as long as they like, but one that computes for long
    /// delays the others and the heartbeat, and belongs into `spawn_blocking`. A handler runs to its end, though the client
    /// may have gone meanwhile.
    ///
    /// [`check_handler!`](crate::check_handler) says what is wrong with a function that the compiler does not take.
    ///
    /// # Panics
    ///
    /// When the event has a handler already, or its name is one that Socket.IO keeps for itself.
    #[must_use]
    #[track_caller]
    pub fn on<H: EventHandler<M, S>, M: 'static>(mut self, event: &str, handler: H) -> Self {
        assert!(!is_reserved_event(event), "{event:?} is a reserved event name: see on_connect and on_disconnect");
        assert!(
            self.events.iter().all(|declared| *declared.name != *event),
            "the event {event:?} has a handler already"
        );
        self.events.push(Declared { name: event.into(), handler: Binding::event(handler), sequential: H::SEQUENTIAL });
        self
    }

    /// Handles the arrival of each socket. Node's `connection`.
    ///
    /// Until the handler is done the socket's events wait, and so does the handler of its end: it must come to an end
    /// itself. What goes on for as long as the socket is there belongs into a task of its own, which stops when
    /// [`emit`](crate::Socket::emit) says that the socket is gone.
    ///
    /// Acknowledgements come through meanwhile: it may [ask](crate::Socket::emit_with_ack) the client something.
    ///
    /// A socket that is [recovered](crate::Socket::is_recovered) arrives, too. It has its rooms and data already; handlers of
    /// its own and extensions are to be set again.
    ///
    /// A socket whose handler fails or panics is half set up, and is disconnected.
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[doc(alias = "connection")]
    #[must_use]
    #[track_caller]
    pub fn on_connect<H: ConnectHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        assert!(self.connect.is_none(), "the namespace has a connect handler already");
        self.connect = Some(Binding::connect(handler));
        self
    }

    /// Handles the end of each socket, exactly once for each that connected, whatever ended it. Its rooms can still be
    /// [read](crate::Socket::rooms), so this is Node's `disconnect` and its `disconnecting`.
    ///
    /// With [recovery](crate::SocketIoLayer::recovery) on, a client may come back from it: that is for a new
    /// [`on_connect`](Self::on_connect) to see, and [`is_recoverable`](crate::DisconnectReason::is_recoverable) says whether it
    /// can.
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[doc(alias = "disconnecting")]
    #[must_use]
    #[track_caller]
    pub fn on_disconnect<H: DisconnectHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        assert!(self.disconnect.is_none(), "the namespace has a disconnect handler already");
        self.disconnect = Some(Binding::disconnect(handler));
        self
    }

    /// Is told of everything that did not end well: handlers that returned an error or panicked, extractors and layers that
    /// refused, packets that were none. [`HandlerError`](crate::HandlerError) says what it was and with which event. Node's
    /// `error` event of a socket.
    ///
    /// A middleware that refuses a socket does its work, and is not reported. What goes wrong in this handler itself is
    /// logged.
    ///
    /// ```
    /// use pintle::{HandlerError, Namespace, Socket};
    ///
    /// async fn failed(socket: Socket, error: HandlerError) {
    ///     println!("{:?} of {}: {:?}", error.event(), socket.id(), error.to_string());
    /// }
    ///
    /// let namespace: Namespace = Namespace::new().on_error(failed);
    /// # let _ = namespace;
    /// ```
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn on_error<H: ErrorHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        assert!(self.error.is_none(), "the namespace has an error handler already");
        self.error = Some(Binding::error(handler));
        self
    }

    /// Is called for every event of each socket, before its own handler. It acknowledges nothing. Node's `socket.onAny`.
    ///
    /// `Debug` of [`Args`](crate::Args) tells their size alone; their JSON is the array of them.
    ///
    /// ```
    /// use pintle::{Args, Event, Namespace};
    ///
    /// async fn log(event: Event, args: Args) {
    ///     println!("{:?} with {}", &*event, serde_json::to_string(&args).unwrap_or_default());
    /// }
    ///
    /// let namespace: Namespace = Namespace::new().on_any(log);
    /// # let _ = namespace;
    /// ```
    #[doc(alias = "onAny")]
    #[must_use]
    pub fn on_any<H: EventHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        self.any.push(Binding::event(handler));
        self
    }

    /// Handles the events that have no handler, neither here nor of the socket's own. Without it they are ignored, and a
    /// client that asked for an acknowledgement waits in vain, as in Node.
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn fallback<H: EventHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        assert!(self.fallback.is_none(), "the namespace has a fallback already");
        self.fallback = Some(Binding::event(handler));
        self
    }

    /// Handles an event that another server of the cluster [emits](crate::Broadcast::server_side_emit), of Pintle or of Node.
    /// Node's `io.on`, for what `serverSideEmit` sends.
    ///
    /// What the handler returns is what the [server that asks](crate::Broadcast::server_side_emit_with_ack) is answered, if it
    /// does. One value goes there: of several the first, as with Node's adapters. With `()` there is no answer, and who asks
    /// waits until its time is over: with `Ack(())` it knows that the handler is done. An error is told as to a client.
    ///
    /// No client has to do with it, so there is no `Socket`, no layer stands in front of it, and
    /// [`on_error`](Self::on_error) does not hear what goes wrong: that is logged and counted. Events start in the order in which
    /// they come, and may overlap where they wait.
    ///
    /// ```
    /// use axum::extract::State;
    /// use pintle::{Ack, BroadcastAckError, Data, SocketIo, SocketIoLayer};
    ///
    /// #[derive(Clone)]
    /// struct Prices;
    ///
    /// // On all others:
    /// async fn reload(State(prices): State<Prices>, Data(list): Data<String>) -> Ack<bool> {
    ///     Ack(prices.load(&list).await)
    /// }
    /// let layer: SocketIoLayer = SocketIoLayer::new().on_server_event("reload", reload).with_state(Prices);
    ///
    /// // On the one where the prices change:
    /// async fn changed(io: SocketIo) -> Result<bool, BroadcastAckError<bool>> {
    ///     let loaded = io.server_side_emit_with_ack::<bool>("reload", "spring").await?;
    ///     Ok(loaded.into_iter().all(|loaded| loaded))
    /// }
    /// # impl Prices { async fn load(&self, _: &str) -> bool { true } }
    /// # let _ = (layer, changed);
    /// ```
    ///
    /// # Panics
    ///
    /// When the event has such a handler already, or its name is one that Node keeps for itself.
    #[doc(alias = "serverSideEmit")]
    #[doc(alias = "on_server_side_emit")]
    #[must_use]
    #[track_caller]
    pub fn on_server_event<H: ServerEventHandler<M, S>, M: 'static>(mut self, event: &str, handler: H) -> Self {
        assert!(!is_reserved_server_event(event), "{event:?} is a reserved event name among servers");
        assert!(
            self.server_events.iter().all(|(name, _)| **name != *event),
            "the server event {event:?} has a handler already"
        );
        self.server_events.push((event.into(), server_binding(handler)));
        self
    }

    /// Puts a tower layer around the handlers of all events: a timeout, a limit, one's own. The layer that is added last
    /// sees an event first.
    ///
    /// The layer is applied once for each socket, at its first event. So `RateLimitLayer` and `ConcurrencyLimitLayer`
    /// limit each socket by itself, and `GlobalConcurrencyLimitLayer` all of them together. Events that wait for a layer to
    /// be ready count as running: with too many of them the client is no longer read. Events over a rate limit wait for their
    /// turn; with tower's `load_shed` around it, they are refused instead.
    ///
    /// A layer that fails with a [`ClientError`](crate::ClientError) has the client told that; any other error is an
    /// internal one to the client. [`on_error`](Self::on_error) sees both.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use pintle::{BoxError, ClientError, Namespace};
    /// use tower::ServiceBuilder;
    ///
    /// let namespace: Namespace = Namespace::new().layer(
    ///     ServiceBuilder::new()
    ///         .map_err(|error: BoxError| ClientError::new("too slow").with_source(error))
    ///         .timeout(Duration::from_secs(5))
    ///         .rate_limit(20, Duration::from_secs(1)),
    /// );
    /// # let _ = namespace;
    /// ```
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<EventService> + Send + Sync + 'static,
        L::Service: Service<EventRequest, Response = EventResponse, Error: Into<BoxError>, Future: Send + 'static>
            + Send
            + 'static,
    {
        let layer = Arc::new(layer);
        self.layers.push(Arc::new(move |_, layers| layers.push(layer.clone())));
        self
    }

    /// Puts an async function around the handlers of all events: it gets the event and what is behind it. Node's
    /// `socket.use`. Extractors may come before the two. It is a [`layer`](Self::layer), and stands where it is added.
    ///
    /// ```
    /// use pintle::{ClientError, EventRequest, EventResponse, Namespace, Next, Socket};
    ///
    /// async fn members_only(socket: Socket, event: EventRequest, next: Next) -> Result<EventResponse, ClientError> {
    ///     if event.event() != "join" && socket.rooms().len() < 2 {
    ///         return Err(ClientError::new("join a room first"));
    ///     }
    ///     Ok(next.run(event).await)
    /// }
    ///
    /// let namespace: Namespace = Namespace::new().event_middleware(members_only);
    /// # let _ = namespace;
    /// ```
    #[doc(alias = "use")]
    #[must_use]
    pub fn event_middleware<H: EventMiddleware<M, S>, M: 'static>(mut self, middleware: H) -> Self {
        let wrap = move |state: &S, layers: &mut Layers| {
            layers.push(Arc::new(MiddlewareLayer::new(middleware.clone(), state.clone())));
        };
        self.layers.push(Arc::new(wrap));
        self
    }

    /// Adds a middleware: it decides whether a socket may connect. They run in the order in which they were added, and no
    /// event and no broadcast reaches the socket before all of them have accepted it. Node's `namespace.use`.
    ///
    /// Rooms that it joins are those of the socket once it is accepted, and data and extensions that it sets stay with it. To
    /// refuse it, return an error: [`disconnect`](crate::Socket::disconnect) does nothing yet. What it emits goes out at once,
    /// as in Node: to a client that may be refused afterwards.
    #[doc(alias = "use")]
    #[must_use]
    pub fn middleware<H: Middleware<M, S>, M: 'static>(mut self, middleware: H) -> Self {
        self.middleware.push(Binding::middleware(middleware));
        self
    }

    /// Has the events of each socket run strictly one after another, each to its end. The default is that they start in
    /// order and may overlap where they wait. For one event alone there is [`sequential`](crate::sequential).
    #[must_use]
    pub const fn sequential(mut self) -> Self {
        self.sequential = true;
        self
    }

    /// Gives the handlers their state.
    pub(crate) fn with_state(self, state: &S) -> Namespace {
        let bind = |binding: Binding<S>| Binding::Bound(binding.bind(state));
        let bind_server = |(name, binding): (_, ServerBinding<S>)| {
            let bound = binding(state);
            (name, Arc::new(move |_: &()| bound.clone()) as ServerBinding<()>)
        };
        let wrap = |wrap: Wrap<S>| {
            let state = state.clone();
            Arc::new(move |_: &(), layers: &mut Layers| wrap(&state, layers)) as Wrap<()>
        };
        Namespace {
            middleware: self.middleware.into_iter().map(bind).collect(),
            connect: self.connect.map(bind),
            disconnect: self.disconnect.map(bind),
            error: self.error.map(bind),
            any: self.any.into_iter().map(bind).collect(),
            fallback: self.fallback.map(bind),
            server_events: self.server_events.into_iter().map(bind_server).collect(),
            layers: self.layers.into_iter().map(wrap).collect(),
            events: self
                .events
                .into_iter()
                .map(|Declared { name, handler, sequential }| Declared { name, handler: bind(handler), sequential })
                .collect(),
            sequential: self.sequential,
        }
    }
}

impl Namespace {
    /// The handlers, ready to be called. The namespace, or those of the pattern, are known as `name` to who counts.
    pub(crate) fn handlers(&self, name: &str) -> Handlers {
        let bind = |binding: &Binding<()>| binding.bind(&());
        let entry = |declared: &Declared<()>| EventEntry {
            name: declared.name.clone(),
            endpoint: bind(&declared.handler),
            sequential: declared.sequential,
        };
        let mut layers = Layers::default();
        self.layers.iter().for_each(|wrap| wrap(&(), &mut layers));
        Handlers {
            layers,
            error: self.error.as_ref().map(bind),
            any: self.any.iter().map(bind).collect(),
            fallback: self.fallback.as_ref().map(bind),
            middleware: self.middleware.iter().map(bind).collect(),
            connect: self.connect.as_ref().map(bind),
            disconnect: self.disconnect.as_ref().map(bind),
            events: self.events.iter().map(entry).collect(),
            server_events: self.server_events.iter().map(|(name, binding)| (name.clone(), binding(&()))).collect(),
            sequential: self.sequential,
            metrics: NamespaceMetrics::new(name, self.events.iter().map(|declared| &*declared.name)),
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Namespace<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for Namespace<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events: Vec<_> = self.events.iter().map(|declared| &declared.name).collect();
        f.debug_struct("Namespace")
            .field("events", &events)
            .field("server_events", &self.server_events.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("middleware", &self.middleware.len())
            .field("layers", &self.layers.len())
            .field("sequential", &self.sequential)
            .finish_non_exhaustive()
    }
}
