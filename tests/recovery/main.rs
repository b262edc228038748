//! Connection state recovery on any node: the broker keeps what is said in a stream, and the sessions of those who are away.

mod nodes;
mod returning;
mod unavailable;
