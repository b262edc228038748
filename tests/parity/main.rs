//! What Node's server offers, item by item, as the official client sees it. A test is named after its id in
//! `docs/COVERAGE.md`.

mod acks;
mod closing;
mod disconnects;
mod layers;
mod listeners;
mod middleware;
mod namespaces;
mod operator;
mod recovery;
mod recovery_crowd;
mod recovery_limits;
mod remote;
mod requests;
mod rooms;
mod scale;
mod scene;
mod server;
mod socket;
mod stage;
mod takeover;
mod volatile;
