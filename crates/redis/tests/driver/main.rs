//! The driver against a real redis-server, which goes away in all the ways that it can.

mod bus;
mod loss;
mod node;
mod sharded;
mod ways;
