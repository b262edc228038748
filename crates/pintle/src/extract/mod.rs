//! Extractors: what a handler can ask for.
//!
//! They work as axum's do. All arguments of a handler but the last implement [`FromEventParts`], the last one
//! [`FromEvent`]; whoever implements the first has the second for free. Any axum extractor that needs no body works too: it
//! sees the request that opened the connection.
//!
//! The marker `M` keeps these apart for the compiler, and says in which handlers they are of use.

mod args;
mod event;
mod optional;
mod params;
mod parts;
mod request;
mod server_event;
mod via;

pub use args::Data;
pub use event::{Auth, Event};
pub use optional::OptionalFromEventParts;
pub use params::Params;
pub use parts::{EventParts, FromEvent, FromEventParts};
pub use request::RequestRejection;
pub use server_event::{FromServerEvent, ServerEvent};
pub(crate) use via::{InConnect, InDisconnect, InError, InEvent, InMiddleware};
pub use via::{UsableIn, ViaDisconnectOnly, ViaErrorOnly, ViaEvent, ViaEventOnly, ViaParts, ViaRequest};
