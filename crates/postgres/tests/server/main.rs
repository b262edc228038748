//! The driver over a real PostgreSQL.

mod ear;
mod faults;
mod limits;
mod messages;
mod names;
