//! Reads a stream.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster::{EntryId, Incoming, Listener};
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, RedisResult, cmd};
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::entries::{Entry, first, last, of_stream};
use super::relay::Beginning;
use crate::link::Link;
use crate::patience::answered;
use pintle_broker::Backoff;

/// Reads one stream, on a connection of its own, since it waits there for what comes.
///
/// Where it begins is asked once. From then on it goes on where it was, however often the connection is lost: an entry is
/// missed only if it was dropped from the stream before it could be read.
pub(super) struct Reader {
    pub(super) link: Link,
    pub(super) stream: String,
    pub(super) listener: Arc<dyn Listener>,
    /// How many entries are read at a time.
    pub(super) count: usize,
    /// How many the stream keeps.
    pub(super) max_len: usize,
    /// How long the server waits for one.
    pub(super) block: Duration,
    /// Dropped once it has begun.
    pub(super) beginning: Option<Beginning>,
}

impl Reader {
    /// Reads until it is dropped.
    pub(super) async fn run(mut self) {
        let mut position = None;
        let mut backoff = Backoff::new();
        loop {
            let before = position;
            let Err(error) = self.read(&mut position).await;
            if position != before {
                backoff.reset();
            }
            let pause = backoff.pause();
            warn!(stream = self.stream, %error, ?pause, "a stream of Redis cannot be read; trying again");
            sleep(pause).await;
        }
    }

    async fn read(&mut self, position: &mut Option<EntryId>) -> RedisResult<Infallible> {
        let mut connection = self.connect().await?;
        match *position {
            None => *position = Some(last(&mut connection, &self.stream).await?),
            Some(was) => {
                *position = Some(self.resume(&mut connection, was).await?);
                info!(stream = self.stream, "the stream of Redis is read again");
            }
        }
        let after = position.unwrap_or_default();
        self.listener.hear(Incoming::Reading { stream: &self.stream, after });
        drop(self.beginning.take());
        loop {
            let at = position.expect("it has been set");
            let entries = self.next(&mut connection, at).await?;
            // Others may be so fast that what came before these has been dropped. It is to be known before they are heard.
            if entries.len() >= self.count.min(self.max_len) && at > EntryId::START {
                let oldest = first(&mut connection, &self.stream).await?;
                if oldest >= entries.first().map(|(id, _)| *id) {
                    self.report_gap();
                }
            }
            for (id, fields) in &entries {
                self.listener.hear(Incoming::Entry { stream: &self.stream, id: &id.to_string(), fields });
                *position = Some(*id);
            }
        }
    }

    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let slots = self.link.slots().await?;
        let owner = slots.owner(&self.stream).ok_or((ErrorKind::Client, "no server has the stream"))?;
        owner.connect(None).await
    }

    /// Where to go on, after the connection was lost.
    async fn resume(&self, connection: &mut MultiplexedConnection, was: EntryId) -> RedisResult<EntryId> {
        let last = last(connection, &self.stream).await?;
        if last < was {
            // Another server has taken over, or this one has forgotten: its clock may be behind.
            self.report_gap();
            return Ok(last);
        }
        // Entries are dropped from the front: if the one that was read last is there, all after it are.
        let oldest = first(connection, &self.stream).await?;
        if was > EntryId::START && oldest.is_some_and(|oldest| oldest > was) {
            self.report_gap();
        }
        Ok(was)
    }

    fn report_gap(&self) {
        warn!(stream = self.stream, "entries may have been dropped from a stream of Redis before they were read");
        self.listener.hear(Incoming::Gap { stream: &self.stream });
    }

    async fn next(&self, connection: &mut MultiplexedConnection, at: EntryId) -> RedisResult<Vec<Entry>> {
        let mut command = cmd("XREAD");
        command.arg("BLOCK").arg(u64::try_from(self.block.as_millis()).unwrap_or(u64::MAX));
        command.arg("COUNT").arg(self.count).arg("STREAMS").arg(&self.stream).arg(at.to_string());
        let mut answer = std::pin::pin!(connection.send_packed_command(&command));
        let reply = match timeout(self.block, &mut answer).await {
            Ok(reply) => reply,
            // It had to come by now.
            Err(_) => answered(answer).await,
        };
        of_stream(reply?.extract_error()?)
    }
}
