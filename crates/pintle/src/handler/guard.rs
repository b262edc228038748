//! What decides whether a client may connect at all, before there is a session.

use std::future::Future;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use http::request::Parts;
use pintle_transport::{Admission, Refusal};

use super::tuples::all_the_tuples;
use crate::error::IntoAckError;

/// An async function that decides whether a client may connect at all: up to twelve of axum's extractors in, `bool` or
/// `Result<(), E>` out, where `E:` [`IntoAckError`]. Node's `allowRequest`.
///
/// It is implemented for functions and closures, and not meant to be implemented by hand. Where it is not,
/// [`check_handler!`](crate::check_handler) tells why.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot decide on requests",
    label = "not a guard of requests",
    note = "it must be an async function whose arguments are axum extractors that need no body, and which returns `bool` or \
            `Result<(), E>` where `E: IntoAckError`",
    note = "`pintle::check_handler!(allow_request: the_function)` says what is wrong with it"
)]
pub trait RequestGuard<M, S>: Clone + Send + Sync + Sized + 'static {
    /// Extracts and decides.
    #[doc(hidden)]
    fn call(self, parts: Parts, state: &S) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// What a guard of requests may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no admission",
    label = "not an admission",
    note = "return `bool` or `Result<(), E>` where `E: IntoAckError`"
)]
pub trait IntoAdmission {
    /// The refusal, if it is one.
    #[doc(hidden)]
    fn into_admission(self) -> Result<(), Refusal>;
}

impl IntoAdmission for bool {
    fn into_admission(self) -> Result<(), Refusal> {
        if self { Ok(()) } else { Err(Refusal::default()) }
    }
}

impl<E: IntoAckError> IntoAdmission for Result<(), E> {
    fn into_admission(self) -> Result<(), Refusal> {
        self.map_err(|error| Refusal::new(error.into_ack_error().message().to_owned()))
    }
}

impl<F, Fut, S> RequestGuard<((),), S> for F
where
    F: FnOnce() -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoAdmission> + Send,
    S: Sync,
{
    async fn call(self, _: Parts, _: &S) -> Result<(), Refusal> {
        self().await.into_admission()
    }
}

macro_rules! impl_request_guard {
    ([$(($marker:ident, $ty:ident)),*], ($last_marker:ident, $last:ident)) => {
        #[expect(non_snake_case, reason = "the names of the types serve for the arguments")]
        impl<F, Fut, S, $($ty,)* $last> RequestGuard<(($($ty,)* $last,),), S> for F
        where
            F: FnOnce($($ty,)* $last) -> Fut + Clone + Send + Sync + 'static,
            Fut: Future<Output: IntoAdmission> + Send,
            S: Sync,
            $($ty: FromRequestParts<S> + Send,)*
            $last: FromRequestParts<S> + Send,
        {
            async fn call(self, mut parts: Parts, state: &S) -> Result<(), Refusal> {
                $(let $ty = $ty::from_request_parts(&mut parts, state).await.map_err(refusal)?;)*
                let $last = $last::from_request_parts(&mut parts, state).await.map_err(refusal)?;
                self($($ty,)* $last).await.into_admission()
            }
        }
    };
}

all_the_tuples!(impl_request_guard);

/// An extractor has refused: its status says it all.
fn refusal(rejection: impl IntoResponse) -> Refusal {
    let status = rejection.into_response().status();
    status.canonical_reason().map_or_else(Refusal::default, Refusal::new)
}

/// A guard without its types, which waits for its state.
pub(crate) type Guard<S> = Arc<dyn Fn(&S, Parts) -> Admission + Send + Sync>;

/// Takes the types from a guard.
pub(crate) fn guard<H, M, S>(handler: H) -> Guard<S>
where
    H: RequestGuard<M, S>,
    S: Clone + Send + Sync + 'static,
{
    Arc::new(move |state, parts| {
        let (handler, state) = (handler.clone(), state.clone());
        Box::pin(async move { handler.call(parts, &state).await })
    })
}
