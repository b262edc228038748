//! One client's session, as a machine. The contract is in the documentation of [`Session`].

mod machine;
#[cfg(test)]
mod tests;
mod timer;

pub use machine::{CandidateStep, PollRefused, Session, Transmit};
