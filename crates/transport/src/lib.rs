//! Engine.IO over HTTP and WebSocket: a tower layer, and one task for each session.
//!
//! [`EngineLayer`] answers what comes to its path; what runs on a session is a [`Protocol`] of the caller's choice. The way
//! in is [`service`](EngineService), [`engine`](Engine), `polling` or `websocket`, and then the session's `actor`, which
//! alone owns the session and calls its [`Connection`]. The way out is the [`SessionHandle`]'s outbox, and the actor again.

mod actor;
mod admission;
mod barred;
mod body;
mod clock;
mod config;
mod engine;
mod future;
mod handle;
mod handshake;
mod host;
mod layer;
pub mod meter;
mod metrics;
mod opening;
mod origin;
mod places;
mod polling;
mod protocol;
#[cfg(test)]
mod race_tests;
mod registry;
mod response;
mod service;
mod session;
mod sync;
mod tasks;
mod websocket;

pub use admission::{Admission, Refusal, panic_message};
pub use body::ResponseBody;
pub use config::Config;
pub use engine::Engine;
pub use future::ResponseFuture;
pub use handle::{Counts, EngineHandle};
pub use handshake::Handshake;
pub use host::HostPolicy;
pub use layer::EngineLayer;
pub use metrics::{LIMITS_REACHED, MALFORMED_PACKETS};
pub use origin::OriginPolicy;
pub use pintle_engine::{CloseReason, Config as Limits, Frame, Message, Overflow, TransportKind};
pub use protocol::{Connection, Protocol};
pub use service::EngineService;
pub use session::{SendError, SessionHandle};
#[cfg(feature = "echo")]
#[doc(hidden)]
pub use websocket::echo;
