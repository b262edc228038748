//! A namespace as it is declared.

use std::fmt;
use std::sync::Arc;

use pintle_proto::is_reserved_event;

use crate::handler::{Binding, ConnectHandler, EventEntry, EventHandler, Handlers, Middleware};

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
    events: Vec<Declared<S>>,
    sequential: bool,
}

struct Declared<S> {
    name: Arc<str>,
    handler: Binding<S>,
    sequential: bool,
}

impl<S: Clone + Send + Sync + 'static> Namespace<S> {
    /// A namespace that lets everybody in and handles nothing.
    pub fn new() -> Self {
        Self { middleware: Vec::new(), connect: None, disconnect: None, events: Vec::new(), sequential: false }
    }

    /// Handles an event of each socket. Node's `socket.on`, for all sockets and before the first packet.
    ///
    /// All handlers of a connection run in its one task: they may wait as long as they like, but one that computes for long
    /// delays the others and the heartbeat, and belongs into `spawn_blocking`. A handler runs to its end, though the client
    /// may have gone meanwhile.
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
    /// A socket whose handler fails or panics is half set up, and is disconnected.
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn on_connect<H: ConnectHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        assert!(self.connect.is_none(), "the namespace has a connect handler already");
        self.connect = Some(Binding::connect(handler));
        self
    }

    /// Handles the end of each socket, exactly once for each that connected, whatever ended it. Its rooms can still be
    /// [read](crate::Socket::rooms). Node's `disconnect`.
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn on_disconnect<H: ConnectHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        assert!(self.disconnect.is_none(), "the namespace has a disconnect handler already");
        self.disconnect = Some(Binding::connect(handler));
        self
    }

    /// Adds a middleware: it decides whether a socket may connect. They run in the order in which they were added, and no
    /// event and no broadcast reaches the socket before all of them have accepted it. Node's `namespace.use`.
    ///
    /// Rooms that it joins are those of the socket once it is accepted. To refuse it, return an error:
    /// [`disconnect`](crate::Socket::disconnect) does nothing yet.
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
        Namespace {
            middleware: self.middleware.into_iter().map(bind).collect(),
            connect: self.connect.map(bind),
            disconnect: self.disconnect.map(bind),
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
    /// The handlers, ready to be called.
    pub(crate) fn handlers(&self) -> Handlers {
        let bind = |binding: &Binding<()>| binding.bind(&());
        let entry = |(index, declared): (usize, &Declared<()>)| {
            let lane = declared.sequential.then_some(index as u32);
            (declared.name.clone(), EventEntry { endpoint: bind(&declared.handler), lane })
        };
        Handlers {
            middleware: self.middleware.iter().map(bind).collect(),
            connect: self.connect.as_ref().map(bind),
            disconnect: self.disconnect.as_ref().map(bind),
            events: self.events.iter().enumerate().map(entry).collect(),
            sequential: self.sequential,
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
            .field("middleware", &self.middleware.len())
            .field("sequential", &self.sequential)
            .finish_non_exhaustive()
    }
}
