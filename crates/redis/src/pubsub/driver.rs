//! The driver: what a server is given, and what its tasks share.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_adapter::cluster::{Driver, Listener};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::listening::Listening;
use super::publishing::Publishing;
use super::queue::{Command, Queue};
use super::topics::Topics;
use crate::link::Link;

/// How pub/sub is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Whether channels belong to one server of a cluster each.
    pub(crate) is_sharded: bool,
    /// How much may wait to be sent, in bytes.
    pub(crate) queue_limit: usize,
}

/// Pub/sub over Redis. It ends when it is dropped.
pub(crate) struct PubSub {
    shared: Arc<Shared>,
    name: String,
    tasks: [AbortHandle; 2],
}

/// What the tasks share.
pub(super) struct Shared {
    pub(super) listener: Arc<dyn Listener>,
    pub(super) queue: Queue,
    topics: Mutex<Topics>,
    /// There may be something else to listen to.
    pub(super) changes: watch::Sender<()>,
    /// Something has come to be listened to.
    pub(super) progress: Notify,
    /// Other servers have channels now.
    pub(super) moved: Notify,
    pub(super) can_publish: AtomicBool,
    pub(super) is_listening: AtomicBool,
}

impl PubSub {
    /// Begins, on this runtime. The link was seen to work.
    pub(crate) fn open(link: Link, options: Options, runtime: &Handle, listener: Arc<dyn Listener>) -> Self {
        let Options { is_sharded, queue_limit } = options;
        let shared = Arc::new(Shared {
            listener,
            queue: Queue::new(queue_limit),
            topics: Mutex::new(Topics::new(is_sharded)),
            changes: watch::Sender::new(()),
            progress: Notify::new(),
            moved: Notify::new(),
            can_publish: AtomicBool::new(true),
            is_listening: AtomicBool::new(false),
        });
        let name = link.name().to_owned();
        let listening = runtime.spawn(Listening::new(link.clone(), is_sharded, shared.clone()).run()).abort_handle();
        let publishing = Publishing::new(link, is_sharded, shared.clone()).run(listening.clone());
        let publishing = runtime.spawn(publishing).abort_handle();
        Self { shared, name, tasks: [listening, publishing] }
    }

    fn listen(&self, change: impl FnOnce(&mut Topics)) -> bool {
        change(&mut self.shared.topics());
        self.shared.changes.send_replace(());
        true
    }
}

impl Driver for PubSub {
    fn transmit(&self, transmit: Transmit) -> bool {
        match transmit {
            // A stream is no part of pub/sub, and nothing is kept in it.
            Transmit::Subscribe(Topic::Stream(_))
            | Transmit::Unsubscribe(Topic::Stream(_))
            | Transmit::Append { .. }
            | Transmit::Save { .. }
            | Transmit::Claim { .. }
            | Transmit::Attach { .. } => false,
            Transmit::Subscribe(topic) => self.listen(|topics| topics.subscribe(topic)),
            Transmit::Unsubscribe(topic) => self.listen(|topics| topics.unsubscribe(topic)),
            Transmit::Publish { channel, payload } => self.shared.queue.push(Command::Publish { channel, payload }),
            Transmit::Count { channel, request } => self.shared.queue.push(Command::Count { channel, request }),
        }
    }

    fn is_connected(&self) -> bool {
        self.shared.can_publish.load(Ordering::Relaxed) && self.shared.is_listening.load(Ordering::Relaxed)
    }

    fn close(&self) {
        self.shared.queue.close();
    }
}

impl Drop for PubSub {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl fmt::Debug for PubSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSub").field("redis", &self.name).field("is_connected", &self.is_connected()).finish()
    }
}

impl Shared {
    pub(super) fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().expect("no panic under this lock")
    }
}
