//! Writes: entries of streams, and sessions; and finds sessions again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster::{EntryId, Incoming, Listener as _};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, RedisResult, cmd};
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tracing::{info, warn};

use super::claims::claim;
use super::entries::{last, range, text};
use super::keys::{Former, Keys};
use super::queue::{Append, Claim, Command, Queue, Save};
use super::relay::Relay;
use crate::link::Link;
use crate::patience::answered;
use pintle_broker::Backoff;

/// Writes what waits, many commands at a time, and what belongs to one stream in its order.
///
/// Nothing is forgotten when the connection is lost. What was under way then may be in the stream or not: before it is written
/// again it is looked for there.
pub(super) struct Appender {
    link: Link,
    queue: Arc<Queue>,
    relay: Arc<Relay>,
    max_len: usize,
    /// What was taken from the queue and is not written, as far as we know.
    batch: Batch,
    /// The last entry of each stream of which we know that it is not of the batch.
    marks: HashMap<String, EntryId>,
    former: Former,
}

#[derive(Default)]
struct Batch {
    streams: Vec<(String, VecDeque<Append>)>,
    saves: Vec<Save>,
    /// Whether some of it may be in the streams.
    is_under_way: bool,
}

/// How many commands are written at a time.
const BATCH: usize = 512;

/// How often a connection without work is looked at.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// How many entries are read at a time.
pub(super) const PAGE: usize = 1000;

impl Appender {
    pub(super) fn new(link: Link, queue: Arc<Queue>, relay: Arc<Relay>, max_len: usize) -> Self {
        let (batch, marks, former) = (Batch::default(), HashMap::new(), Former::default());
        Self { link, queue, relay, max_len, batch, marks, former }
    }

    /// Writes until the queue is closed and empty, or closed and the broker away.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        while let Err(error) = self.write(&mut backoff).await {
            for claim in self.queue.set_connected(false) {
                drop(self.relay.answer(claim.request));
            }
            if self.queue.is_closed() {
                self.give_up();
                break;
            }
            let pause = backoff.pause();
            warn!(broker = self.link.name(), %error, ?pause, "the streams of Redis cannot be written; trying again");
            sleep(pause).await;
        }
        self.relay.close();
    }

    /// Writes for as long as it works.
    async fn write(&mut self, backoff: &mut Backoff) -> RedisResult<()> {
        let mut keys = Keys::connect(&self.link, &mut self.former).await?;
        self.find_batch(&mut keys).await?;
        self.queue.set_connected(true);
        info!(broker = self.link.name(), "the streams of Redis can be written");
        // They end when the connection does.
        let mut beside = JoinSet::new();
        let mut asked = Vec::new();
        let mut pings = interval(PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.write_batch(&mut keys).await?;
            backoff.reset();
            // What was to be saved before is there by now.
            for (answer, Claim { key, from, .. }) in asked.drain(..) {
                let sessions = keys.at(&key, &mut self.former).await?;
                let entries = match from {
                    Some((stream, id)) => Some((keys.at(&stream, &mut self.former).await?, stream, id)),
                    None => None,
                };
                beside.spawn(claim(answer, sessions, key, entries));
            }
            let commands = loop {
                select! {
                    commands = self.queue.take(BATCH) => break commands,
                    Some(done) = beside.join_next() => done.expect("it does not panic")?,
                    _ = pings.tick() => keys.connections().for_each(|connection| drop(beside.spawn(ping(connection)))),
                }
            };
            let Some(commands) = commands else {
                while let Some(done) = beside.join_next().await {
                    done.expect("it does not panic")?;
                }
                return Ok(());
            };
            for command in commands {
                match command {
                    Command::Append(append) => self.batch.append(append),
                    Command::Save(save) => self.batch.saves.push(save),
                    Command::Claim(claim) => {
                        self.queue.done(claim.size());
                        asked.push((self.relay.answer(claim.request.clone()), claim));
                    }
                }
            }
        }
    }

    /// Takes what is in the streams out of the batch: it was written before the connection was lost.
    async fn find_batch(&mut self, keys: &mut Keys) -> RedisResult<()> {
        if !self.batch.is_under_way {
            return Ok(());
        }
        for (stream, appends) in &mut self.batch.streams {
            let Some(mark) = self.marks.get_mut(stream).filter(|_| !appends.is_empty()) else {
                continue;
            };
            let mut connection = keys.at(stream, &mut self.former).await?;
            loop {
                let entries = range(&mut connection, stream, mark.next(), PAGE).await?;
                for (id, fields) in &entries {
                    if let Some(at) = appends.iter().position(|append| append.is(fields)) {
                        self.queue.done(appends.remove(at).map_or(0, |append| append.size()));
                    }
                    *mark = *id;
                }
                if entries.len() < PAGE || appends.is_empty() {
                    break;
                }
            }
        }
        self.batch.is_under_way = false;
        Ok(())
    }

    async fn write_batch(&mut self, keys: &mut Keys) -> RedisResult<()> {
        for at in 0..self.batch.streams.len() {
            self.write_stream(keys, at).await?;
        }
        self.batch.streams.clear();
        self.batch.is_under_way = false;
        self.write_saves(keys).await
    }

    async fn write_stream(&mut self, keys: &mut Keys, at: usize) -> RedisResult<()> {
        let (stream, appends) = &mut self.batch.streams[at];
        if appends.is_empty() {
            return Ok(());
        }
        let mut connection = keys.at(stream, &mut self.former).await?;
        let mark = match self.marks.get_mut(stream) {
            Some(mark) => mark,
            None => {
                let last = match last(&mut connection, stream).await {
                    // Nor will it be added to.
                    Err(error) if is_lasting(&error) => EntryId::START,
                    last => last?,
                };
                self.marks.entry(stream.clone()).or_insert(last)
            }
        };
        let mut pipeline = Pipeline::with_capacity(appends.len());
        for append in &*appends {
            let command = pipeline.cmd("XADD").arg(stream.as_str()).arg("MAXLEN").arg("~").arg(self.max_len).arg("*");
            for (name, value) in &append.fields {
                command.arg(name).arg(value);
            }
        }
        self.batch.is_under_way = true;
        let replies = answered(connection.send_packed_commands(&pipeline, 0, appends.len())).await?;
        let mut failure = None;
        let mut lost = 0;
        let mut kept = VecDeque::new();
        for (append, reply) in appends.drain(..).zip(replies) {
            match reply.extract_error() {
                Ok(reply) => {
                    if let Some(id) = text(reply).and_then(|id| EntryId::parse(&id)) {
                        *mark = id;
                    }
                    self.queue.done(append.size());
                }
                Err(error) if is_lasting(&error) => {
                    warn!(stream, %error, "Redis refuses an entry of a stream");
                    self.queue.done(append.size());
                    lost += 1;
                }
                Err(error) => {
                    kept.push_back(append);
                    failure = Some(error);
                }
            }
        }
        *appends = kept;
        if lost > 0 {
            self.relay.hear(Incoming::Lost(lost));
        }
        failure.map_or(Ok(()), Err)
    }

    async fn write_saves(&mut self, keys: &mut Keys) -> RedisResult<()> {
        let mut under_way = JoinSet::new();
        for save in &self.batch.saves {
            let mut connection = keys.at(&save.key, &mut self.former).await?;
            let lifetime = u64::try_from(save.lifetime.as_millis()).unwrap_or(u64::MAX).max(1);
            let mut command = cmd("SET");
            command.arg(&save.key).arg(&save.session).arg("PX").arg(lifetime);
            under_way.spawn(async move { answered(connection.send_packed_command(&command)).await?.extract_error() });
        }
        while let Some(saved) = under_way.join_next().await {
            match saved.expect("it does not panic") {
                Err(error) if is_lasting(&error) => warn!(%error, "Redis refuses to keep a session"),
                // To save one again does no harm.
                saved => drop(saved?),
            }
        }
        self.batch.saves.drain(..).for_each(|save| self.queue.done(save.size()));
        Ok(())
    }

    fn give_up(&mut self) {
        let under_way: usize = self.batch.streams.iter().map(|(_, appends)| appends.len()).sum();
        let lost = under_way + self.queue.clear();
        if lost > 0 {
            self.relay.hear(Incoming::Lost(lost));
        }
    }
}

impl Batch {
    fn append(&mut self, append: Append) {
        match self.streams.iter_mut().find(|(stream, _)| *stream == append.stream) {
            Some((_, appends)) => appends.push_back(append),
            None => self.streams.push((append.stream.clone(), VecDeque::from([append]))),
        }
    }
}

impl Append {
    /// Whether this is what an entry says.
    fn is(&self, fields: &[(String, String)]) -> bool {
        let same =
            |((name, value), (field, text)): (&(&str, String), &(String, String))| name == field && value == text;
        self.fields.len() == fields.len() && self.fields.iter().zip(fields).all(same)
    }
}

async fn ping(mut connection: MultiplexedConnection) -> RedisResult<()> {
    answered(connection.send_packed_command(&cmd("PING"))).await.map(drop)
}

/// Whether it is refused each time: because of what it is, and not of how the server is.
fn is_lasting(error: &RedisError) -> bool {
    matches!(error.code(), Some("ERR" | "WRONGTYPE" | "NOPERM"))
}
