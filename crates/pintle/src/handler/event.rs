//! Handlers of events.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use pintle_proto::Args;

use super::endpoint::{Binding, Bound, Call};
use super::table::Running;
use super::tuples::all_the_tuples;
use crate::error::IntoAckError;
use crate::event::{EventResponse, IntoReply};
use crate::extract::{EventParts, FromEvent, FromEventParts, InEvent, UsableIn};

/// An async function that handles an event: up to twelve extractors in, an [answer](IntoReply) out.
///
/// The last argument may be [`Data`](crate::Data) or another [`FromEvent`], which takes the arguments of the event; those
/// before it are [`FromEventParts`].
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. When the compiler says that it is
/// not implemented for a function of yours, [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a valid event handler",
    label = "not an event handler",
    note = "an event handler is an async function whose arguments are extractors (the last may be `Data<T>`, the others \
            must implement `FromEventParts`) and which returns `()`, `Ack<T>` or a `Result` of these",
    note = "`pintle::check_handler!(on: the_function)` says what is wrong with it"
)]
pub trait EventHandler<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Whether events of this name run strictly one after another.
    #[doc(hidden)]
    const SEQUENTIAL: bool = false;

    /// Extracts, runs, and answers.
    #[doc(hidden)]
    fn call(self, parts: EventParts, args: Args, state: &S) -> impl Future<Output = EventResponse> + Send;
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

    async fn call(self, parts: EventParts, args: Args, state: &S) -> EventResponse {
        self.0.call(parts, args, state).await
    }
}

impl<F, Fut, S> EventHandler<((),), S> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoReply> + Send,
    S: Sync,
{
    async fn call(self, parts: EventParts, args: Args, _: &S) -> EventResponse {
        if let Err(malformed) = args.validate() {
            return EventResponse::rejected(malformed.into());
        }
        self().await.into_response(&parts.into_ack())
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
            $($ty: FromEventParts<S, $marker> + Send, $marker: UsableIn<InEvent>,)*
            $last: FromEvent<S, $last_marker> + Send,
        {
            async fn call(self, mut parts: EventParts, args: Args, state: &S) -> EventResponse {
                $(
                    let $ty = match $ty::from_event_parts(&mut parts, state).await {
                        Ok(value) => value,
                        Err(rejection) => {
                            let malformed = args.validate().err().map(Into::into);
                            return EventResponse::rejected(malformed.unwrap_or_else(|| rejection.into_ack_error()));
                        }
                    };
                )*
                let $last = match $last::from_event(&mut parts, args, state).await {
                    Ok(value) => value,
                    Err(rejection) => return EventResponse::rejected(rejection.into_ack_error()),
                };
                let sender = parts.into_ack();
                self($($ty,)* $last).await.into_response(&sender)
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
