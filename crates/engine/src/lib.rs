//! Engine.IO v4 as a pure state machine.
//!
//! Bytes in, bytes out, and the time is told to it: this crate does no IO, reads no clock, draws no random numbers and
//! knows no runtime. What it holds, in the order in which a connection meets it:
//!
//! - [`Request`]: whether an HTTP request is valid and what it wants, with Node's [`Reject`] where it is not;
//! - [`open_packet`] and [`Sid`]: the handshake;
//! - [`Packet`] and [`Packets`]: what a client sent; [`Frame`] and [`encode_payload`]: what goes out;
//! - [`Outbox`]: what waits for a client, bounded;
//! - [`Session`]: heartbeat, upgrade and close, one value per client;
//! - [`CloseReason`]: why it ended.

mod close;
mod config;
mod frame;
mod outbox;
mod packet;
mod payload;
mod request;
mod session;
mod token;

pub use close::CloseReason;
pub use config::{Config, Overflow, TransportKind};
pub use frame::{Frame, FrameWriter};
pub use outbox::{Outbox, OutboxFull};
pub use packet::{Message, Packet, PacketError};
pub use payload::{Packets, encode as encode_payload};
pub use request::{Intent, Method, Reject, Request, open_frame, open_packet};
pub use session::{CandidateStep, PollRefused, Session, Transmit};
pub use token::{Sid, Token};
