//! WebSocket: the only place that names the WebSocket library.
//!
//! Of tungstenite we use the lower half: its handshake key, frame header, opcodes and close codes. Its `WebSocket` would
//! keep a read buffer for each idle connection and copy each outgoing frame into one more buffer; here frames are read
//! from a buffer that the thread's connections share, and written as they were encoded.

mod accept;
#[cfg(test)]
mod client;
#[cfg(feature = "echo")]
mod echo;
mod io;
mod reader;
mod scratch;
mod socket;
mod utf8;
mod writer;

pub(crate) use accept::{accept, is_requested};
#[cfg(feature = "echo")]
pub use echo::echo;
pub(crate) use io::Io;
pub(crate) use socket::{Flow, ReadEnd, WebSocket};
