//! Handlers of events.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use pintle_proto::Args;

use super::endpoint::Binding;
use super::endpoint::{Bound, Call};
use super::table::Running;
use super::tuples::all_the_tuples;
use crate::ack::IntoReply;
use crate::error::ClientError;
use crate::extract::{EventParts, FromEvent, FromEventParts};

/// An async function that handles an event: up to twelve extractors in, an [answer](IntoReply) out.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid event handler",
    label = "not an event handler",
    note = "an event handler is an async function whose arguments are extractors (the last may be `Data<T>`, the others \
            must implement `FromEventParts`) and which returns `()`, `Ack<T>` or a `Result` of these"
)]
pub trait EventHandler<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Whether events of this name run strictly one after another.
    #[doc(hidden)]
    const SEQUENTIAL: bool = false;

    /// Extracts, runs, and answers.
    #[doc(hidden)]
    fn call(self, parts: EventParts, args: Args, state: &S) -> impl Future<Output = Result<(), ClientError>> + Send;
}

/// Has events of this name, of one socket, run strictly one after another, each to its end. The default is that they
/// start in order and may overlap where they wait.
///
/// ```
/// use pintle::{Data, SocketIoLayer, sequential};
///
/// async fn transfer(Data(amount): Data<u64>) {}
///
/// let layer: SocketIoLayer = SocketIoLayer::new().on("transfer", sequential(transfer));
/// # let _ = layer;
/// ```
pub const fn sequential<H>(handler: H) -> Sequential<H> {
    Sequential(handler)
}

/// See [`sequential`].
#[derive(Clone, Copy, Debug)]
pub struct Sequential<H>(H);

#[diagnostic::do_not_recommend]
impl<H: EventHandler<M, S>, M, S: Sync> EventHandler<M, S> for Sequential<H> {
    const SEQUENTIAL: bool = true;

    async fn call(self, parts: EventParts, args: Args, state: &S) -> Result<(), ClientError> {
        self.0.call(parts, args, state).await
    }
}

impl<F, Fut, S> EventHandler<((),), S> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoReply> + Send,
    S: Sync,
{
    async fn call(self, parts: EventParts, args: Args, _: &S) -> Result<(), ClientError> {
        args.validate()?;
        self().await.reply(parts.into_ack())
    }
}

macro_rules! impl_event_handler {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        #[expect(non_snake_case, reason = "the names of the types serve for the arguments")]
        impl<F, Fut, S, $($marker, $ty,)* $last_marker, $last> EventHandler<($(($marker, $ty),)* $last_marker, $last), S> for F
        where
            F: FnOnce($($ty,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoReply> + Send,
            S: Sync,
            $($ty: FromEventParts<S, $marker> + Send,)*
            $last: FromEvent<S, $last_marker> + Send,
        {
            async fn call(self, mut parts: EventParts, args: Args, state: &S) -> Result<(), ClientError> {
                let ack = parts.ack();
                $(
                    let $ty = match $ty::from_event_parts(&mut parts, state).await {
                        Ok(value) => value,
                        Err(rejection) => {
                            args.validate()?;
                            return parts.reject(ack, rejection);
                        }
                    };
                )*
                let $last = match $last::from_event(&mut parts, args, state).await {
                    Ok(value) => value,
                    Err(rejection) => return parts.reject(ack, rejection),
                };
                let sender = parts.into_ack();
                self($($ty,)* $last).await.reply(sender)
            }
        }
    };
}

all_the_tuples!(impl_event_handler);

/// How event handlers are called.
struct CallEvent<M>(PhantomData<fn() -> M>);

impl<S: Clone + Send + Sync + 'static> Binding<S> {
    /// An event handler that waits for its state.
    pub(crate) fn event<H: EventHandler<M, S>, M: 'static>(handler: H) -> Self {
        Self::new::<H, CallEvent<M>>(handler)
    }
}

impl<H: EventHandler<M, S>, M: 'static, S: Send + Sync + 'static> Call<H, S> for CallEvent<M> {
    fn call(bound: Arc<Bound<H, S, Self>>, parts: EventParts, args: Args) -> Running {
        Box::pin(async move { bound.handler.clone().call(parts, args, &bound.state).await })
    }
}
