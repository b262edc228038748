//! The handlers of a namespace, ready to be called.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hashbrown::HashMap;
use pintle_proto::Args;

use super::endpoint::Endpoint;
use crate::ack::EventName;
use crate::error::ClientError;
use crate::extract::EventParts;

/// A handler at work.
pub(crate) type Running = Pin<Box<dyn Future<Output = Result<(), ClientError>> + Send>>;

/// The handlers of a namespace, ready to be called.
#[derive(Default)]
pub(crate) struct Handlers {
    pub(crate) middleware: Vec<Arc<dyn Endpoint>>,
    pub(crate) connect: Option<Arc<dyn Endpoint>>,
    pub(crate) disconnect: Option<Arc<dyn Endpoint>>,
    pub(crate) events: HashMap<EventName, EventEntry>,
    /// Events of a socket run strictly one after another.
    pub(crate) sequential: bool,
}

/// An event that is handled.
pub(crate) struct EventEntry {
    pub(crate) endpoint: Arc<dyn Endpoint>,
    /// Which of its kind it is, if events of this name run strictly one after another.
    pub(crate) lane: Option<u32>,
}

impl Handlers {
    /// The handler of an event, and the name by which it was registered.
    pub(crate) fn event(&self, name: &str) -> Option<(&EventName, &EventEntry)> {
        self.events.get_key_value(name)
    }

    /// Runs the middleware in the order of registration, until one refuses.
    pub(crate) fn run_middleware(&self, parts: impl Fn() -> EventParts + Send + 'static) -> Running {
        let middleware = self.middleware.clone();
        Box::pin(async move {
            for endpoint in middleware {
                endpoint.call(parts(), Args::empty()).await?;
            }
            Ok(())
        })
    }
}
