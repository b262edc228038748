//! The task that sends: what is published, and what is counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pintle_adapter::cluster::Incoming;
use redis::{RedisError, RedisResult};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::driver::Shared;
use super::queue::Command;
use super::servers::{Outcome, Servers};
use crate::link::Link;
use pintle_broker::Backoff;

/// How long nothing may be said before it is seen whether the connections still are.
pub(super) const PING_INTERVAL: Duration = Duration::from_secs(2);

/// How often it is looked for who has a channel now.
const MOVES: usize = 5;

/// Sends what the queue has, in order, and reports what cannot be sent.
pub(super) struct Publishing {
    link: Link,
    is_sharded: bool,
    shared: Arc<Shared>,
    servers: Option<Servers>,
    /// The attempt to connect to those who are not there.
    mending: JoinSet<RedisResult<Servers>>,
    /// A connection has broken.
    broken: Arc<Notify>,
    backoff: Backoff,
}

impl Publishing {
    pub(super) fn new(link: Link, is_sharded: bool, shared: Arc<Shared>) -> Self {
        let (mending, broken, backoff) = (JoinSet::new(), Arc::default(), Backoff::new());
        Self { link, is_sharded, shared, servers: None, mending, broken, backoff }
    }

    /// Sends until the queue is closed; then `listening` ends as well.
    pub(super) async fn run(mut self, listening: AbortHandle) {
        let mut batch = Vec::new();
        let mut pings = interval(PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.mend(Duration::ZERO);
        loop {
            let is_there = self.servers.as_ref().is_some_and(Servers::is_there);
            tokio::select! {
                Some(mended) = self.mending.join_next() => match mended {
                    Ok(mended) => self.mended(mended),
                    Err(_) => self.mend_later(),
                },
                is_more = self.shared.queue.next(&mut batch), if is_there => {
                    if !is_more {
                        break;
                    }
                    self.deliver(std::mem::take(&mut batch)).await;
                    pings.reset();
                }
                () = self.shared.queue.closed(), if self.shared.queue.is_shut() => break,
                _ = pings.tick(), if is_there => self.ping().await,
                () = self.broken.notified(), if is_there => self.ping().await,
            }
        }
        self.give_up(self.shared.queue.shut());
        listening.abort();
        self.shared.listener.hear(Incoming::Closed);
    }

    async fn deliver(&mut self, mut commands: Vec<Command>) {
        for attempt in 1.. {
            let Some(servers) = &mut self.servers else {
                return self.give_up(commands.into());
            };
            let delivery = servers.deliver(&commands).await;
            let (is_there, is_whole) = (servers.is_there(), servers.is_whole());
            let mut moved = Vec::new();
            let mut failed = VecDeque::new();
            for (command, outcome) in commands.into_iter().zip(delivery.outcomes) {
                match (command, outcome) {
                    (command, Outcome::Moved) if attempt < MOVES => moved.push(command),
                    (Command::Publish { .. }, Outcome::Published) => {}
                    (Command::Count { request, .. }, Outcome::Counted(nodes)) => {
                        self.shared.listener.hear(Incoming::Counted { request: &request, nodes: Some(nodes) });
                    }
                    (command, _) => failed.push_back(command),
                }
            }
            if let Some(error) = delivery.error.filter(|_| !failed.is_empty()) {
                tracing::warn!(redis = self.link.name(), %error, lost = failed.len(), "could not publish to Redis");
            }
            self.give_up(failed);
            if !is_whole {
                // What waits still has a chance, unless it fails.
                self.shared.can_publish.store(is_there, Ordering::Relaxed);
                self.mend(Duration::ZERO);
            }
            if moved.is_empty() {
                return;
            }
            commands = moved;
            self.find_again().await;
        }
    }

    /// Channels have another server now: looks for it, while everything else waits, so that order is kept.
    async fn find_again(&mut self) {
        sleep(self.backoff.pause()).await;
        match self.connecting().await {
            Ok(servers) => self.servers = Some(servers),
            Err(error) => tracing::debug!(redis = self.link.name(), %error, "cannot tell who has which channel"),
        }
    }

    async fn ping(&mut self) {
        let Some(servers) = &mut self.servers else {
            return;
        };
        if let Err(error) = servers.ping().await {
            tracing::warn!(redis = self.link.name(), %error, "lost the connection that publishes to Redis");
            self.shared.can_publish.store(servers.is_there(), Ordering::Relaxed);
            self.mend(Duration::ZERO);
        }
    }

    /// Connects again, after a pause, to whoever is not there; what is there goes on meanwhile.
    fn mend(&mut self, pause: Duration) {
        if self.mending.is_empty() {
            let connecting = self.connecting();
            self.mending.spawn(async move {
                sleep(pause).await;
                connecting.await
            });
        }
    }

    fn connecting(&self) -> impl Future<Output = RedisResult<Servers>> + Send + use<> {
        Servers::connect(self.link.clone(), self.is_sharded, self.servers.clone(), self.broken.clone())
    }

    fn mend_later(&mut self) {
        let pause = self.backoff.pause();
        self.mend(pause);
    }

    fn mended(&mut self, mended: RedisResult<Servers>) {
        match mended {
            Ok(servers) => {
                let is_whole = servers.is_whole();
                self.servers = Some(servers);
                self.shared.queue.open();
                self.shared.can_publish.store(true, Ordering::Relaxed);
                if is_whole {
                    self.backoff.reset();
                } else {
                    self.mend_later();
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    /// If there is nobody, what waits is not kept for when there is.
    fn failed(&mut self, error: &RedisError) {
        if !self.servers.as_ref().is_some_and(Servers::is_there) {
            if self.shared.can_publish.swap(false, Ordering::Relaxed) || self.servers.take().is_some() {
                tracing::warn!(redis = self.link.name(), %error, "Redis is away: nothing is published");
            }
            let waiting = self.shared.queue.shut();
            self.give_up(waiting);
        }
        self.mend_later();
    }

    fn give_up(&self, commands: VecDeque<Command>) {
        let mut lost = 0;
        for command in commands {
            match command {
                Command::Publish { .. } => lost += 1,
                Command::Count { request, .. } => {
                    self.shared.listener.hear(Incoming::Counted { request: &request, nodes: None });
                }
            }
        }
        if lost > 0 {
            self.shared.listener.hear(Incoming::Lost(lost));
        }
    }
}
