//! What a server is set up with.

use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster::Adapter;

use crate::recovery::StateRecovery;

/// What all parts of a server may look up.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) proto: Arc<pintle_proto::Config>,
    pub(crate) ack_timeout: Duration,
    pub(crate) max_running: usize,
    /// How long closing the server may take.
    pub(crate) close_timeout: Duration,
    pub(crate) recovery: Option<StateRecovery>,
    /// The longest name of a room, in bytes.
    pub(crate) max_room_len: usize,
    /// The most rooms of a socket besides its own.
    pub(crate) max_rooms: usize,
    /// The way to other nodes.
    pub(crate) adapter: Option<Arc<dyn Adapter>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            proto: Arc::default(),
            ack_timeout: Duration::from_secs(5),
            max_running: 64,
            close_timeout: Duration::from_secs(10),
            recovery: None,
            max_room_len: 256,
            max_rooms: usize::MAX,
            adapter: None,
        }
    }
}
