//! What the tests of the transport share: a server on streams of the test's own, and a client cut by hand, which may do
//! what a proper one never would.

#![allow(dead_code, unused_imports, reason = "each file of tests uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod client;
mod connections;
mod server;
mod wait;
mod wire;

pub(crate) use client::{ASK_TO_POLL, Poller, ask, ask_for_websocket, open_websocket, probe, upgrade};
pub(crate) use connections::{Echo, Quiet};
pub(crate) use server::{Server, tcp};
pub(crate) use wait::{settle, within};
pub(crate) use wire::{Answer, Received, answer, frame, head, push, receive, receive_text, text};
