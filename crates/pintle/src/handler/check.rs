//! Why a function is no handler: what [`check_handler!`](crate::check_handler) expands to.
//!
//! A handler's trait has an impl for every number of arguments, so all that a compiler can say of a function that has none
//! of them is that. Here the function's own signature picks one first, by [`Signature`]; the bounds come after that, each
//! by itself, and the one that does not hold is the one that is reported.

use std::future::Future;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;

use super::event::Sequential;
use super::guard::IntoAdmission;
use super::lifecycle::{IntoOutcome, IntoVerdict};
use super::middleware::IntoEventResponse;
use super::tuples::all_the_tuples;
use crate::event::{EventRequest, IntoReply, Next};
use crate::extract::{
    FromEvent, FromEventParts, FromServerEvent, InConnect, InDisconnect, InError, InEvent, InMiddleware, UsableIn,
    ViaEvent, ViaParts,
};

/// Says which argument, or what of the return type, keeps a function from being a handler.
///
/// Of a function that is no handler the compiler can only say just that. Given to this macro, after the name of the method
/// that does not take it, it gets an error that says why: which argument cannot be extracted, what cannot be returned, or
/// which value keeps its future from being `Send`.
///
/// ```
/// use axum::extract::State;
/// use pintle::{Ack, Data, Socket, SocketIoLayer, check_handler};
///
/// #[derive(Clone)]
/// struct App;
///
/// async fn joined(socket: Socket) {}
/// async fn chat_message(State(app): State<App>, Data(text): Data<String>) -> Ack<usize> {
///     Ack(text.len())
/// }
///
/// check_handler!(on_connect: joined);
/// check_handler!(on: chat_message, state: App);
///
/// // Its value is the handler, so it may also stand in its place.
/// let layer: SocketIoLayer = SocketIoLayer::new()
///     .on("bye", check_handler!(on: async |socket: Socket| socket.disconnect()));
/// # let _ = layer;
/// ```
///
/// With `Data` before the last argument, for example, it says that `Data<String>` cannot be extracted there:
///
/// ```compile_fail
/// # use pintle::{Data, Socket};
/// async fn chat_message(Data(text): Data<String>, socket: Socket) {}
///
/// pintle::check_handler!(on: chat_message);
/// ```
///
/// The methods are `on` (for `once`, `on_any` and `fallback` too), `on_connect`, `on_disconnect`, `on_error`, `middleware`,
/// `event_middleware`, `on_server_event`, `dynamic_namespace` and `allow_request`. The state is `()`, unless another is named.
///
/// Nothing is left of it in the program, so it may stay there.
#[macro_export]
macro_rules! check_handler {
    ($method:ident: $handler:expr $(,)?) => {
        $crate::check_handler!($method: $handler, state: ())
    };
    (event_middleware: $handler:expr, state: $state:ty $(,)?) => {
        $crate::__check::Function::around_events($handler, ::core::marker::PhantomData::<$state>).event_middleware()
    };
    ($method:ident: $handler:expr, state: $state:ty $(,)?) => {
        $crate::__check::Function::new($handler, ::core::marker::PhantomData::<$state>).$method()
    };
}

/// A function `F` of the signature `A`, to be called with the state `S`.
#[derive(Debug)]
pub struct Function<F, S, A> {
    function: F,
    state: PhantomData<S>,
    signature: PhantomData<A>,
}

impl<F: Clone + Send + Sync + 'static, S, A> Function<F, S, A> {
    /// Of any kind but a middleware of events.
    pub fn new(function: F, state: PhantomData<S>) -> Self
    where
        F: Signature<A>,
    {
        Self { function, state, signature: PhantomData }
    }

    /// A middleware of events: it may have two arguments more.
    pub fn around_events(function: F, state: PhantomData<S>) -> Self
    where
        F: SignatureAroundEvents<A>,
    {
        Self { function, state, signature: PhantomData }
    }
}

/// A function that can be called with the arguments of `A`, a type such as `fn(T1, T2) -> Fut`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no function of at most twelve arguments",
    label = "not a function, or one of too many arguments",
    note = "several values can be extracted at once: `Data<(A, B)>` takes two arguments of an event, and a type of one's own \
            can implement `FromEventParts`"
)]
pub trait Signature<A> {}

#[diagnostic::do_not_recommend]
impl<H: Signature<A>, A> Signature<A> for Sequential<H> {}

/// The same for a middleware of events.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no function of at least two arguments, and at most twelve more",
    label = "not such a function",
    note = "a middleware of events takes up to twelve extractors, then `EventRequest`, then `Next`"
)]
pub trait SignatureAroundEvents<A> {}

/// Any argument but the last of an event handler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted here",
    label = "an argument cannot be extracted",
    note = "it must implement `FromEventParts<{S}>`: `Socket`, `SocketIo`, `Auth`, `Params`, or an axum extractor that needs \
            no body",
    note = "`Data<T>` and `Args` can only be the last argument of an event handler",
    note = "the state is `{S}`: `State<T>` needs a `T` that is it or implements `FromRef<{S}>`, and \
            `check_handler!(.., state: T)` checks with another",
    note = "extractors are taken by value: `Socket`, not `&Socket`"
)]
pub trait Argument<S, M> {}

#[diagnostic::do_not_recommend]
impl<T: FromEventParts<S, M>, S, M> Argument<S, M> for T {}

/// The last argument of an event handler.
///
/// It names the ways of [`FromEvent`] one by one, so that what is only not there in events is left to [`ThereIn`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from an event",
    label = "the last argument cannot be extracted",
    note = "it must implement `FromEvent<{S}>` or `FromEventParts<{S}>`: for what the client sent use `Data<T>`, where `T` \
            must implement `serde::de::DeserializeOwned`",
    note = "the state is `{S}`: `State<T>` needs a `T` that is it or implements `FromRef<{S}>`, and \
            `check_handler!(.., state: T)` checks with another",
    note = "extractors are taken by value: `Socket`, not `&Socket`"
)]
pub trait LastArgument<S, M> {}

#[diagnostic::do_not_recommend]
impl<T: FromEvent<S>, S> LastArgument<S, ViaEvent> for T {}

#[diagnostic::do_not_recommend]
impl<T: FromEventParts<S, M>, S, M> LastArgument<S, ViaParts<M>> for T {}

/// An argument of a guard of requests.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from a request",
    label = "an argument cannot be extracted",
    note = "it must be an axum extractor that needs no body: it must implement `FromRequestParts<{S}>`",
    note = "the state is `{S}`: `State<T>` needs a `T` that is it or implements `FromRef<{S}>`, and \
            `check_handler!(.., state: T)` checks with another"
)]
pub trait RequestArgument<S> {}

#[diagnostic::do_not_recommend]
impl<T: FromRequestParts<S>, S> RequestArgument<S> for T {}

/// An argument of a handler of events of servers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from an event of another server",
    label = "an argument cannot be extracted",
    note = "it must implement `FromServerEvent<{S}>`: `SocketIo`, `State`, `Data`, `Args`, `Params` or `ServerEvent`; no \
            client has to do with it, so there is no `Socket` and no request",
    note = "the state is `{S}`: `State<T>` needs a `T` that is it or implements `FromRef<{S}>`, and \
            `check_handler!(.., state: T)` checks with another"
)]
pub trait ServerArgument<S> {}

#[diagnostic::do_not_recommend]
impl<T: FromServerEvent<S>, S> ServerArgument<S> for T {}

/// An argument that there is in handlers of the kind `K`.
#[diagnostic::on_unimplemented(
    message = "there is no `{Self}` in a handler of this kind",
    label = "an argument that is not there",
    note = "`Event` and `AckSender` are there in event handlers and their middleware, `DisconnectReason` in disconnect \
            handlers, and `HandlerError` in error handlers"
)]
pub trait ThereIn<K, M> {}

#[diagnostic::do_not_recommend]
impl<T, K, M: UsableIn<K>> ThereIn<K, M> for T {}

#[diagnostic::do_not_recommend]
impl<T, M: UsableIn<InEvent>> ThereIn<InEvent, ViaParts<M>> for T {}

/// An argument that can only be of one type.
#[diagnostic::on_unimplemented(
    message = "this argument must be `{T}`, and is `{Self}`",
    label = "not an argument that is expected here",
    note = "the last two arguments of a middleware of events are `EventRequest` and `Next`, in this order"
)]
pub trait Is<T> {}

impl<T> Is<T> for T {}

/// What a handler returns: a future of a `T`.
#[diagnostic::on_unimplemented(
    message = "a handler must be async, and this one returns `{Self}`",
    label = "not async",
    note = "make it an `async fn` or an async closure, or have it return a future"
)]
pub trait Async<T> {}

#[diagnostic::do_not_recommend]
impl<F: Future<Output = T>, T> Async<T> for F {}

/// One of the methods for which a function can be checked, where all arguments are alike.
macro_rules! check {
    ($method:ident, $kind:ident, $output:ident $(, ($marker:ident, $ty:ident))*) => {
        pub fn $method<$($marker,)* Output>(self) -> F
        where
            $($ty: Argument<S, $marker> + ThereIn<$kind, $marker> + Send,)*
            Fut: Async<Output> + Send,
            Output: $output,
        {
            self.function
        }
    };
}

macro_rules! impl_event_middleware {
    ($(($marker:ident, $ty:ident)),*) => {
        #[diagnostic::do_not_recommend]
        impl<F, Fut, $($ty,)* R, N> SignatureAroundEvents<fn($($ty,)* R, N) -> Fut> for F
        where
            F: FnOnce($($ty,)* R, N) -> Fut,
        {
        }

        impl<F, S, Fut, $($ty,)* R, N> Function<F, S, fn($($ty,)* R, N) -> Fut> {
            pub fn event_middleware<$($marker,)* Output>(self) -> F
            where
                $($ty: Argument<S, $marker> + ThereIn<InEvent, $marker> + Send,)*
                R: Is<EventRequest>,
                N: Is<Next>,
                Fut: Async<Output> + Send,
                Output: IntoEventResponse,
            {
                self.function
            }
        }
    };
}

macro_rules! impl_function {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        #[diagnostic::do_not_recommend]
        impl<F, Fut, $($ty,)* $last> Signature<fn($($ty,)* $last) -> Fut> for F
        where
            F: FnOnce($($ty,)* $last) -> Fut,
        {
        }

        impl<F, S, Fut, $($ty,)* $last> Function<F, S, fn($($ty,)* $last) -> Fut> {
            pub fn on<$($marker,)* $last_marker, Output>(self) -> F
            where
                $($ty: Argument<S, $marker> + ThereIn<InEvent, $marker> + Send,)*
                $last: LastArgument<S, $last_marker> + ThereIn<InEvent, $last_marker> + Send,
                Fut: Async<Output> + Send,
                Output: IntoReply,
            {
                self.function
            }

            pub fn allow_request<Output>(self) -> F
            where
                $($ty: RequestArgument<S> + Send,)*
                $last: RequestArgument<S> + Send,
                Fut: Async<Output> + Send,
                Output: IntoAdmission,
            {
                self.function
            }

            pub fn on_server_event<Output>(self) -> F
            where
                $($ty: ServerArgument<S> + Send,)*
                $last: ServerArgument<S> + Send,
                Fut: Async<Output> + Send,
                Output: IntoReply,
            {
                self.function
            }

            check!(on_connect, InConnect, IntoOutcome $(, ($marker, $ty))*, ($last_marker, $last));
            check!(on_disconnect, InDisconnect, IntoOutcome $(, ($marker, $ty))*, ($last_marker, $last));
            check!(on_error, InError, IntoOutcome $(, ($marker, $ty))*, ($last_marker, $last));
            check!(middleware, InMiddleware, IntoOutcome $(, ($marker, $ty))*, ($last_marker, $last));
            check!(dynamic_namespace, InMiddleware, IntoVerdict $(, ($marker, $ty))*, ($last_marker, $last));
        }

        impl_event_middleware!($(($marker, $ty),)* ($last_marker, $last));
    };
}

all_the_tuples!(impl_function);

#[diagnostic::do_not_recommend]
impl<F: FnOnce() -> Fut, Fut> Signature<fn() -> Fut> for F {}

impl<F, S, Fut> Function<F, S, fn() -> Fut> {
    check!(on, InEvent, IntoReply);
    check!(on_server_event, InEvent, IntoReply);
    check!(on_connect, InConnect, IntoOutcome);
    check!(on_disconnect, InDisconnect, IntoOutcome);
    check!(on_error, InError, IntoOutcome);
    check!(middleware, InMiddleware, IntoOutcome);
    check!(dynamic_namespace, InMiddleware, IntoVerdict);
    check!(allow_request, InMiddleware, IntoAdmission);
}

impl_event_middleware!();
