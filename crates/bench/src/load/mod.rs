//! The load generator: clients of a Socket.IO server, thousands in one thread.
//!
//! It speaks HTTP, WebSocket, Engine.IO and Socket.IO by hand, because it must cost less than the servers it loads: what
//! is sent is encoded beforehand, what comes in is cut and compared where it was read, and nothing is allocated for a
//! message.

mod connection;
mod crowd;
mod frame;
mod http;
mod latency;
mod reader;

pub(crate) use crowd::{Crowd, Driver};
pub(crate) use frame::{binary, text};
pub(crate) use http::{Response, get, post, upgrade};
pub(crate) use latency::{Histogram, Latency};
pub(crate) use reader::Message;
