//! What all adapters over pub/sub are made of.

use std::sync::Arc;

use pintle_adapter::cluster::Listener;
use tokio::runtime::Handle;

use crate::error::ConnectError;
use crate::link::Link;
use crate::pubsub::{Options, PubSub};

/// How much may wait to be sent, in bytes, where nothing else was said.
const QUEUE_LIMIT: usize = 8 * 1024 * 1024;

/// A broker that was seen to be there, and the runtime on which it was.
#[derive(Clone, Debug)]
pub(crate) struct Bus {
    pub(crate) link: Link,
    pub(crate) runtime: Handle,
    pub(crate) queue_limit: usize,
}

impl Bus {
    /// # Errors
    ///
    /// When the broker is not there, or turns us away.
    pub(crate) async fn connect(link: Link) -> Result<Self, ConnectError> {
        link.check().await?;
        Ok(Self { link, runtime: Handle::current(), queue_limit: QUEUE_LIMIT })
    }

    /// Begins to carry.
    pub(crate) fn open(&self, is_sharded: bool, listener: Arc<dyn Listener>) -> PubSub {
        let options = Options { is_sharded, queue_limit: self.queue_limit };
        PubSub::open(self.link.clone(), options, &self.runtime, listener)
    }
}
