//! What a server is set up with.

use std::sync::Arc;
use std::time::Duration;

/// What all parts of a server may look up.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) proto: Arc<pintle_proto::Config>,
    pub(crate) ack_timeout: Duration,
    pub(crate) max_running: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { proto: Arc::default(), ack_timeout: Duration::from_secs(5), max_running: 64 }
    }
}
