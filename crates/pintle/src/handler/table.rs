//! The handlers of a namespace, ready to be called.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use hashbrown::HashMap;
use pintle_proto::Args;

use super::endpoint::Endpoint;
use super::server_event::ServerEvents;
use crate::ack::EventName;
use crate::event::{EventResponse, Layers, Target};
use crate::extract::EventParts;
use crate::metrics::NamespaceMetrics;

/// A handler at work.
pub(crate) type Running = Pin<Box<dyn Future<Output = EventResponse> + Send>>;

/// The handlers of a namespace, ready to be called.
pub(crate) struct Handlers {
    pub(crate) middleware: Vec<Arc<dyn Endpoint>>,
    pub(crate) connect: Option<Arc<dyn Endpoint>>,
    pub(crate) disconnect: Option<Arc<dyn Endpoint>>,
    pub(crate) error: Option<Arc<dyn Endpoint>>,
    pub(crate) events: Events,
    /// Called for every event, before its handler.
    pub(crate) any: Vec<Arc<dyn Endpoint>>,
    /// Called for events that nobody else handles.
    pub(crate) fallback: Option<Arc<dyn Endpoint>>,
    /// Those of events of other servers.
    pub(crate) server_events: ServerEvents,
    pub(crate) layers: Layers,
    /// Events of a socket run strictly one after another.
    pub(crate) sequential: bool,
    pub(crate) metrics: NamespaceMetrics,
}

/// The events that are handled.
#[derive(Default)]
pub(crate) struct Events {
    handled: Vec<EventEntry>,
    by_name: HashMap<EventName, usize>,
}

/// An event that is handled.
pub(crate) struct EventEntry {
    pub(crate) name: EventName,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    /// Events of this name run strictly one after another.
    pub(crate) sequential: bool,
}

/// Which event it is. To say it by its place costs nothing, where to share the name would cost each event of it.
#[derive(Clone, Debug)]
pub(crate) enum EventKey {
    /// One that the namespace handles: where among them.
    Handled(usize),
    Other(EventName),
}

impl Events {
    pub(crate) fn key(&self, name: &str) -> EventKey {
        self.by_name.get(name).map_or_else(|| EventKey::Other(name.into()), |&at| EventKey::Handled(at))
    }

    pub(crate) fn get(&self, key: &EventKey) -> Option<&EventEntry> {
        match key {
            EventKey::Handled(at) => Some(&self.handled[*at]),
            EventKey::Other(_) => None,
        }
    }

    /// Which of them it is, if events of its name run strictly one after another.
    pub(crate) fn lane(&self, key: &EventKey) -> Option<usize> {
        match key {
            EventKey::Handled(at) if self.handled[*at].sequential => Some(*at),
            EventKey::Handled(_) | EventKey::Other(_) => None,
        }
    }

    pub(crate) fn name<'a>(&'a self, key: &'a EventKey) -> &'a EventName {
        match key {
            EventKey::Handled(at) => &self.handled[*at].name,
            EventKey::Other(name) => name,
        }
    }
}

impl FromIterator<EventEntry> for Events {
    fn from_iter<I: IntoIterator<Item = EventEntry>>(entries: I) -> Self {
        let handled: Vec<_> = entries.into_iter().collect();
        let by_name = handled.iter().enumerate().map(|(at, entry)| (entry.name.clone(), at)).collect();
        Self { handled, by_name }
    }
}

impl Handlers {
    /// Runs the middleware in the order of registration, until one refuses.
    pub(crate) fn run_middleware(&self, parts: impl Fn() -> EventParts + Send + 'static) -> Running {
        let middleware = self.middleware.clone();
        Box::pin(async move {
            for endpoint in middleware {
                let response = endpoint.call(parts(), Args::empty()).await;
                if response.is_error() {
                    return response;
                }
            }
            EventResponse::empty()
        })
    }
}

/// Calls the handlers of one event, however many there are.
pub(crate) async fn join(mut target: Target, parts: EventParts, args: Args) -> EventResponse {
    match target.len() {
        0 => args.validate().map_or_else(|error| EventResponse::rejected(error.into()), |()| EventResponse::empty()),
        1 => target.remove(0).call(parts, args).await,
        _ => {
            let call = |endpoint: Arc<dyn Endpoint>| caught(endpoint.call(parts.again(), args.clone()));
            let responses = join_all(target.into_iter().map(call)).await;
            let merge = |mut merged: EventResponse, response| {
                merged.merge(response);
                merged
            };
            responses.into_iter().fold(EventResponse::empty(), merge)
        }
    }
}

/// A handler whose panic does not end its fellows.
async fn caught(running: Running) -> EventResponse {
    // The state of a handler that panicked is dropped and never looked at again.
    std::panic::AssertUnwindSafe(running).catch_unwind().await.unwrap_or_else(|panic| EventResponse::panicked(&*panic))
}
