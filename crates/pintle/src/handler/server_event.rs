//! Handlers of what other servers of a cluster emit.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt as _;
use hashbrown::HashMap;
use pintle_adapter::cluster::Said;
use pintle_proto::Args;
use pintle_transport::panic_message;

use super::table::Handlers;
use super::tuples::all_the_tuples;
use crate::ack::EventName;
use crate::error::{ClientError, HandlerError, HandlerErrorKind, IntoAckError};
use crate::event::{IntoReply, side_answer};
use crate::extract::{FromServerEvent, ServerEvent};
use crate::io::SocketIo;
use crate::nsp::Nsp;
use crate::quoted;

/// An async function that handles an event of another server: up to twelve extractors in, an [answer](IntoReply) out.
///
/// The arguments are [`FromServerEvent`], in any order.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid handler of events of servers",
    label = "not a handler of events of servers",
    note = "such a handler is an async function whose arguments implement `FromServerEvent` (so not `Socket`: no client has to \
            do with it) and which returns `()`, `Ack<T>` or a `Result` of these",
    note = "`pintle::check_handler!(on_server_event: the_function)` says what is wrong with it"
)]
pub trait ServerEventHandler<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts, runs, and answers.
    #[doc(hidden)]
    fn call(self, event: ServerEvent, state: &S) -> impl Future<Output = Result<Option<Said>, HandlerError>> + Send;
}

impl<F, Fut, S> ServerEventHandler<((),), S> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoReply> + Send,
    S: Sync,
{
    async fn call(self, _: ServerEvent, _: &S) -> Result<Option<Said>, HandlerError> {
        self().await.into_side_answer()
    }
}

macro_rules! impl_server_event_handler {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        #[expect(non_snake_case, reason = "the names of the types serve for the arguments")]
        impl<F, Fut, S, $($ty,)* $last> ServerEventHandler<(($($ty,)* $last,),), S> for F
        where
            F: FnOnce($($ty,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoReply> + Send,
            S: Sync,
            $($ty: FromServerEvent<S> + Send,)*
            $last: FromServerEvent<S> + Send,
        {
            async fn call(self, event: ServerEvent, state: &S) -> Result<Option<Said>, HandlerError> {
                $(let $ty = $ty::from_server_event(&event, state).await.map_err(rejected)?;)*
                let $last = $last::from_server_event(&event, state).await.map_err(rejected)?;
                drop(event);
                self($($ty,)* $last).await.into_side_answer()
            }
        }
    };
}

all_the_tuples!(impl_server_event_handler);

/// The names that a namespace keeps for itself, among servers: those of Node's, which differ from those among sockets.
pub(crate) fn is_reserved_server_event(name: &str) -> bool {
    matches!(name, "connect" | "connection" | "new_namespace")
}

/// The handlers of events of servers, by name.
pub(crate) type ServerEvents = HashMap<EventName, ServerEndpoint>;

/// A handler that has its state, whatever its types were.
pub(crate) type ServerEndpoint = Arc<dyn Fn(ServerEvent) -> Answering + Send + Sync>;

/// A handler at work.
type Answering = Pin<Box<dyn Future<Output = Result<Option<Said>, HandlerError>> + Send>>;

/// A handler that waits for its state.
pub(crate) type ServerBinding<S> = Arc<dyn Fn(&S) -> ServerEndpoint + Send + Sync>;

/// Takes the types from a handler.
pub(crate) fn server_binding<H, M, S>(handler: H) -> ServerBinding<S>
where
    H: ServerEventHandler<M, S>,
    S: Clone + Send + Sync + 'static,
{
    Arc::new(move |state| {
        let bound = Arc::new((handler.clone(), state.clone()));
        Arc::new(move |event| {
            let bound = bound.clone();
            // Nothing of the user's runs before it is polled: that is where a panic is caught.
            Box::pin(async move { bound.0.clone().call(event, &bound.1).await })
        })
    })
}

impl Handlers {
    /// Has the handler of this name, if there is one, handle an event of another server. What comes of it is the answer to
    /// that, if it asked for one and the handler has one; panics are caught, and what goes wrong is logged and counted.
    pub(crate) fn server_event(
        &self,
        io: &SocketIo,
        nsp: &Arc<Nsp>,
        name: &str,
        args: Args,
    ) -> Option<impl Future<Output = Option<Said>> + Send + 'static> {
        let (name, endpoint) = self.server_events.get_key_value(name)?;
        let event = ServerEvent::new(io.clone(), nsp.clone(), name.clone(), args);
        let (io, name, endpoint) = (io.clone(), name.clone(), endpoint.clone());
        Some(async move {
            // The state of a handler that panicked is dropped and never looked at again.
            let answered = AssertUnwindSafe(endpoint(event)).catch_unwind().await;
            answered.unwrap_or_else(|panic| Err(panicked(&*panic))).unwrap_or_else(|error| {
                report(&io, &name, &error);
                // Who asked cannot read that, but need not wait until its time is over.
                side_answer(error.error()).ok()
            })
        })
    }
}

fn panicked(panic: &(dyn Any + Send)) -> HandlerError {
    HandlerError::new(HandlerErrorKind::Panic, ClientError::internal(panic_message(panic)))
}

fn rejected(rejection: impl IntoAckError) -> HandlerError {
    HandlerError::new(HandlerErrorKind::Extractor, rejection.into_ack_error())
}

/// Tells the log of a handler that did not end well.
fn report(io: &SocketIo, event: &str, error: &HandlerError) {
    let message = error.to_string();
    let message = quoted::message(&message);
    match error.kind() {
        HandlerErrorKind::Panic => tracing::error!(event, panic = ?message, "a handler of a server's event panicked"),
        _ => tracing::debug!(event, error = ?message, "a handler of a server's event failed"),
    }
    io.metrics().handler_failed(error.kind());
}

#[cfg(test)]
mod tests;
