//! The task that sees to it that everything is listened to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pintle_adapter::cluster::Incoming;
use redis::RedisError;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::sleep;

use super::driver::Shared;
use super::ear::Ear;
use crate::link::{Link, Place};
use pintle_broker::Backoff;

/// Keeps an ear at each server that has something to be heard, and says whether everything is.
pub(super) struct Listening {
    link: Link,
    is_sharded: bool,
    shared: Arc<Shared>,
    ears: JoinSet<RedisError>,
    /// By the names of their servers.
    at: HashMap<Arc<str>, AbortHandle>,
    /// Nothing is heard from at least one of them, which was said.
    is_cut: bool,
    backoff: Backoff,
}

impl Listening {
    pub(super) fn new(link: Link, is_sharded: bool, shared: Arc<Shared>) -> Self {
        let backoff = Backoff::new();
        Self { link, is_sharded, shared, ears: JoinSet::new(), at: HashMap::new(), is_cut: false, backoff }
    }

    pub(super) async fn run(mut self) {
        loop {
            match self.link.slots().await {
                Ok(slots) => {
                    let places = self.shared.topics().assign(slots);
                    self.settle(&places);
                    self.watch().await;
                }
                Err(error) => self.cut(&error),
            }
            sleep(self.backoff.pause()).await;
        }
    }

    /// One ear for each of these servers, and none elsewhere.
    fn settle(&mut self, places: &[Place]) {
        self.at.retain(|name, ear| {
            let is_needed = places.iter().any(|place| place.name() == &**name);
            if !is_needed {
                ear.abort();
            }
            is_needed
        });
        for place in places {
            let name = place.shared_name();
            if self.at.contains_key(&name) {
                continue;
            }
            self.shared.topics().lost(&name);
            let ear = Ear::listen(place.clone(), self.is_sharded, self.shared.clone());
            self.at.insert(name, self.ears.spawn(ear));
        }
        // Those that stay may have something else to listen to.
        self.shared.changes.send_replace(());
    }

    /// Watches the ears, until something is to be done about them.
    async fn watch(&mut self) {
        loop {
            tokio::select! {
                Some(ended) = self.ears.join_next_with_id() => {
                    if self.ended(ended) {
                        return;
                    }
                }
                () = self.shared.progress.notified() => self.progress(),
                () = self.shared.moved.notified() => return,
            }
        }
    }

    /// Whether the ear that has ended is missed.
    fn ended(&mut self, ended: Result<(Id, RedisError), JoinError>) -> bool {
        let (id, error) = match ended {
            Ok((id, error)) => (id, error),
            Err(error) => (error.id(), std::io::Error::other(error).into()),
        };
        let name = self.at.iter().find_map(|(name, ear)| (ear.id() == id).then(|| name.clone()));
        let Some(name) = name else {
            return false;
        };
        self.at.remove(&name);
        self.shared.topics().lost(&name);
        self.cut(&error);
        true
    }

    fn cut(&mut self, error: &RedisError) {
        if !std::mem::replace(&mut self.is_cut, true) {
            tracing::warn!(redis = self.link.name(), %error, "lost the connection that listens to Redis");
            self.shared.is_listening.store(false, Ordering::Relaxed);
            self.shared.listener.hear(Incoming::CutOff);
        }
    }

    fn progress(&mut self) {
        let is_news = self.shared.topics().take_news();
        if !is_news {
            return;
        }
        if std::mem::take(&mut self.is_cut) {
            tracing::info!(redis = self.link.name(), "listens to Redis again");
        }
        self.backoff.reset();
        self.shared.is_listening.store(true, Ordering::Relaxed);
        self.shared.listener.hear(Incoming::Listening);
    }
}
