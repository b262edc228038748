//! What waits to be written.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_adapter::cluster::EntryId;
use tokio::sync::Notify;

/// What waits to be written, whether the broker is there or not, bounded in bytes.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    limit: usize,
}

#[derive(Debug)]
struct State {
    waiting: VecDeque<Command>,
    /// Of those that wait, and of those that were taken and are not written yet.
    bytes: usize,
    connected: bool,
    closed: bool,
}

/// What is to be written.
#[derive(Debug)]
pub(super) enum Command {
    Append(Append),
    Save(Save),
    Claim(Claim),
}

#[derive(Clone, Debug)]
pub(super) struct Append {
    pub(super) stream: String,
    pub(super) fields: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Save {
    pub(super) key: String,
    pub(super) session: String,
    pub(super) lifetime: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) key: String,
    pub(super) from: Option<(String, EntryId)>,
    pub(super) request: String,
}

impl Queue {
    pub(super) fn new(limit: usize) -> Self {
        let state = State { waiting: VecDeque::new(), bytes: 0, connected: false, closed: false };
        Self { state: Mutex::new(state), changed: Notify::new(), limit }
    }

    /// Whether there was room for it. A claim is for now: it does not wait for the broker.
    pub(super) fn push(&self, command: Command) -> bool {
        let size = command.size();
        let mut state = self.lock();
        let is_late = matches!(command, Command::Claim(_)) && !state.connected;
        // One alone is taken, however large it is.
        if state.closed || is_late || (state.bytes > 0 && state.bytes + size > self.limit) {
            return false;
        }
        state.bytes += size;
        state.waiting.push_back(command);
        drop(state);
        self.changed.notify_one();
        true
    }

    /// Takes what is next, at least one and not too many; `None` once it is closed and there is nothing left.
    pub(super) async fn take(&self, most: usize) -> Option<Vec<Command>> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.lock();
                let count = state.waiting.len().min(most);
                if count > 0 {
                    return Some(state.waiting.drain(..count).collect());
                }
                if state.closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// These are written, or given up: they take no room any more.
    pub(super) fn done(&self, bytes: usize) {
        self.lock().bytes -= bytes;
    }

    /// Whether the broker is there. Gives the claims that wait when it is not.
    pub(super) fn set_connected(&self, connected: bool) -> Vec<Claim> {
        let mut state = self.lock();
        state.connected = connected;
        if connected {
            return Vec::new();
        }
        let (mut claims, mut bytes) = (Vec::new(), 0);
        state.waiting.retain_mut(|command| {
            if let Command::Claim(claim) = command {
                bytes += claim.size();
                claims.push(claim.clone());
            }
            !matches!(command, Command::Claim(_))
        });
        state.bytes -= bytes;
        claims
    }

    pub(super) fn is_connected(&self) -> bool {
        self.lock().connected
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Gives up what waits, and says how many that is.
    pub(super) fn clear(&self) -> usize {
        let mut state = self.lock();
        state.bytes = 0;
        std::mem::take(&mut state.waiting).len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Command {
    fn size(&self) -> usize {
        match self {
            Self::Append(append) => append.size(),
            Self::Save(save) => save.size(),
            Self::Claim(claim) => claim.size(),
        }
    }
}

/// What is kept of something beside its text.
const OVERHEAD: usize = 128;

impl Append {
    pub(super) fn size(&self) -> usize {
        OVERHEAD + self.stream.len() + self.fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }
}

impl Save {
    pub(super) fn size(&self) -> usize {
        OVERHEAD + self.key.len() + self.session.len()
    }
}

impl Claim {
    pub(super) fn size(&self) -> usize {
        OVERHEAD + self.key.len() + self.request.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(data: &str) -> Command {
        Command::Append(Append { stream: "socket.io".to_owned(), fields: vec![("data", data.to_owned())] })
    }

    fn claim() -> Command {
        Command::Claim(Claim { key: "sio:session:a".to_owned(), from: None, request: "1".to_owned() })
    }

    #[tokio::test]
    async fn what_is_too_much_is_turned_away_until_there_is_room() {
        let size = append("one").size();
        let queue = Queue::new(2 * size);
        assert!(queue.push(append("one")) && queue.push(append("two")) && !queue.push(append("six")));
        let taken = queue.take(10).await.expect("two");
        assert_eq!(taken.len(), 2);
        assert!(!queue.push(append("six")), "what is taken is not written yet");
        queue.done(size);
        assert!(queue.push(append("six")));
    }

    #[tokio::test]
    async fn one_that_is_larger_than_the_bound_goes_alone() {
        let queue = Queue::new(1);
        assert!(queue.push(append("one")));
        assert!(!queue.push(append("two")));
    }

    #[tokio::test]
    async fn a_claim_does_not_wait_for_the_broker() {
        let queue = Queue::new(10_000);
        assert!(!queue.push(claim()), "it is not there yet");
        assert!(queue.set_connected(true).is_empty());
        assert!(queue.push(append("one")) && queue.push(claim()));
        assert_eq!(queue.set_connected(false).len(), 1);
        assert_eq!(queue.take(10).await.expect("one").len(), 1);
    }

    #[tokio::test]
    async fn what_is_left_is_taken_after_the_end() {
        let queue = Queue::new(10_000);
        assert!(queue.push(append("one")));
        queue.close();
        assert!(!queue.push(append("two")));
        assert!(queue.take(10).await.is_some());
        assert!(queue.take(10).await.is_none());
    }
}
