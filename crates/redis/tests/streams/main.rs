//! The driver for streams against a real redis-server, which goes away in all the ways that it can.

mod loss;
mod node;
mod order;
mod sessions;
