//! What nodes of a cluster say to each other, and how Node's adapters write it.
//!
//! There are two dialects of one language. The *classic* one is that of `@socket.io/redis-adapter` and its emitter; the
//! *family* is what all newer adapters speak: sharded pub/sub, Redis Streams, PostgreSQL.
//!
//! A [`Node`] is one node's part in a namespace, whichever [`Dialect`](dialect::Dialect) it speaks. A [`Driver`] below it carries
//! bytes, and knows nothing of what they say; an [`Adapter`] is both, as the user of a server names them.

pub mod classic;
pub mod dialect;
mod driver;
mod entry_id;
pub mod family;
#[cfg(test)]
mod heartbeat_tests;
#[cfg(test)]
mod hostile_tests;
mod ledger;
mod malformed;
mod message;
mod node;
#[cfg(test)]
mod node_tests;
mod peers;
mod places;
mod requests;
mod session;
#[cfg(test)]
mod tests;
mod wire;

pub use driver::{Adapter, Claimed, Driver, Incoming, Listener};
pub use entry_id::EntryId;
pub use ledger::{Ledger, Settled};
pub use malformed::Malformed;
pub use message::{Event, Flags, Message, RemoteSocket, Reply, Said, Targets};
pub use node::{Asker, Node, Task};
pub use places::Places;
pub use requests::{Answers, Missing, Outcome, RequestId};
pub use session::SavedSession;
