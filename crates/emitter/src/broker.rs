//! The way to the servers: how they speak, and what carries it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use pintle_adapter::cluster::Message;
use pintle_adapter::cluster::dialect::{Dialect, EMITTER, Speaker, Transmit};

use crate::error::EmitError;

/// The servers on a broker.
pub(crate) struct Cluster {
    pub(crate) dialect: Box<dyn Dialect>,
    pub(crate) broker: Arc<dyn Broker>,
}

impl Cluster {
    /// Ready once the broker has it.
    pub(crate) async fn tell(&self, nsp: &str, message: Message) -> Result<(), EmitError> {
        match self.dialect.tell(Speaker { nsp, uid: EMITTER }, message) {
            Some(transmit) => self.broker.clone().carry(transmit).await,
            // There are words for all that an emitter says.
            None => Ok(()),
        }
    }
}

/// Takes what is said to all servers.
pub(crate) trait Broker: fmt::Debug + Send + Sync + 'static {
    fn carry(self: Arc<Self>, transmit: Transmit) -> Carried;
}

/// Ready once the broker has it.
pub(crate) type Carried = Pin<Box<dyn Future<Output = Result<(), EmitError>> + Send>>;
