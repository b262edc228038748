//! What puts a client on each new session.

use std::fmt;
use std::time::Instant;

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

    fn admit(&self, request: &Parts) -> Option<Admission> {
        let guard = self.guard.as_ref()?;
        let mut parts = request.clone();
        parts.extensions.insert(self.io.clone());
        Some(guard(&(), parts))
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
