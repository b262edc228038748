//! The app that the protocol suites expect: Socket.IO on `/socket.io/`, plain Engine.IO on `/engine.io/`, both with
//! times short enough to be waited for.

mod app;
mod engine;
mod socket_io;
mod times;

pub use app::app;
pub use times::Times;
