//! The namespace `/`, which is declared on the layer itself.

use tower_layer::Layer;
use tower_service::Service;

use crate::event::{BoxError, EventRequest, EventResponse, EventService};
use crate::handler::{
    ConnectHandler, DisconnectHandler, ErrorHandler, EventHandler, EventMiddleware, Middleware, ServerEventHandler,
};
use crate::layer::SocketIoLayer;

/// What happens in the namespace `/`.
impl<S: Clone + Send + Sync + 'static> SocketIoLayer<S> {
    /// Handles an event of each socket of `/`. See [`Namespace::on`](crate::Namespace::on).
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

    /// Handles the arrival of each socket of `/`. See [`Namespace::on_connect`](crate::Namespace::on_connect).
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

    /// Handles the end of each socket of `/`. See [`Namespace::on_disconnect`](crate::Namespace::on_disconnect).
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn on_disconnect<H: DisconnectHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        let root = self.take_root().on_disconnect(handler);
        self.with_root(root)
    }

    /// Is told of everything in `/` that did not end well. See [`Namespace::on_error`](crate::Namespace::on_error).
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn on_error<H: ErrorHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        let root = self.take_root().on_error(handler);
        self.with_root(root)
    }

    /// Is called for every event of each socket of `/`. See [`Namespace::on_any`](crate::Namespace::on_any).
    #[must_use]
    #[track_caller]
    pub fn on_any<H: EventHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        let root = self.take_root().on_any(handler);
        self.with_root(root)
    }

    /// Handles the events of `/` that have no handler. See [`Namespace::fallback`](crate::Namespace::fallback).
    ///
    /// # Panics
    ///
    /// When there is such a handler already.
    #[must_use]
    #[track_caller]
    pub fn fallback<H: EventHandler<M, S>, M: 'static>(mut self, handler: H) -> Self {
        let root = self.take_root().fallback(handler);
        self.with_root(root)
    }

    /// Handles an event that another server of the cluster emits in `/`. See
    /// [`Namespace::on_server_event`](crate::Namespace::on_server_event).
    ///
    /// # Panics
    ///
    /// When the event has such a handler already, or its name is reserved.
    #[doc(alias = "serverSideEmit")]
    #[must_use]
    #[track_caller]
    pub fn on_server_event<H: ServerEventHandler<M, S>, M: 'static>(mut self, event: &str, handler: H) -> Self {
        let root = self.take_root().on_server_event(event, handler);
        self.with_root(root)
    }

    /// Adds a middleware of `/`. See [`Namespace::middleware`](crate::Namespace::middleware).
    #[must_use]
    #[track_caller]
    pub fn middleware<H: Middleware<M, S>, M: 'static>(mut self, middleware: H) -> Self {
        let root = self.take_root().middleware(middleware);
        self.with_root(root)
    }

    /// Adds a middleware of the events of `/`. See [`Namespace::event_middleware`](crate::Namespace::event_middleware).
    #[must_use]
    #[track_caller]
    pub fn event_middleware<H: EventMiddleware<M, S>, M: 'static>(mut self, middleware: H) -> Self {
        let root = self.take_root().event_middleware(middleware);
        self.with_root(root)
    }

    /// Puts a tower layer around the handlers of all events of `/`. See [`Namespace::layer`](crate::Namespace::layer). It has
    /// another name here, for this is a tower layer itself, and its own `layer` wraps the app.
    #[must_use]
    #[track_caller]
    pub fn event_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<EventService> + Send + Sync + 'static,
        L::Service: Service<EventRequest, Response = EventResponse, Error: Into<BoxError>, Future: Send + 'static>
            + Send
            + 'static,
    {
        let root = self.take_root().layer(layer);
        self.with_root(root)
    }

    /// Has the events of each socket of `/` run strictly one after another. See
    /// [`Namespace::sequential`](crate::Namespace::sequential).
    #[must_use]
    #[track_caller]
    pub fn sequential(mut self) -> Self {
        let root = self.take_root().sequential();
        self.with_root(root)
    }
}
