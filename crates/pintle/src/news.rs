//! What is told, in order and without waiting, to whoever subscribes to it.

use std::sync::OnceLock;

use tokio::sync::broadcast::{Receiver, Sender, channel};

/// What may be told before a subscriber that is slow misses some of it.
const REMEMBERED: usize = 1_024;

/// News of one kind, and those who want to know. Without any, nothing is done for them.
#[derive(Debug)]
pub(crate) struct News<T>(OnceLock<Sender<T>>);

impl<T: Clone> News<T> {
    /// All news from now on.
    pub(crate) fn subscribe(&self) -> Receiver<T> {
        self.0.get_or_init(|| channel(REMEMBERED).0).subscribe()
    }

    /// Whether there is somebody to tell.
    pub(crate) fn is_followed(&self) -> bool {
        self.0.get().is_some_and(|sender| sender.receiver_count() > 0)
    }

    /// Tells everybody who wants to know.
    pub(crate) fn tell(&self, news: T) {
        if let Some(sender) = self.0.get() {
            // It fails if there is nobody, and then nobody misses it.
            let _ = sender.send(news);
        }
    }
}

impl<T> Default for News<T> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}
