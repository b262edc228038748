//! Speaks to a Socket.IO cluster without being a server: from a worker, a cron job, or a service that only has news.
//!
//! What is said here is heard by all servers on the same broker, be they of Pintle or of Node.js: the wire is that of the official
//! emitters, `@socket.io/redis-emitter`, `@socket.io/redis-streams-emitter` and `@socket.io/postgres-emitter`.
//!
//! ```no_run
//! use pintle_emitter::Emitter;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let io = Emitter::redis("redis://127.0.0.1:6379").await?;
//!
//! io.emit("news", "it is five o'clock").await?;
//! io.of("/admin").to("lobby").except("muted").emit("counted", (12, "sheep")).await?;
//! io.in_("expired").close_connections().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Which broker, and how the servers speak to each other there, is theirs to say:
//!
//! | servers with | emitter | feature |
//! |---|---|---|
//! | `@socket.io/redis-adapter`, `pintle_redis::RedisAdapter` | [`Emitter::redis`] | `redis` |
//! | its `createShardedAdapter`, `ShardedRedisAdapter` | [`Emitter::sharded`] | `redis` |
//! | `@socket.io/redis-streams-adapter`, `StreamsAdapter` | [`Emitter::streams`] | `redis` |
//! | `@socket.io/postgres-adapter`, `pintle_postgres::PostgresAdapter` | [`Emitter::postgres`] | `postgres` |
//!
//! Both features are on by default, and at least one is needed. `tls` is for addresses that begin with `rediss://`.
//!
//! An emitter is no node: nobody waits for it, and it hears nothing. So there are no acknowledgements, and it cannot ask who is
//! there. It needs a runtime of tokio.

mod broadcast;
mod broker;
mod emitter;
mod error;
mod keeper;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(test)]
mod tests;

pub use broadcast::{Broadcast, Emit};
pub use emitter::Emitter;
pub use error::{ConnectError, EmitError};
pub use pintle_adapter::IntoRooms;
#[cfg(feature = "redis")]
pub use pintle_adapter::cluster::dialect::SubscriptionMode;
#[cfg(feature = "postgres")]
pub use postgres::ConnectPostgres;
#[cfg(feature = "redis")]
pub use redis::{ConnectRedis, Streams};
