//! What waits to be sent.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::Notify;

/// How much is sent in one go: more would only wait in the socket.
const BATCH_BYTES: usize = 256 * 1024;

/// How many commands that may be at most.
const BATCH_COMMANDS: usize = 1024;

/// What a command takes besides what it says.
const OVERHEAD: usize = 64;

/// What a server is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Publish { channel: String, payload: Vec<u8> },
    Count { channel: String, request: String },
}

impl Command {
    fn size(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Publish { channel, payload } => channel.len() + payload.len(),
                Self::Count { channel, request } => channel.len() + request.len(),
            }
    }
}

/// What waits to be sent, as far as there is room, in order.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Somebody waits in [`next`](Queue::next).
    wake: Notify,
    /// In bytes.
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Command>,
    bytes: usize,
    /// The broker is away: nothing is taken.
    is_shut: bool,
    /// Nothing is taken any more; what waits is sent.
    is_closed: bool,
}

impl Queue {
    pub(super) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), wake: Notify::new(), limit }
    }

    /// False if there is no room, or nobody to send it to.
    pub(super) fn push(&self, command: Command) -> bool {
        let size = command.size();
        let is_first = {
            let mut state = self.state();
            if state.is_shut || state.is_closed || state.bytes + size > self.limit {
                return false;
            }
            state.bytes += size;
            state.waiting.push_back(command);
            state.waiting.len() == 1
        };
        if is_first {
            self.wake.notify_one();
        }
        true
    }

    /// Waits until there is something to be sent, and appends to `batch` what goes out in one go; false when nothing comes any
    /// more.
    pub(super) async fn next(&self, batch: &mut Vec<Command>) -> bool {
        loop {
            {
                let mut state = self.state();
                let mut bytes = 0;
                while bytes < BATCH_BYTES && batch.len() < BATCH_COMMANDS {
                    let Some(command) = state.waiting.pop_front() else {
                        break;
                    };
                    bytes += command.size();
                    batch.push(command);
                }
                state.bytes -= bytes;
                if !batch.is_empty() {
                    return true;
                }
                if state.is_closed {
                    return false;
                }
            }
            self.wake.notified().await;
        }
    }

    /// Waits until nothing is taken any more.
    pub(super) async fn closed(&self) {
        while !self.state().is_closed {
            self.wake.notified().await;
        }
    }

    /// The broker is away: what waits is given back, and nothing is taken.
    pub(super) fn shut(&self) -> VecDeque<Command> {
        let mut state = self.state();
        state.is_shut = true;
        state.bytes = 0;
        std::mem::take(&mut state.waiting)
    }

    /// Whether the broker is away.
    pub(super) fn is_shut(&self) -> bool {
        self.state().is_shut
    }

    /// The broker is there.
    pub(super) fn open(&self) {
        self.state().is_shut = false;
    }

    /// Takes nothing any more.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.wake.notify_one();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic under this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publish(size: usize) -> Command {
        Command::Publish { channel: "c".to_owned(), payload: vec![0; size] }
    }

    #[tokio::test]
    async fn what_is_taken_comes_out_in_order_and_makes_room() {
        let queue = Queue::new(300);
        assert!(queue.push(publish(100)));
        assert!(!queue.push(publish(100)), "that is 330 bytes");
        assert!(queue.push(publish(60)));
        let mut batch = Vec::new();
        assert!(queue.next(&mut batch).await);
        assert_eq!(batch, [publish(100), publish(60)]);
        assert!(queue.push(publish(100)));
        queue.close();
        assert!(!queue.push(publish(1)));
        batch.clear();
        assert!(queue.next(&mut batch).await);
        assert_eq!(batch, [publish(100)]);
        batch.clear();
        assert!(!queue.next(&mut batch).await);
    }

    #[tokio::test]
    async fn a_batch_has_its_bounds() {
        let queue = Queue::new(usize::MAX);
        for _ in 0..BATCH_COMMANDS + 1 {
            assert!(queue.push(publish(1)));
        }
        assert!(queue.push(publish(BATCH_BYTES)));
        assert!(queue.push(publish(1)));
        for expected in [BATCH_COMMANDS, 2, 1] {
            let mut batch = Vec::new();
            assert!(queue.next(&mut batch).await);
            assert_eq!(batch.len(), expected);
        }
    }

    #[tokio::test]
    async fn nothing_is_taken_while_the_broker_is_away() {
        let queue = Queue::new(1000);
        assert!(queue.push(publish(1)));
        assert_eq!(queue.shut(), [publish(1)]);
        assert!(!queue.push(publish(1)));
        queue.open();
        assert!(queue.push(publish(1)));
    }
}
