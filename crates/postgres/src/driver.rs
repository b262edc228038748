//! The task that stays connected.

use std::sync::Arc;

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_adapter::cluster::{Driver, Incoming, Listener};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::connect::Setup;
use crate::link::{End, Link};
use crate::names;
use crate::queue::{Item, Queue};
use pintle_broker::Backoff;

/// Carries messages with PostgreSQL. It has one task, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct PostgresDriver {
    queue: Arc<Queue>,
    task: JoinHandle<()>,
}

impl PostgresDriver {
    /// Begins with `link`, if there is one already.
    pub(crate) fn start(
        runtime: &Handle,
        setup: Arc<Setup>,
        link: Option<Link>,
        max_queue_bytes: usize,
        listener: Arc<dyn Listener>,
    ) -> Self {
        let queue = Arc::new(Queue::new(max_queue_bytes, link.is_some()));
        let task = runtime.spawn(run(queue.clone(), setup, link, listener));
        Self { queue, task }
    }
}

impl Driver for PostgresDriver {
    fn transmit(&self, transmit: Transmit) -> bool {
        match transmit {
            Transmit::Subscribe(Topic::Channel(channel)) => match names::refused(&channel) {
                None => {
                    self.queue.listen(channel);
                    true
                }
                Some(reason) => {
                    tracing::error!(?channel, "nothing is heard of other nodes: the name {reason}");
                    false
                }
            },
            Transmit::Unsubscribe(Topic::Channel(channel)) => {
                self.queue.unlisten(&channel);
                true
            }
            Transmit::Publish { channel, payload } => match String::from_utf8(payload) {
                Ok(payload) => names::refused(&channel).is_none() && self.queue.add(Item::Publish { channel, payload }),
                Err(_) => false,
            },
            Transmit::Attach { channel, attachment, payload } => {
                let notice = attachment.notice(UNKNOWN_ID);
                names::refused(&channel).is_none() && self.queue.add(Item::Attach { channel, notice, payload })
            }
            Transmit::Count { request, .. } => self.queue.add(Item::Count { request }),
            // No dialect of ours has them.
            Transmit::Subscribe(_)
            | Transmit::Unsubscribe(_)
            | Transmit::Append { .. }
            | Transmit::Save { .. }
            | Transmit::Claim { .. } => false,
        }
    }

    fn is_connected(&self) -> bool {
        self.queue.is_connected()
    }

    fn close(&self) {
        self.queue.close();
    }
}

impl Drop for PostgresDriver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a notice says until PostgreSQL has chosen the id, and puts it in the place of this.
pub(crate) const UNKNOWN_ID: i64 = i64::MAX;

async fn run(queue: Arc<Queue>, setup: Arc<Setup>, mut link: Option<Link>, listener: Arc<dyn Listener>) {
    let mut backoff = Backoff::new();
    while !queue.is_closing() {
        let connected = match link.take() {
            Some(link) => link,
            None => tokio::select! {
                biased;
                () = queue.closed() => break,
                link = connect(&setup, &mut backoff) => link,
            },
        };
        let (end, unanswered) = connected.run(&queue, &setup, &*listener).await;
        let lost = unanswered + queue.disconnect();
        if let End::Broken { listened, reason } = end {
            tracing::warn!(at = %setup.place, %reason, "PostgreSQL is away");
            if listened {
                backoff.reset();
                listener.hear(Incoming::CutOff);
            }
        }
        if lost > 0 {
            listener.hear(Incoming::Lost(lost));
        }
    }
    queue.close();
    listener.hear(Incoming::Closed);
}

/// Tries until it works.
async fn connect(setup: &Setup, backoff: &mut Backoff) -> Link {
    loop {
        // At first, too: all nodes have lost the same server at the same time.
        sleep(backoff.pause()).await;
        match setup.connect().await {
            Ok(link) => {
                tracing::info!(at = %setup.place, "PostgreSQL is back");
                return link;
            }
            Err(error) => tracing::debug!(%error, "PostgreSQL is still away"),
        }
    }
}
