//! PostgreSQL as the way between the nodes of a cluster: what `@socket.io/postgres-adapter` is to Node.js, in one cluster
//! with it.
//!
//! Nodes tell each other with `NOTIFY`. What is binary, or too large for a notification, is put into a table, from which it
//! is removed after a while. A [`PostgresAdapter`] is what a server is given:
//!
//! ```no_run
//! # async fn connect() -> Result<(), pintle_postgres::ConnectError> {
//! use pintle_postgres::PostgresAdapter;
//!
//! let adapter = PostgresAdapter::connect("postgres://app:secret@db.example.com/app").await?;
//! # Ok(())
//! # }
//! ```
//!
//! Each server has two connections, one that listens and one for everything else. Both have to be connections to PostgreSQL
//! itself, or through a pooler that leaves a session to its client: one that pools transactions forgets who listens.
//!
//! A notification is a transaction, and PostgreSQL lets them commit one after another. That is fine for hundreds of messages
//! a second in a whole database, not for tens of thousands; Redis is the way for those.

mod adapter;
mod connect;
mod driver;
mod error;
mod link;
mod names;
mod queue;

pub use adapter::{PostgresAdapter, PostgresBuilder};
pub use error::ConnectError;
