//! MessagePack, as Node's adapters and its MessagePack parser write it.
//!
//! It says what JSON and attachments say together, and a date besides, which is read as JSON has it.

mod decode;
mod encode;
#[cfg(test)]
mod tests;

pub use decode::{MsgpackError, decode};
pub use encode::{Flavour, encode};
