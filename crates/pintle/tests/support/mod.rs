//! What the tests of the server share: a server on streams of the test's own, a client cut by hand, which may do what a
//! proper one never would, and a journal of what the handlers did.

#![allow(dead_code, unused_imports, reason = "each file of tests uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bus;
mod client;
mod journal;
mod server;
mod wait;
mod wire;
mod written;

pub(crate) use bus::{Bus, DIALECTS, Make};
pub(crate) use client::{Client, ask_for_websocket};
pub(crate) use journal::Journal;
pub(crate) use server::{Server, dial};
pub(crate) use wait::{settle, until, within};
pub(crate) use wire::{Received, head, receive, text};
pub(crate) use written::Written;
