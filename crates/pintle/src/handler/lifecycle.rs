//! Handlers of a socket's coming and going, and the middleware that lets it in.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use pintle_proto::Args;

use super::endpoint::Binding;
use super::endpoint::{Bound, Call};
use super::table::Running;
use super::tuples::all_the_tuples;
use crate::error::{ClientError, IntoAckError, IntoConnectError};
use crate::extract::{EventParts, FromEventParts};

/// An async function that is called when a socket has connected or was disconnected: up to twelve extractors in, `()` or
/// `Result<(), E>` out.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid connect or disconnect handler",
    label = "not a connect or disconnect handler",
    note = "such a handler is an async function whose arguments implement `FromEventParts` (so not `Data<T>`: there is no \
            event) and which returns `()` or `Result<(), E>` where `E: IntoAckError`"
)]
pub trait ConnectHandler<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and runs.
    #[doc(hidden)]
    fn call(self, parts: EventParts, state: &S) -> impl Future<Output = Result<(), ClientError>> + Send;
}

/// An async function that decides whether a socket may connect: up to twelve extractors in, `Result<(), E>` out, where `E:`
/// [`IntoConnectError`]. Node's `namespace.use`.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid middleware",
    label = "not a middleware",
    note = "a middleware is an async function whose arguments implement `FromEventParts` and which returns `()` or \
            `Result<(), E>` where `E: IntoConnectError`"
)]
pub trait Middleware<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and decides.
    #[doc(hidden)]
    fn call(self, parts: EventParts, state: &S) -> impl Future<Output = Result<(), ClientError>> + Send;
}

/// What a connect or disconnect handler may return.
pub trait IntoLifecycle {
    /// The error to report, if it is one.
    #[doc(hidden)]
    fn into_lifecycle(self) -> Result<(), ClientError>;
}

impl IntoLifecycle for () {
    fn into_lifecycle(self) -> Result<(), ClientError> {
        Ok(())
    }
}

impl<E: IntoAckError> IntoLifecycle for Result<(), E> {
    fn into_lifecycle(self) -> Result<(), ClientError> {
        self.map_err(IntoAckError::into_ack_error)
    }
}

/// What a middleware may return.
pub trait IntoVerdict {
    /// The error to refuse with, if it is one.
    #[doc(hidden)]
    fn into_verdict(self) -> Result<(), ClientError>;
}

impl IntoVerdict for () {
    fn into_verdict(self) -> Result<(), ClientError> {
        Ok(())
    }
}

impl<E: IntoConnectError> IntoVerdict for Result<(), E> {
    fn into_verdict(self) -> Result<(), ClientError> {
        self.map_err(IntoConnectError::into_connect_error)
    }
}

/// Implements one of the two traits for functions of some arguments.
macro_rules! impl_lifecycle {
    ($handler:ident, $output:ident, $into:ident, $(($marker:ident, $ty:ident)),*) => {
        #[expect(non_snake_case, reason = "the names of the types serve for the arguments")]
        impl<F, Fut, S, $($marker, $ty,)*> $handler<($(($marker, $ty),)*), S> for F
        where
            F: FnOnce($($ty,)*) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: $output> + Send,
            S: Sync,
            $($ty: FromEventParts<S, $marker> + Send,)*
        {
            async fn call(self, mut parts: EventParts, state: &S) -> Result<(), ClientError> {
                $(
                    let $ty = $ty::from_event_parts(&mut parts, state).await.map_err(IntoAckError::into_ack_error)?;
                )*
                drop(parts);
                self($($ty,)*).await.$into()
            }
        }
    };
}

macro_rules! impl_connect_handler {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        impl_lifecycle!(ConnectHandler, IntoLifecycle, into_lifecycle, $(($marker, $ty),)* ($last_marker, $last));
    };
}

macro_rules! impl_middleware {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        impl_lifecycle!(Middleware, IntoVerdict, into_verdict, $(($marker, $ty),)* ($last_marker, $last));
    };
}

impl<F, Fut, S> ConnectHandler<((),), S> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoLifecycle> + Send,
    S: Sync,
{
    async fn call(self, _: EventParts, _: &S) -> Result<(), ClientError> {
        self().await.into_lifecycle()
    }
}

impl<F, Fut, S> Middleware<((),), S> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoVerdict> + Send,
    S: Sync,
{
    async fn call(self, _: EventParts, _: &S) -> Result<(), ClientError> {
        self().await.into_verdict()
    }
}

all_the_tuples!(impl_connect_handler);
all_the_tuples!(impl_middleware);

/// How connect and disconnect handlers are called.
struct CallConnect<M>(PhantomData<fn() -> M>);

/// How middleware is called.
struct CallMiddleware<M>(PhantomData<fn() -> M>);

impl<S: Clone + Send + Sync + 'static> Binding<S> {
    /// A connect or disconnect handler that waits for its state.
    pub(crate) fn connect<H: ConnectHandler<M, S>, M: 'static>(handler: H) -> Self {
        Self::new::<H, CallConnect<M>>(handler)
    }

    /// A middleware that waits for its state.
    pub(crate) fn middleware<H: Middleware<M, S>, M: 'static>(handler: H) -> Self {
        Self::new::<H, CallMiddleware<M>>(handler)
    }
}

impl<H: ConnectHandler<M, S>, M: 'static, S: Send + Sync + 'static> Call<H, S> for CallConnect<M> {
    fn call(bound: Arc<Bound<H, S, Self>>, parts: EventParts, _: Args) -> Running {
        Box::pin(async move { bound.handler.clone().call(parts, &bound.state).await })
    }
}

impl<H: Middleware<M, S>, M: 'static, S: Send + Sync + 'static> Call<H, S> for CallMiddleware<M> {
    fn call(bound: Arc<Bound<H, S, Self>>, parts: EventParts, _: Args) -> Running {
        Box::pin(async move { bound.handler.clone().call(parts, &bound.state).await })
    }
}
