//! Handlers: async functions over extractors, and what they become.

mod endpoint;
mod event;
mod lifecycle;
mod table;
mod tuples;

pub(crate) use endpoint::{Binding, Endpoint};
pub use event::{EventHandler, Sequential, sequential};
pub use lifecycle::{ConnectHandler, IntoLifecycle, IntoVerdict, Middleware};
pub(crate) use table::{EventEntry, Handlers, Running};
