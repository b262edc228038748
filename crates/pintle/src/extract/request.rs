//! axum's extractors over the request that opened the connection.

use std::any::{Any, TypeId, type_name};

use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use http::request::Parts;
use http::{Extensions, Request, StatusCode};

use super::{EventParts, FromEventParts, ViaRequest};
use crate::error::{ClientError, IntoAckError};
use crate::io::SocketIo;

#[diagnostic::do_not_recommend]
impl<S, T> FromEventParts<S, ViaRequest> for T
where
    T: FromRequestParts<S> + 'static,
    S: Sync,
{
    type Rejection = RequestRejection;

    async fn from_event_parts(parts: &mut EventParts, state: &S) -> Result<Self, RequestRejection> {
        if let Some(io) = the_server(|| parts.socket().io().clone()) {
            return Ok(io);
        }
        let extracted = match asks_for::<T>() {
            Asks::State => T::from_request_parts(&mut bare(Extensions::new()), state).await,
            Asks::Extension => T::from_request_parts(&mut bare(parts.extensions()), state).await,
            Asks::Request => T::from_request_parts(parts.request(), state).await,
        };
        extracted.map_err(|rejection| {
            let status = rejection.into_response().status();
            tracing::debug!(extractor = type_name::<T>(), %status, "an axum extractor refused the handshake");
            RequestRejection(status)
        })
    }
}

/// The server, if `T` is that: it need not be looked for in a request.
fn the_server<T: 'static>(io: impl FnOnce() -> SocketIo) -> Option<T> {
    if TypeId::of::<T>() != TypeId::of::<SocketIo>() {
        return None;
    }
    let mut io = Some(io());
    (&mut io as &mut dyn Any).downcast_mut::<Option<T>>()?.take()
}

/// What of a request an extractor looks at.
#[derive(Debug, PartialEq)]
enum Asks {
    State,
    Extension,
    Request,
}

/// axum's `State` looks at nothing but the state, and its `Extension` at nothing but the extensions: for them no request is
/// put together.
///
/// What is inside of them is anybody's type, so all there is to go by is the name. Should that change one day, they cost as
/// much as headers do, and nothing else happens.
fn asks_for<T>() -> Asks {
    let name = type_name::<T>();
    if name.starts_with("axum::extract::state::State<") {
        Asks::State
    } else if name.starts_with("axum::extension::Extension<") {
        Asks::Extension
    } else {
        Asks::Request
    }
}

/// The head of a request that has nothing but extensions.
fn bare(extensions: Extensions) -> Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.extensions = extensions;
    parts
}

/// An axum extractor did not find what it looks for in the request that opened the connection.
#[derive(Clone, Copy, Debug)]
pub struct RequestRejection(StatusCode);

impl RequestRejection {
    /// The status with which the extractor would have answered.
    pub const fn status(&self) -> StatusCode {
        self.0
    }
}

impl IntoAckError for RequestRejection {
    fn into_ack_error(self) -> ClientError {
        ClientError::new(self.0.canonical_reason().unwrap_or("Rejected"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_request_is_known_by_its_name() {
        assert_eq!(asks_for::<axum::extract::State<String>>(), Asks::State);
        assert_eq!(asks_for::<axum::Extension<String>>(), Asks::Extension);
        assert_eq!(asks_for::<axum::extract::Query<String>>(), Asks::Request);
    }
}
