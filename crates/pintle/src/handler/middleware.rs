//! Middleware of events: async functions that get the event, and what is behind them.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use super::tuples::all_the_tuples;
use crate::error::IntoAckError;
use crate::event::{EventRequest, EventResponse, EventService, Next};
use crate::extract::{FromEventParts, InEvent, UsableIn};

/// An async function that stands between the events of a namespace and their handlers: up to twelve extractors, then the
/// [`EventRequest`] and [`Next`] in, [`EventResponse`] or `Result<EventResponse, E>` out. Node's `socket.use`.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid middleware of events",
    label = "not a middleware of events",
    note = "such a middleware is an async function whose last two arguments are `EventRequest` and `Next`, the others \
            `FromEventParts`, and which returns `EventResponse` or `Result<EventResponse, E>` where `E: IntoAckError`",
    note = "`pintle::check_handler!(event_middleware: the_function)` says what is wrong with it"
)]
pub trait EventMiddleware<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and runs.
    #[doc(hidden)]
    fn call(self, request: EventRequest, next: Next, state: &S) -> impl Future<Output = EventResponse> + Send;
}

/// What a middleware of events may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from a middleware of events",
    label = "not a response",
    note = "return `EventResponse` or `Result<EventResponse, E>` where `E: IntoAckError`"
)]
pub trait IntoEventResponse {
    /// The response, an error made one.
    #[doc(hidden)]
    fn into_event_response(self) -> EventResponse;
}

impl IntoEventResponse for EventResponse {
    fn into_event_response(self) -> EventResponse {
        self
    }
}

impl<E: IntoAckError> IntoEventResponse for Result<EventResponse, E> {
    fn into_event_response(self) -> EventResponse {
        self.unwrap_or_else(|error| EventResponse::error(error))
    }
}

impl<F, Fut, S> EventMiddleware<((),), S> for F
where
    F: FnOnce(EventRequest, Next) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoEventResponse> + Send,
    S: Sync,
{
    async fn call(self, request: EventRequest, next: Next, _: &S) -> EventResponse {
        self(request, next).await.into_event_response()
    }
}

macro_rules! impl_event_middleware {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        #[expect(non_snake_case, reason = "the names of the types serve for the arguments")]
        impl<F, Fut, S, $($marker, $ty,)* $last_marker, $last> EventMiddleware<($(($marker, $ty),)* $last_marker, $last), S> for F
        where
            F: FnOnce($($ty,)* $last, EventRequest, Next) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoEventResponse> + Send,
            S: Sync,
            $($ty: FromEventParts<S, $marker> + Send, $marker: UsableIn<InEvent>,)*
            $last: FromEventParts<S, $last_marker> + Send,
            $last_marker: UsableIn<InEvent>,
        {
            async fn call(self, mut request: EventRequest, next: Next, state: &S) -> EventResponse {
                $(
                    let $ty = match $ty::from_event_parts(request.parts_mut(), state).await {
                        Ok(value) => value,
                        Err(rejection) => return EventResponse::rejected(rejection.into_ack_error()),
                    };
                )*
                let $last = match $last::from_event_parts(request.parts_mut(), state).await {
                    Ok(value) => value,
                    Err(rejection) => return EventResponse::rejected(rejection.into_ack_error()),
                };
                self($($ty,)* $last, request, next).await.into_event_response()
            }
        }
    };
}

all_the_tuples!(impl_event_middleware);

/// A middleware as a layer.
pub(crate) struct MiddlewareLayer<H, M, S> {
    handler: H,
    state: S,
    marker: PhantomData<fn() -> M>,
}

impl<H, M, S> MiddlewareLayer<H, M, S> {
    pub(crate) const fn new(handler: H, state: S) -> Self {
        Self { handler, state, marker: PhantomData }
    }
}

impl<H: Clone, M, S: Clone> Layer<EventService> for MiddlewareLayer<H, M, S> {
    type Service = MiddlewareService<H, M, S>;

    fn layer(&self, inner: EventService) -> Self::Service {
        let Self { handler, state, .. } = self;
        MiddlewareService {
            handler: handler.clone(),
            state: state.clone(),
            next: Next::new(inner),
            marker: PhantomData,
        }
    }
}

/// A middleware around what is behind it.
pub(crate) struct MiddlewareService<H, M, S> {
    handler: H,
    state: S,
    next: Next,
    marker: PhantomData<fn() -> M>,
}

impl<H, M, S> Service<EventRequest> for MiddlewareService<H, M, S>
where
    H: EventMiddleware<M, S>,
    M: 'static,
    S: Clone + Send + Sync + 'static,
{
    type Response = EventResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<EventResponse, Infallible>> + Send>>;

    /// What is behind is waited for by [`Next::run`], when the middleware lets the event go on.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: EventRequest) -> Self::Future {
        let (handler, next, state) = (self.handler.clone(), self.next.clone(), self.state.clone());
        Box::pin(async move { Ok(handler.call(request, next, &state).await) })
    }
}

impl<H, M, S> fmt::Debug for MiddlewareService<H, M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MiddlewareService").finish_non_exhaustive()
    }
}
