//! Extractors of what may be missing, or may be wrong.

use std::convert::Infallible;
use std::future::Future;

use pintle_proto::Args;
use serde::de::DeserializeOwned;

use super::{Auth, Data, EventParts, FromEvent, FromEventParts, ViaEvent};
use crate::error::{ClientError, IntoAckError};

/// Extracts what may be missing: `Option<T>` is an extractor for every `T` that is this.
///
/// As with axum's, something that is there but wrong still refuses; whoever wants to go on all the same extracts a
/// `Result<T, T::Rejection>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted as an `Option`",
    label = "not an optional extractor",
    note = "implement `OptionalFromEventParts<{S}>` for it, or extract a `Result<T, T::Rejection>`"
)]
pub trait OptionalFromEventParts<S>: Sized {
    /// What the client is told if there is something, but not what is wanted.
    type Rejection: IntoAckError;

    /// Extracts, or says that there is nothing, or that it is wrong.
    fn from_event_parts(
        parts: &mut EventParts,
        state: &S,
    ) -> impl Future<Output = Result<Option<Self>, Self::Rejection>> + Send;
}

impl<S: Sync, T: OptionalFromEventParts<S>> FromEventParts<S> for Option<T> {
    type Rejection = T::Rejection;

    async fn from_event_parts(parts: &mut EventParts, state: &S) -> Result<Self, T::Rejection> {
        T::from_event_parts(parts, state).await
    }
}

/// `None` if the client said nothing for itself, or `{}`.
impl<S: Sync, T: DeserializeOwned> OptionalFromEventParts<S> for Auth<T> {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Option<Self>, ClientError> {
        match parts.socket().auth_json() {
            "{}" => Ok(None),
            _ => parts.socket().auth().map(|auth| Some(Self(auth))),
        }
    }
}

/// `None` if the client sent no argument. One that is there must be a `T`.
impl<S: Sync, T: DeserializeOwned> FromEvent<S> for Option<Data<T>> {
    type Rejection = ClientError;

    async fn from_event(_: &mut EventParts, args: Args, _: &S) -> Result<Self, ClientError> {
        if args.is_empty() { Ok(None) } else { Ok(Some(Data(args.deserialize()?))) }
    }
}

/// What was extracted, or why not: the handler is called in both cases.
impl<S: Sync, T: FromEventParts<S>> FromEventParts<S> for Result<T, T::Rejection> {
    type Rejection = Infallible;

    async fn from_event_parts(parts: &mut EventParts, state: &S) -> Result<Self, Infallible> {
        Ok(T::from_event_parts(parts, state).await)
    }
}

/// What was extracted, or why not: the handler is called in both cases, unless the client did not even send JSON.
impl<S, T> FromEvent<S, ViaEvent> for Result<T, T::Rejection>
where
    S: Sync,
    T: FromEvent<S>,
{
    type Rejection = ClientError;

    async fn from_event(parts: &mut EventParts, args: Args, state: &S) -> Result<Self, ClientError> {
        args.validate()?;
        Ok(T::from_event(parts, args, state).await)
    }
}
