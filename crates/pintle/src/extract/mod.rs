//! Extractors: what a handler can ask for.
//!
//! They work as axum's do. All arguments of a handler but the last implement [`FromEventParts`], the last one
//! [`FromEvent`]; whoever implements the first has the second for free. Any axum extractor that needs no body works too: it
//! sees the request that opened the connection.
//!
//! The marker `M` keeps these apart for the compiler. Nobody ever has to name it.

mod args;
mod event;
mod params;
mod parts;
mod request;

pub use args::Data;
pub use event::{Auth, Event, MissingPart};
pub use params::Params;
pub use parts::{EventParts, FromEvent, FromEventParts, ViaEvent, ViaParts, ViaRequest};
pub use request::RequestRejection;
