//! The protocols, case by case, as the official suites and Node's server have them.
//!
//! The ids in the comments are those of the catalogue of Node's behaviour (`E-` Engine.IO, `P-` the Socket.IO protocol,
//! `H-` hostile input).

mod closing;
mod connect;
mod events;
mod handshake;
mod heartbeat;
mod host;
mod malformed;
mod messages;
mod polling;
mod refusals;
mod routing;
mod upgrade;
mod violations;
mod websocket;

use host::Host;
