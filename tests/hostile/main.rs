//! Hostile clients, faults and floods: what each may cost, and that nobody else notices.
//!
//! A test is named after what it shows: `a31_…` is an advisory of a peer, `h150_…` a situation. docs/SECURITY.md lists them
//! all, with what is asked of the server, and the reason where one does not apply.

mod attack;
mod calls;
mod churn;
mod crowds;
mod cuts;
mod descriptors;
mod errors;
mod handles;
mod handshake;
mod headers;
mod http2;
mod identity;
mod limits;
mod logs;
mod network;
mod origin;
mod packets;
mod panics;
mod polling;
mod pressure;
mod program;
mod scene;
mod shutdown;
mod smuggling;
mod stalls;
mod upgrade;
mod vectors;
