//! Fuzz targets: whatever a peer sends, held against what is promised.
//!
//! A [`Target`] takes any bytes and panics where something does not hold: nothing panics, nothing hangs, what is read and
//! written again is the same, how bytes were cut makes no difference, and no input makes the server allocate more than a
//! small multiple of itself. `cargo xtask fuzz` has libFuzzer look for such bytes; `cargo test -p pintle-fuzz` replays the
//! seeds, and what was found before.

mod clock;
mod harness;
mod meter;
mod steps;
mod target;
mod targets;
mod vectors;
mod virtual_time;

pub use harness::{chosen, prepare, replay};
pub use target::{TARGETS, Target};
