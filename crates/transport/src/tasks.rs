//! How many tasks there are, and word when there is none left.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::sync::atomic::{AtomicUsize, Ordering};

/// The tasks of a server's sessions, counted.
#[derive(Debug, Default)]
pub(crate) struct Tasks {
    running: AtomicUsize,
    none_left: Notify,
}

/// Counts as a task until it is dropped.
#[derive(Debug)]
pub(crate) struct Running(Arc<Tasks>);

impl Tasks {
    /// Counts one more.
    pub(crate) fn start(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Ordering::SeqCst);
        Running(self.clone())
    }

    /// Waits until there is none.
    pub(crate) async fn idle(&self) {
        loop {
            // Asked for before the look: an end between that and the wait is heard too.
            let none_left = self.none_left.notified();
            if self.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            none_left.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}
