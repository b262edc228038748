//! Redis Streams: what must not be lost is kept in a stream, from which each node reads at its own pace.

mod adapter;
mod appender;
mod claims;
mod driver;
mod entries;
mod keys;
mod queue;
mod reader;
mod relay;

pub use adapter::StreamsAdapter;
