//! What puts a client on each new session.

use std::time::Instant;

use pintle_transport::{Protocol, SessionHandle};

use super::dispatch::Client;
use crate::io::SocketIo;

/// Puts Socket.IO on the sessions of an engine.
#[derive(Clone, Debug)]
pub(crate) struct Wire(SocketIo);

impl Wire {
    pub(crate) const fn new(io: SocketIo) -> Self {
        Self(io)
    }
}

impl Protocol for Wire {
    type Connection = Client;

    fn connect(&self, session: SessionHandle, now: Instant) -> Client {
        Client::new(self.0.clone(), session, now)
    }
}
