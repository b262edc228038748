//! What waits for PostgreSQL, and what is listened to.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What a message costs besides its bytes, so that empty ones are not free.
const OVERHEAD: usize = 64;

/// Something to be done, in its turn.
#[derive(Debug)]
pub(crate) enum Item {
    /// Tell all who listen to a channel.
    Publish { channel: String, payload: String },
    /// Put aside what does not fit, and tell where it is.
    Attach { channel: String, notice: String, payload: Vec<u8> },
    /// What is to be listened to has changed; whether something was added.
    Topics { added: bool },
    /// Say that nobody counts.
    Count { request: String },
}

impl Item {
    /// How much of the queue it takes.
    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::Publish { channel, payload } => OVERHEAD + channel.len() + payload.len(),
            Self::Attach { channel, notice, payload } => OVERHEAD + channel.len() + notice.len() + payload.len(),
            Self::Count { request } => OVERHEAD + request.len(),
            Self::Topics { .. } => 0,
        }
    }

    /// Whether somebody misses it when it is dropped.
    fn is_message(&self) -> bool {
        matches!(self, Self::Publish { .. } | Self::Attach { .. })
    }
}

/// What waits for PostgreSQL, bounded in bytes, and what is listened to. Everybody may add; the driver's task alone takes.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    max_bytes: usize,
}

#[derive(Debug)]
struct State {
    connected: bool,
    closing: bool,
    items: VecDeque<Item>,
    /// What has been taken, but is not done yet, counts as well.
    bytes: usize,
    topics: BTreeSet<String>,
}

impl Queue {
    pub(crate) fn new(max_bytes: usize, connected: bool) -> Self {
        let state = State { connected, closing: false, items: VecDeque::new(), bytes: 0, topics: BTreeSet::new() };
        Self { state: Mutex::new(state), changed: Notify::new(), max_bytes }
    }

    /// Adds something; false if PostgreSQL is away, or too much waits.
    pub(crate) fn add(&self, item: Item) -> bool {
        let mut state = self.state();
        let bytes = state.bytes + item.cost();
        let taken = state.connected && !state.closing && bytes <= self.max_bytes;
        if taken {
            state.bytes = bytes;
            state.items.push_back(item);
            drop(state);
            self.changed.notify_one();
        }
        taken
    }

    /// Listens to a channel, from now on and whenever there is a connection.
    pub(crate) fn listen(&self, channel: String) {
        let mut state = self.state();
        state.topics.insert(channel);
        self.change_topics(state, true);
    }

    /// Listens no longer.
    pub(crate) fn unlisten(&self, channel: &str) {
        let mut state = self.state();
        state.topics.remove(channel);
        self.change_topics(state, false);
    }

    fn change_topics(&self, mut state: MutexGuard<'_, State>, addition: bool) {
        if state.connected && !state.closing {
            match state.items.back_mut() {
                Some(Item::Topics { added }) => *added |= addition,
                _ => state.items.push_back(Item::Topics { added: addition }),
            }
            drop(state);
            self.changed.notify_one();
        }
    }

    /// What is to be listened to.
    pub(crate) fn topics(&self) -> BTreeSet<String> {
        self.state().topics.clone()
    }

    /// There is a connection, if all that is to be listened to is listened to on it.
    pub(crate) fn connect(&self, listened: &BTreeSet<String>) -> bool {
        let mut state = self.state();
        let all = state.topics == *listened;
        state.connected |= all;
        all
    }

    /// There is no connection. How many messages waited for it in vain, besides those that were taken.
    pub(crate) fn disconnect(&self) -> usize {
        let mut state = self.state();
        state.connected = false;
        state.bytes = 0;
        let items = std::mem::take(&mut state.items);
        drop(state);
        items.iter().filter(|item| item.is_message()).count()
    }

    pub(crate) fn is_connected(&self) -> bool {
        let state = self.state();
        state.connected && !state.closing
    }

    /// Takes nothing more. What waits is still done.
    pub(crate) fn close(&self) {
        self.state().closing = true;
        self.changed.notify_one();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.state().closing
    }

    /// The next thing to do; nothing if nothing comes any more. What was taken is to be [done](Self::done).
    pub(crate) async fn next(&self) -> Option<Item> {
        loop {
            {
                let mut state = self.state();
                match state.items.pop_front() {
                    Some(item) => return Some(item),
                    None if state.closing => return None,
                    None => {}
                }
            }
            self.changed.notified().await;
        }
    }

    /// Something that was taken is done, and takes no room any more.
    pub(crate) fn done(&self, cost: usize) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(cost);
    }

    /// Waits until nothing more is taken.
    pub(crate) async fn closed(&self) {
        while !self.is_closing() {
            self.changed.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Item {
        Item::Publish { channel: String::new(), payload: "x".repeat(bytes) }
    }

    fn topics(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn there_is_no_connection_before_all_is_listened_to() {
        let queue = Queue::new(1000, false);
        queue.listen("a".to_owned());
        assert!(!queue.add(message(1)));
        // What is asked for while others are listened to is listened to as well.
        let listened = queue.topics();
        queue.listen("b".to_owned());
        assert!(!queue.connect(&listened) && !queue.is_connected());
        queue.unlisten("a");
        assert!(!queue.connect(&topics(&["a", "b"])));
        assert!(queue.connect(&topics(&["b"])) && queue.is_connected());
        assert!(queue.add(message(1)));
    }

    #[test]
    fn what_is_taken_takes_room_until_it_is_done() {
        let queue = Queue::new(200, true);
        assert!(queue.add(message(136)));
        assert!(!queue.add(message(0)));
        let mut next = std::pin::pin!(queue.next());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Some(item)) = next.as_mut().poll(&mut context) else {
            panic!("nothing to take");
        };
        assert!(!queue.add(message(0)));
        queue.done(item.cost());
        assert!(queue.add(message(0)));
    }

    #[test]
    fn what_waits_for_a_lost_connection_is_lost_and_takes_no_room() {
        let queue = Queue::new(1000, true);
        queue.listen("a".to_owned());
        assert!(queue.add(message(500)) && queue.add(Item::Count { request: String::new() }) && queue.add(message(1)));
        assert_eq!(queue.disconnect(), 2);
        assert!(!queue.is_connected());
        assert!(queue.connect(&topics(&["a"])));
        assert!(queue.add(message(900)));
    }

    #[test]
    fn topics_that_come_and_go_take_one_place() {
        let queue = Queue::new(1000, true);
        for turn in 0..100 {
            queue.listen(turn.to_string());
            queue.unlisten(&turn.to_string());
        }
        assert!(matches!(queue.state().items.make_contiguous(), [Item::Topics { added: true }]));
    }
}
