//! Nodes that tell each other that they are there.

use std::time::{Duration, Instant};

use hashbrown::HashMap;

/// The other nodes of a namespace, by when they were heard of last.
#[derive(Debug)]
pub(super) struct Peers {
    interval: Duration,
    timeout: Duration,
    heard: HashMap<String, Instant>,
    /// When this node has to say again that it is there.
    due: Instant,
}

impl Peers {
    pub(super) fn new(interval: Duration, timeout: Duration, now: Instant) -> Self {
        Self { interval, timeout, heard: HashMap::new(), due: now + interval }
    }

    /// Somebody said something, whatever it was.
    pub(super) fn heard_of(&mut self, uid: &str, now: Instant) {
        match self.heard.get_mut(uid) {
            Some(heard) => *heard = now,
            None => drop(self.heard.insert(uid.to_owned(), now)),
        }
    }

    pub(super) fn left(&mut self, uid: &str) {
        self.heard.remove(uid);
    }

    /// This node has said something, so need not say that it is there.
    pub(super) fn spoke(&mut self, now: Instant) {
        self.due = now + self.interval;
    }

    /// Whether this node is to say that it is there.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.due <= now
    }

    /// Takes out those who have not been heard of for too long.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<String> {
        let timeout = self.timeout;
        self.heard.extract_if(|_, heard| *heard + timeout <= now).map(|(uid, _)| uid).collect()
    }

    pub(super) fn uids(&self) -> impl Iterator<Item = &String> {
        self.heard.keys()
    }

    pub(super) fn poll_timeout(&self) -> Instant {
        let oldest = self.heard.values().min().map(|heard| *heard + self.timeout);
        oldest.map_or(self.due, |oldest| oldest.min(self.due))
    }
}
