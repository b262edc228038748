//! One client's session, as a machine.
//!
//! The machine does no IO and has no clock. Whoever drives it owns it alone and keeps to four kinds of methods:
//!
//! - *getters* tell what is;
//! - `handle_*` takes what came from outside, with the time at which it came;
//! - *commands* ([`close`](Session::close), [`abort`](Session::abort)) are what this side wants;
//! - `poll_*` gives what is to be done outside.
//!
//! # The order of calls
//!
//! After any `handle_*` or command, and before waiting again: [`poll_candidate`](Session::poll_candidate) until it is
//! `None`, then [`poll_transmit`](Session::poll_transmit) whenever the transport can take something, then
//! [`close_reason`](Session::close_reason), and last [`poll_timeout`](Session::poll_timeout) for the time at which
//! [`handle_timeout`](Session::handle_timeout) is due.

mod machine;
#[cfg(test)]
mod tests;
mod timer;

pub use machine::{CandidateStep, PollRefused, Session, Transmit};
