//! A whole server in this process, and clients that cost next to nothing: what is prepared is sent, and what comes is compared.
//!
//! `bench-guard` counts what the server does, `bench-inprocess` has more of these clients than a process can have files.

mod client;
pub mod frame;
mod polling;
mod server;

pub use client::{Client, Expected, UPGRADE};
pub use polling::{Echo, PollingClient};
pub use server::{Server, pipe};
