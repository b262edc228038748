//! Redis as the way between the nodes of a cluster.
//!
//! [`RedisAdapter`], [`ShardedRedisAdapter`] and [`StreamsAdapter`] are what a server is given, and each speaks as the adapter
//! of Node that has its name: nodes of both kinds may be in one cluster. Redis carries what they say; no node knows another.
//!
//! When Redis goes away, nothing is lost between the sockets of one node, and with streams nothing between nodes either, as far
//! as there is room. The connection is made again after a pause that grows from 50 ms to a second; everything is subscribed to
//! again then, and `tracing` hears of both.
//!
//! # Features
//!
//! - `tls`: `rediss://`. What the system trusts is trusted, and the file that the variable `SSL_CERT_FILE` names instead of
//!   that.
//! - `sentinel`: `RedisAdapter::sentinel` and its like, for a master that sentinels watch.

mod bus;
mod classic;
mod error;
mod link;
mod patience;
mod pubsub;
#[cfg(feature = "sentinel")]
mod sentinel;
mod sharded;
mod slots;
mod streams;
#[cfg(feature = "tls")]
mod tls;

pub use classic::RedisAdapter;
pub use error::ConnectError;
pub use pintle_adapter::cluster::dialect::SubscriptionMode;
pub use sharded::ShardedRedisAdapter;
pub use streams::StreamsAdapter;
