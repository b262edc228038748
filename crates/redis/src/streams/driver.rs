//! Carries what is kept in streams, and leaves what is not to pub/sub.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_adapter::cluster::{Driver, Listener};
use tokio::task::AbortHandle;

use super::appender::Appender;
use super::queue::{Append, Claim, Command, Queue, Save};
use super::reader::Reader;
use super::relay::Relay;
use crate::bus::Bus;
use crate::pubsub::PubSub;

/// Carries what is kept in streams, and leaves what is not to pub/sub.
pub(super) struct StreamsDriver {
    bus: Bus,
    options: Options,
    pub_sub: PubSub,
    relay: Arc<Relay>,
    queue: Arc<Queue>,
    readers: Mutex<Vec<Reading>>,
    appender: AbortHandle,
}

/// How streams are used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Whether channels belong to one server of a cluster each.
    pub(super) is_sharded: bool,
    /// How many entries a stream keeps.
    pub(super) max_len: usize,
    /// How many are read at a time.
    pub(super) count: usize,
    /// How long the server waits for one.
    pub(super) block: Duration,
}

/// A stream that is read.
struct Reading {
    stream: String,
    /// For how many namespaces.
    count: usize,
    task: AbortHandle,
}

impl StreamsDriver {
    /// Begins to carry.
    pub(super) fn open(bus: Bus, options: Options, listener: Arc<dyn Listener>) -> Self {
        let relay = Arc::new(Relay::new(listener));
        let queue = Arc::new(Queue::new(bus.queue_limit));
        let appender = Appender::new(bus.link.clone(), queue.clone(), relay.clone(), options.max_len).run();
        let appender = bus.runtime.spawn(appender).abort_handle();
        let pub_sub = bus.open(options.is_sharded, relay.clone());
        Self { bus, options, pub_sub, relay, queue, readers: Mutex::default(), appender }
    }

    fn read(&self, stream: String) {
        let mut readers = self.readers();
        if let Some(reading) = readers.iter_mut().find(|reading| reading.stream == stream) {
            reading.count += 1;
            return;
        }
        let reader = Reader {
            link: self.bus.link.clone(),
            stream: stream.clone(),
            listener: self.relay.clone(),
            count: self.options.count,
            max_len: self.options.max_len,
            block: self.options.block,
            beginning: Some(self.relay.begin()),
        };
        readers.push(Reading { stream, count: 1, task: self.bus.runtime.spawn(reader.run()).abort_handle() });
    }

    fn stop_reading(&self, stream: &str) {
        let mut readers = self.readers();
        let Some(at) = readers.iter().position(|reading| reading.stream == stream) else {
            return;
        };
        readers[at].count -= 1;
        if readers[at].count == 0 {
            readers.swap_remove(at).task.abort();
        }
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Reading>> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for StreamsDriver {
    fn transmit(&self, transmit: Transmit) -> bool {
        match transmit {
            Transmit::Subscribe(Topic::Stream(stream)) => self.read(stream),
            Transmit::Unsubscribe(Topic::Stream(stream)) => self.stop_reading(&stream),
            Transmit::Append { stream, fields } => return self.queue.push(Command::Append(Append { stream, fields })),
            Transmit::Save { key, session, lifetime } => {
                return self.queue.push(Command::Save(Save { key, session, lifetime }));
            }
            Transmit::Claim { key, from, request } => {
                return self.queue.push(Command::Claim(Claim { key, from, request }));
            }
            other => return self.pub_sub.transmit(other),
        }
        true
    }

    fn is_connected(&self) -> bool {
        self.queue.is_connected() && self.pub_sub.is_connected()
    }

    fn close(&self) {
        self.readers().drain(..).for_each(|reading| reading.task.abort());
        self.queue.close();
        self.pub_sub.close();
    }
}

impl Drop for StreamsDriver {
    fn drop(&mut self) {
        self.readers().drain(..).for_each(|reading| reading.task.abort());
        self.appender.abort();
    }
}

impl fmt::Debug for StreamsDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamsDriver")
            .field("pub_sub", &self.pub_sub)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
