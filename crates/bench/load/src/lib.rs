//! The load generator: clients of a Socket.IO server, thousands in one thread, and what a load has to know of the machine.
//!
//! It speaks HTTP, WebSocket, Engine.IO and Socket.IO by hand, because it must cost less than the servers it loads: what
//! is sent is encoded beforehand, what comes in is cut and compared where it was read, and nothing is allocated for a
//! message.
//!
//! A [`Crowd`] is the connections, a [`Driver`] says what they do. [`Host`] is the server under load, a process of its own.

mod connection;
pub mod cores;
mod crowd;
mod frame;
mod host;
mod http;
mod latency;
mod process;
mod reader;

pub use connection::Farewell;
pub use crowd::{Crowd, Driver};
pub use frame::{binary, text};
pub use host::Host;
pub use http::{Response, get, post, upgrade};
pub use latency::{Histogram, Latency};
pub use process::Process;
pub use reader::{Message, Reader};
