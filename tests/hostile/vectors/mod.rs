//! `vectors.toml`, judged twice: by the machines alone, in memory, and by a live server over raw TCP. Beside them, what is
//! more than bytes in the same sections.

mod cut;
mod ends;
mod floods;
mod headers;
mod mirror;
mod pending;
mod pure;
mod requests;
mod rows;
mod wire;
