//! What those have in common that speak to brokers: how long they wait for an answer, and before the next attempt to connect; and
//! what PostgreSQL's tables are called.

mod backoff;
mod clock;
mod sql;

pub use backoff::Backoff;
pub use clock::answered;
pub use sql::{quoted, table};
