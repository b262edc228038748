//! What puts a client on each new session.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use axum::extract::{ConnectInfo, OriginalUri};
use http::Uri;
use http::request::Parts;
use pintle_transport::{Admission, Protocol, SessionHandle};

use super::dispatch::Client;
use crate::handler::Guard;
use crate::io::SocketIo;

/// Puts Socket.IO on the sessions of an engine.
#[derive(Clone)]
pub(crate) struct Wire {
    io: SocketIo,
    guard: Option<Guard<()>>,
}

impl Wire {
    pub(crate) const fn new(io: SocketIo, guard: Option<Guard<()>>) -> Self {
        Self { io, guard }
    }
}

impl Protocol for Wire {
    type Connection = Client;

    /// Takes out what axum's router leaves with a request and a session would keep: a URI that is a slice of hyper's read
    /// buffer, and would keep all 16 KiB of it. Where it tells more than the request's own URI, a copy of it stays.
    fn prepare(&self, request: &mut Parts) {
        if let Some(OriginalUri(original)) = request.extensions.remove()
            && original != request.uri
            && let Ok(copy) = Uri::try_from(original.to_string())
        {
            request.extensions.insert(OriginalUri(copy));
        }
    }

    fn admit(&self, request: &Parts) -> Option<Admission> {
        let guard = self.guard.as_ref()?;
        let mut parts = request.clone();
        parts.extensions.insert(self.io.clone());
        Some(guard(&(), parts))
    }

    fn address(&self, request: &Parts) -> Option<IpAddr> {
        request.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip())
    }

    fn connect(&self, session: SessionHandle, now: Instant) -> Client {
        Client::new(self.io.clone(), session, now)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("io", &self.io).field("guarded", &self.guard.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::layer::SocketIoLayer;

    /// The original URI that is left in the head of a request for `/socket.io/`.
    fn prepared(original: &Uri) -> Option<Uri> {
        let request = Request::get("/socket.io/").extension(OriginalUri(original.clone()));
        let mut parts = request.body(()).unwrap().into_parts().0;
        let layer: SocketIoLayer = SocketIoLayer::new();
        Wire::new(layer.io(), None).prepare(&mut parts);
        parts.extensions.remove().map(|OriginalUri(uri)| uri)
    }

    #[test]
    fn the_uri_that_axum_leaves_is_not_kept() {
        assert_eq!(prepared(&Uri::from_static("/socket.io/")), None);
        let outer = Uri::from_static("/chat/socket.io/");
        let copy = prepared(&outer).unwrap();
        assert_eq!(copy, outer);
        assert_ne!(copy.path().as_ptr(), outer.path().as_ptr(), "it is not a slice of the same buffer");
    }
}
