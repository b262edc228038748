//! Redis as the way between the nodes of a cluster.

mod error;
mod link;
mod patience;
#[cfg(feature = "sentinel")]
mod sentinel;
mod slots;

pub use error::ConnectError;
