//! Handlers: async functions over extractors, and what they become.

#[doc(hidden)]
pub mod check;
mod endpoint;
mod event;
mod guard;
mod lifecycle;
mod middleware;
mod server_event;
mod table;
mod tuples;

pub(crate) use endpoint::{Binding, Endpoint};
pub use event::{EventHandler, Sequential, sequential};
pub(crate) use guard::{Guard, guard};
pub use guard::{IntoAdmission, RequestGuard};
pub use lifecycle::{
    ConnectHandler, DisconnectHandler, ErrorHandler, IntoOutcome, IntoVerdict, Middleware, NamespacePredicate,
};
pub(crate) use middleware::MiddlewareLayer;
pub use middleware::{EventMiddleware, IntoEventResponse};
pub use server_event::ServerEventHandler;
pub(crate) use server_event::{ServerBinding, is_reserved_server_event, server_binding};
pub(crate) use table::{EventEntry, EventKey, Handlers, Running, join};
