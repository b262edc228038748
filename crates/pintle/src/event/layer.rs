//! What stands between an event and its handlers: tower layers.

use std::error::Error;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Mutex;
use tower_layer::Layer;
use tower_service::Service;

use super::{EventRequest, EventResponse};
use crate::error::{ClientError, HandlerErrorKind};

/// Any error, as tower has it.
pub type BoxError = Box<dyn Error + Send + Sync>;

type Handling = Pin<Box<dyn Future<Output = Result<EventResponse, BoxError>> + Send>>;

/// The handlers of a socket's events as a [`tower_service::Service`]: what a layer of
/// [`Namespace::layer`](crate::Namespace::layer) wraps.
///
/// It is always ready itself, and never fails: what goes wrong in a handler is in the [`EventResponse`].
pub struct EventService(Box<dyn Handle>);

/// A service without its types.
trait Handle: Send {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;
    fn call(&mut self, request: EventRequest) -> Handling;
}

struct Erased<T>(T);

impl<T> Handle for Erased<T>
where
    T: Service<EventRequest, Response = EventResponse, Error: Into<BoxError>, Future: Send + 'static> + Send,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: EventRequest) -> Handling {
        let future = self.0.call(request);
        Box::pin(async move { future.await.map_err(Into::into) })
    }
}

/// What is inside of all layers.
struct Handlers;

impl Handle for Handlers {
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: EventRequest) -> Handling {
        Box::pin(async move { Ok(request.run().await) })
    }
}

impl Service<EventRequest> for EventService {
    type Response = EventResponse;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<EventResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: EventRequest) -> Self::Future {
        self.0.call(request)
    }
}

impl fmt::Debug for EventService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventService").finish_non_exhaustive()
    }
}

/// What is behind a middleware of events: further layers, and then the handlers.
#[derive(Clone, Debug)]
pub struct Next(Arc<Mutex<EventService>>);

impl Next {
    pub(crate) fn new(service: EventService) -> Self {
        Self(Arc::new(Mutex::new(service)))
    }

    /// Has the event go on, and waits for what comes of it.
    pub async fn run(self, request: EventRequest) -> EventResponse {
        // Those that wait for the service to be ready stand in line, so events keep their order.
        let handling = {
            let mut service = self.0.lock().await;
            match poll_fn(|cx| service.poll_ready(cx)).await {
                Ok(()) => service.call(request),
                Err(error) => return failed(error),
            }
        };
        handling.await.unwrap_or_else(failed)
    }
}

/// A layer has failed. If it says so itself, the client is told why.
fn failed(error: BoxError) -> EventResponse {
    let error = error.downcast::<ClientError>().map_or_else(ClientError::internal, |error| *error);
    EventResponse::failed(HandlerErrorKind::Layer, error)
}

/// The layers of a namespace, innermost first.
#[derive(Clone, Default)]
pub(crate) struct Layers(Vec<Arc<dyn Fn(EventService) -> EventService + Send + Sync>>);

impl Layers {
    /// Adds a layer around those that are there.
    pub(crate) fn push<L>(&mut self, layer: Arc<L>)
    where
        L: Layer<EventService> + Send + Sync + 'static,
        L::Service: Service<EventRequest, Response = EventResponse, Error: Into<BoxError>, Future: Send + 'static>
            + Send
            + 'static,
    {
        self.0.push(Arc::new(move |inner| EventService(Box::new(Erased(layer.layer(inner))))));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn build(&self) -> Next {
        let handlers = EventService(Box::new(Handlers));
        Next::new(self.0.iter().fold(handlers, |inner, layer| layer(inner)))
    }
}

/// The layers of a namespace around one socket's handlers: made for its first event.
#[derive(Clone, Default)]
pub(crate) struct Stack(Arc<Mutex<Option<Next>>>);

impl Stack {
    /// Has an event go through all layers to its handlers.
    pub(crate) async fn run(self, request: EventRequest) -> EventResponse {
        // Here and not before: what a layer does is the user's, and may panic.
        let build = || request.socket().nsp().handlers().layers.build();
        let next = self.0.lock().await.get_or_insert_with(build).clone();
        next.run(request).await
    }
}
