//! What nodes of a cluster say to each other, and how Node's adapters write it.
//!
//! There are two dialects of one language. The *classic* one is that of `@socket.io/redis-adapter` and its emitter; the
//! *family* is what all newer adapters speak: sharded pub/sub, Redis Streams, PostgreSQL.

pub mod classic;
pub mod family;
mod malformed;
mod message;
#[cfg(test)]
mod tests;
mod wire;

pub use malformed::Malformed;
pub use message::{Event, Flags, Message, RemoteSocket, Reply, Said, Targets};
