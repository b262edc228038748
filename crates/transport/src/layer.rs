//! The tower layer.

use std::fmt;

use tower_layer::Layer;

use crate::config::Config;
use crate::engine::Engine;
use crate::handle::EngineHandle;
use crate::protocol::Protocol;
use crate::service::EngineService;

/// A layer that answers what comes to an [`Engine`]'s path, and leaves the rest to the service inside.
///
/// The sessions live in this value, not in what [`layer`](Layer::layer) makes: axum calls that once for each route.
pub struct EngineLayer<P>(Engine<P>);

impl<P: Protocol> EngineLayer<P> {
    /// A layer with a server of its own, on whose sessions `protocol` runs.
    pub fn new(config: Config, protocol: P) -> Self {
        Self(Engine::new(EngineHandle::new(config), protocol))
    }

    /// The server.
    pub const fn engine(&self) -> &Engine<P> {
        &self.0
    }
}

impl<P: Protocol, S> Layer<S> for EngineLayer<P> {
    type Service = EngineService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        EngineService::new(inner, self.0.clone())
    }
}

impl<P> Clone for EngineLayer<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> fmt::Debug for EngineLayer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EngineLayer").field(&self.0).finish()
    }
}
