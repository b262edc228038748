//! Handlers of a socket's coming and going, of what fails, and the middleware that lets it in.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use pintle_proto::Args;

use super::endpoint::{Binding, Bound, Call};
use super::table::Running;
use super::tuples::all_the_tuples;
use crate::error::{ClientError, HandlerErrorKind, IntoAckError};
use crate::event::EventResponse;
use crate::extract::{EventParts, FromEventParts, InConnect, InDisconnect, InError, InMiddleware, UsableIn};

/// An async function that is called when a socket has connected: up to twelve extractors in, `()` or `Result<(), E>` out.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid connect handler",
    label = "not a connect handler",
    note = "such a handler is an async function whose arguments implement `FromEventParts` (so not `Data<T>`: there is no \
            event) and which returns `()` or `Result<(), E>` where `E: IntoAckError`",
    note = "`pintle::check_handler!(on_connect: the_function)` says what is wrong with it"
)]
pub trait ConnectHandler<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and runs.
    #[doc(hidden)]
    fn call(self, parts: EventParts, state: &S) -> impl Future<Output = EventResponse> + Send;
}

/// An async function that is called when a socket was disconnected: up to twelve extractors in, among them
/// [`DisconnectReason`](crate::DisconnectReason), and `()` or `Result<(), E>` out.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid disconnect handler",
    label = "not a disconnect handler",
    note = "such a handler is an async function whose arguments implement `FromEventParts` (so not `Data<T>`: there is no \
            event) and which returns `()` or `Result<(), E>` where `E: IntoAckError`",
    note = "`pintle::check_handler!(on_disconnect: the_function)` says what is wrong with it"
)]
pub trait DisconnectHandler<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and runs.
    #[doc(hidden)]
    fn call(self, parts: EventParts, state: &S) -> impl Future<Output = EventResponse> + Send;
}

/// An async function that is told of handlers that did not end well: up to twelve extractors in, among them
/// [`HandlerError`](crate::HandlerError), and `()` or `Result<(), E>` out.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid error handler",
    label = "not an error handler",
    note = "such a handler is an async function whose arguments implement `FromEventParts`, among them `HandlerError`, and \
            which returns `()` or `Result<(), E>` where `E: IntoAckError`",
    note = "`pintle::check_handler!(on_error: the_function)` says what is wrong with it"
)]
pub trait ErrorHandler<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and runs.
    #[doc(hidden)]
    fn call(self, parts: EventParts, state: &S) -> impl Future<Output = EventResponse> + Send;
}

/// An async function that decides whether a socket may connect: up to twelve extractors in, `Result<(), E>` out, where `E:`
/// [`IntoAckError`]. Node's `namespace.use`.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid middleware",
    label = "not a middleware",
    note = "a middleware is an async function whose arguments implement `FromEventParts` and which returns `()` or \
            `Result<(), E>` where `E: IntoAckError`",
    note = "`pintle::check_handler!(middleware: the_function)` says what is wrong with it"
)]
pub trait Middleware<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and decides.
    #[doc(hidden)]
    fn call(self, parts: EventParts, state: &S) -> impl Future<Output = EventResponse> + Send;
}

/// An async function that decides whether there is a namespace of the name that a client asks for: up to twelve extractors
/// in, `bool` or `Result<bool, E>` out, where `E:` [`IntoAckError`].
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid predicate of namespaces",
    label = "not a predicate",
    note = "such a predicate is an async function whose arguments implement `FromEventParts` and which returns `bool` or \
            `Result<bool, E>` where `E: IntoAckError`",
    note = "`pintle::check_handler!(dynamic_namespace: the_function)` says what is wrong with it"
)]
pub trait NamespacePredicate<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and decides.
    #[doc(hidden)]
    fn call(self, parts: EventParts, state: &S) -> impl Future<Output = EventResponse> + Send;
}

/// What a middleware and the handlers of connections, disconnections and errors may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned here",
    label = "not an outcome",
    note = "return `()` or `Result<(), E>` where `E: IntoAckError`"
)]
pub trait IntoOutcome {
    /// The error, if it is one.
    #[doc(hidden)]
    fn into_outcome(self) -> Result<(), ClientError>;
}

impl IntoOutcome for () {
    fn into_outcome(self) -> Result<(), ClientError> {
        Ok(())
    }
}

impl<E: IntoAckError> IntoOutcome for Result<(), E> {
    fn into_outcome(self) -> Result<(), ClientError> {
        self.map_err(IntoAckError::into_ack_error)
    }
}

/// What a predicate of namespaces may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no verdict",
    label = "not a verdict",
    note = "return `bool` or `Result<bool, E>` where `E: IntoAckError`"
)]
pub trait IntoVerdict {
    /// Yes, no, or that it could not be found out.
    #[doc(hidden)]
    fn into_verdict(self) -> Result<bool, ClientError>;
}

impl IntoVerdict for bool {
    fn into_verdict(self) -> Result<bool, ClientError> {
        Ok(self)
    }
}

impl<E: IntoAckError> IntoVerdict for Result<bool, E> {
    fn into_verdict(self) -> Result<bool, ClientError> {
        self.map_err(IntoAckError::into_ack_error)
    }
}

/// Implements one of the traits for functions of some arguments.
macro_rules! impl_lifecycle {
    ($handler:ident, $kind:ident, $output:ident, $into:ident, $sum:ident, $(($marker:ident, $ty:ident)),*) => {
        #[expect(non_snake_case, reason = "the names of the types serve for the arguments")]
        impl<F, Fut, S, $($marker, $ty,)*> $handler<($(($marker, $ty),)*), S> for F
        where
            F: FnOnce($($ty,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: $output> + Send,
            S: Sync,
            $($ty: FromEventParts<S, $marker> + Send, $marker: UsableIn<$kind>,)*
        {
            async fn call(self, mut parts: EventParts, state: &S) -> EventResponse {
                $(
                    let $ty = match $ty::from_event_parts(&mut parts, state).await {
                        Ok(value) => value,
                        Err(rejection) => return EventResponse::rejected(rejection.into_ack_error()),
                    };
                )*
                drop(parts);
                $sum(self($($ty,)*).await.$into())
            }
        }
    };
}

/// Implements one of the traits for functions without arguments, and says how its handlers are called.
macro_rules! lifecycle {
    ($handler:ident, $output:ident, $into:ident, $sum:ident, $call:ident, $binding:ident) => {
        impl<F, Fut, S> $handler<((),), S> for F
        where
            F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: $output> + Send,
            S: Sync,
        {
            async fn call(self, _: EventParts, _: &S) -> EventResponse {
                $sum(self().await.$into())
            }
        }

        struct $call<M>(PhantomData<fn() -> M>);

        impl<S: Clone + Send + Sync + 'static> Binding<S> {
            /// A handler that waits for its state.
            pub(crate) fn $binding<H: $handler<M, S>, M: 'static>(handler: H) -> Self {
                Self::new::<H, $call<M>>(handler)
            }
        }

        impl<H: $handler<M, S>, M: 'static, S: Send + Sync + 'static> Call<H, S> for $call<M> {
            fn call(bound: Arc<Bound<H, S, Self>>, parts: EventParts, _: Args) -> Running {
                Box::pin(async move { bound.handler.clone().call(parts, &bound.state).await })
            }
        }
    };
}

macro_rules! impl_connect {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        impl_lifecycle!(ConnectHandler, InConnect, IntoOutcome, into_outcome, outcome, $(($marker, $ty),)* ($last_marker, $last));
    };
}

macro_rules! impl_disconnect {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        impl_lifecycle!(DisconnectHandler, InDisconnect, IntoOutcome, into_outcome, outcome, $(($marker, $ty),)* ($last_marker, $last));
    };
}

macro_rules! impl_error {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        impl_lifecycle!(ErrorHandler, InError, IntoOutcome, into_outcome, outcome, $(($marker, $ty),)* ($last_marker, $last));
    };
}

macro_rules! impl_middleware {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        impl_lifecycle!(Middleware, InMiddleware, IntoOutcome, into_outcome, outcome, $(($marker, $ty),)* ($last_marker, $last));
    };
}

macro_rules! impl_predicate {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        impl_lifecycle!(NamespacePredicate, InMiddleware, IntoVerdict, into_verdict, verdict, $(($marker, $ty),)* ($last_marker, $last));
    };
}

all_the_tuples!(impl_connect);
all_the_tuples!(impl_disconnect);
all_the_tuples!(impl_error);
all_the_tuples!(impl_middleware);
all_the_tuples!(impl_predicate);

lifecycle!(ConnectHandler, IntoOutcome, into_outcome, outcome, CallConnect, connect);
lifecycle!(DisconnectHandler, IntoOutcome, into_outcome, outcome, CallDisconnect, disconnect);
lifecycle!(ErrorHandler, IntoOutcome, into_outcome, outcome, CallError, error);
lifecycle!(Middleware, IntoOutcome, into_outcome, outcome, CallMiddleware, middleware);
lifecycle!(NamespacePredicate, IntoVerdict, into_verdict, verdict, CallPredicate, predicate);

/// What came of it.
fn outcome(outcome: Result<(), ClientError>) -> EventResponse {
    verdict(outcome.map(|()| true))
}

/// What was decided.
fn verdict(verdict: Result<bool, ClientError>) -> EventResponse {
    match verdict {
        Ok(true) => EventResponse::empty(),
        Ok(false) => EventResponse::refusal(),
        Err(error) => EventResponse::failed(HandlerErrorKind::Returned, error),
    }
}
