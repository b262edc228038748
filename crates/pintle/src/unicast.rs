//! One socket, and how an event is sent to it.

use std::time::Duration;

use pintle_proto::Encoded;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ack::{self, AckFuture};
use crate::error::{EmitError, EmitWithAckError};
use crate::socket::Socket;

/// One socket, and how an event is sent to it: what [`Socket::timeout`] and [`Socket::volatile`] give.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `emit` or another last call"]
pub struct Unicast {
    socket: Socket,
    volatile: bool,
    timeout: Duration,
}

impl Unicast {
    pub(crate) fn new(socket: Socket) -> Self {
        let timeout = socket.io().config().ack_timeout;
        Self { socket, volatile: false, timeout }
    }

    pub(crate) const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits. Node's `timeout`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Drops the event if it cannot go out at once. Node's `volatile`.
    pub const fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Emits an event, as [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit`]. That a volatile event was dropped, for whatever reason, is no error.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        if !self.volatile {
            return self.socket.emit(event, data);
        }
        let packet = Encoded::event(self.socket.namespace(), None, event, &data)?;
        if self.socket.deliver_as(&packet, true)? {
            self.socket.notify_outgoing(&packet);
        }
        Ok(())
    }

    /// Emits an event and waits for the acknowledgement, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_with_ack`]. A volatile event that was dropped is a timeout at once.
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<T, EmitWithAckError>> {
        AckFuture::new(ack::answer(ack::ask(&self.socket, event, &data, self.volatile), self.timeout))
    }
}
