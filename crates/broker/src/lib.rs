//! What the drivers of brokers have in common: how long they wait for an answer, and before the next attempt to connect.

mod backoff;
mod clock;

pub use backoff::Backoff;
pub use clock::answered;
