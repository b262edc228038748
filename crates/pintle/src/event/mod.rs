//! An event on its way to its handlers, what comes back, and what stands in between.

mod layer;
mod request;
mod response;

pub use layer::{BoxError, EventService, Next};
pub(crate) use layer::{Layers, Stack};
pub use request::EventRequest;
pub(crate) use request::Target;
pub(crate) use response::side_answer;
pub use response::{EventResponse, IntoReply};
