//! Several nodes as one server: what is told the others, asked of them, and done for them.
//!
//! The language is [`pintle_adapter::cluster`]'s, and so is what a node has to remember; the bytes are carried by the driver of
//! an [`Adapter`](pintle_adapter::cluster::Adapter). Here is what connects both to the sockets: a [`Hub`] for each server, and
//! a [`Link`] for each namespace.

mod answers;
mod hub;
mod link;
mod status;
mod tasks;

pub(crate) use answers::{rooms, sockets, values};
pub(crate) use hub::Hub;
pub(crate) use link::{Link, Pending};
pub use status::ClusterStatus;
