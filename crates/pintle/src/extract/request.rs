//! axum's extractors over the request that opened the connection.

use std::any::{Any, TypeId, type_name};

use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use http::{Request, StatusCode};

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
        let extracted = if asks_for_state_only::<T>() {
            let (mut nothing, ()) = Request::new(()).into_parts();
            T::from_request_parts(&mut nothing, state).await
        } else {
            T::from_request_parts(parts.request(), state).await
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

/// Whether `T` is axum's `State`, which looks at nothing but the state: then no request is put together for it.
///
/// What is inside of it is anybody's type, so all there is to go by is its name. Should that change one day, state costs as
/// much as headers do, and nothing else happens.
fn asks_for_state_only<T>() -> bool {
    type_name::<T>().starts_with("axum::extract::state::State<")
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
    fn state_is_known_by_its_name() {
        assert!(asks_for_state_only::<axum::extract::State<String>>());
        assert!(!asks_for_state_only::<axum::extract::Query<String>>());
    }
}
