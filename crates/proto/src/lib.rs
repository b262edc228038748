//! Socket.IO v5 as a pure state machine: packets, attachments, acknowledgements.
//!
//! Nothing here does IO, reads a clock or rolls dice: text, bytes and `now` come in as arguments, and what comes out says
//! what to do. It stands on [`pintle_engine`], whose messages it reads and whose [`Frame`](pintle_engine::Frame)s it writes.
//!
//! - Out: [`Encoded`] is a packet in wire form, made once and shared by all its receivers;
//!   [`Draft`] is an event that lacks its end.
//! - In: [`Connection`] decodes the messages of one client and judges what may follow what. It gives [`Incoming`], whose
//!   [`Args`] stay raw JSON until someone knows the type to read them into.
//! - [`Value`] is data of no type in particular, and [`msgpack`] another way to write it.
//! - [`PendingAcks`] keeps what waits for a client's acknowledgement.

mod ack;
mod args;
mod assemble;
mod config;
mod connection;
mod date;
mod decode;
mod draft;
mod encode;
mod encoded;
mod error;
mod id;
mod incoming;
pub mod msgpack;
mod packet;
mod plain;
#[cfg(test)]
mod round_trip_tests;
mod value;

pub use ack::PendingAcks;
pub use args::Args;
pub use config::Config;
pub use connection::{Connection, Slot};
pub use date::date_string;
pub use decode::mended;
pub use draft::Draft;
pub use encoded::{Encoded, IntoFrames};
pub use error::{ArgsError, DecodeError, EncodeError, ProtocolError, Violation};
pub use id::{ParseSocketIdError, SocketId};
pub use incoming::Incoming;
pub use packet::{MAX_ACK_ID, is_reserved as is_reserved_event};
pub use value::{Key, Value};
