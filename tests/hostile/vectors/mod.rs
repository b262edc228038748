//! `vectors.toml`, judged twice: by the machines alone, in memory, and by a live server over raw TCP.

mod cut;
mod mirror;
mod pure;
mod requests;
mod rows;
mod wire;
