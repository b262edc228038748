//! The network between a client and a server, and what can happen to it.

mod line;
mod network;

pub use line::{Direction, Fault, Line};
pub use network::Proxy;
