//! A client: what runs on its session, owned and polled by the session's task.
//!
//! Packets go through the connection machine of [`pintle_proto`]; events start their handlers, which are polled here and
//! now. One that does not finish at once goes to [`jobs`], and is polled with the rest of them when it wakes.

mod dispatch;
mod jobs;
mod lanes;

use pintle_transport::{Protocol, SessionHandle};
use std::time::Instant;

pub(crate) use self::dispatch::Client;
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
