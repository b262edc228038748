//! What can go wrong: on our side, in a handler, and as the client is told.

mod client;
mod emit;
mod handler;

pub use client::{ClientError, IntoAckError};
pub use emit::{ClusterError, EmitError, EmitWithAckError, JoinError, MissingAcks};
pub use handler::{HandlerError, HandlerErrorKind};
