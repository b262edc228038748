//! An event on its way to its handlers.

use std::fmt;
use std::sync::Arc;

use pintle_proto::{Args, Encoded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use super::{EventResponse, IntoReply as _};
use crate::ack::Ack;
use crate::error::ClientError;
use crate::extract::EventParts;
use crate::handler::{Endpoint, join};
use crate::socket::Socket;

/// Who handles an event: the namespace's handler, and those of the socket itself.
pub(crate) type Target = SmallVec<[Arc<dyn Endpoint>; 1]>;

/// An event on its way to its handlers: what the layers of a [`Namespace`](crate::Namespace::layer) see, and may change.
pub struct EventRequest {
    pub(crate) parts: EventParts,
    args: Args,
    target: Target,
}

impl EventRequest {
    pub(crate) fn new(parts: EventParts, args: Args, target: Target) -> Self {
        Self { parts, args, target }
    }

    /// The socket that the event came from.
    pub const fn socket(&self) -> &Socket {
        self.parts.socket()
    }

    /// The name of the event.
    pub fn event(&self) -> &str {
        self.parts.event().map_or("", |event| event)
    }

    /// Whether somebody handles the event. Layers see those that nobody does, too.
    pub fn is_handled(&self) -> bool {
        !self.target.is_empty()
    }

    /// What extractors extract from.
    pub const fn parts_mut(&mut self) -> &mut EventParts {
        &mut self.parts
    }

    /// The arguments, as they came.
    pub const fn args(&self) -> &Args {
        &self.args
    }

    /// Reads the arguments, as [`Data`](crate::Data) does.
    ///
    /// # Errors
    ///
    /// When they are not those of a `T`. Returned from a middleware, that is what the client is told.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        Ok(self.args.deserialize()?)
    }

    /// Replaces the arguments: a tuple is several, `()` none, anything else one.
    ///
    /// # Errors
    ///
    /// When the data cannot be written as JSON.
    pub fn set_data(&mut self, data: impl Serialize) -> Result<(), ClientError> {
        let packet = Encoded::event("/", None, "data", &data).map_err(ClientError::internal)?;
        self.args = packet.event_args().map(|(_, args)| args).unwrap_or_default();
        Ok(())
    }

    /// Acknowledges with `data` in the handlers' place, if the client asked for that: for layers that know the answer.
    pub fn acknowledge(self, data: impl Serialize) -> EventResponse {
        Ack(data).into_response(&self.parts.into_ack())
    }

    /// Calls the handlers.
    pub(super) async fn run(self) -> EventResponse {
        let Self { parts, args, target } = self;
        // It may have waited in a layer. Whom the server has disconnected meanwhile it no longer listens to, and nothing comes
        // after the handler of a disconnection.
        if parts.socket().is_dismissed() || parts.socket().is_over() {
            return EventResponse::empty();
        }
        join(target, parts, args).await
    }
}

impl fmt::Debug for EventRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRequest")
            .field("event", &self.event())
            .field("socket", &self.socket().id())
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}
