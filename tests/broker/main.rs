//! A cluster in trouble: its broker goes away or stands still, its nodes die, and what is on the bus is not what it should be.
//! Clients are served by their own node all the while, nothing piles up, and afterwards everything is as before.
//!
//! The nodes are in this process, but for those that are killed or stopped; Redis and PostgreSQL are real. An outage takes
//! three seconds; `PINTLE_OUTAGE=30 cargo test -p pintle-tests --test broker -- --nocapture --test-threads=1` makes it thirty,
//! and prints what was measured.

mod bus;
mod load;
mod memory;
mod node;
mod outage;
mod peers;
