//! Pub/sub, classic and sharded: what is published and counted goes out by one task, what is heard comes in by others.

mod driver;
mod ear;
mod listening;
mod publishing;
mod queue;
mod servers;
mod topics;

pub(crate) use driver::{Options, PubSub};
