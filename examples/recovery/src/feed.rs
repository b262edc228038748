//! The news: numbers, some of them every second, for each topic.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle::{ClientError, EmitError, Socket, SocketIo};
use tokio::time::{MissedTickBehavior, interval};

const PERIOD: Duration = Duration::from_millis(50);
const TOPICS: [&str; 2] = ["weather", "traffic"];

/// The number of the last news of each topic. Clones are handles to the same feed.
#[derive(Clone)]
pub(crate) struct Feed(Arc<Mutex<Numbers>>);

type Numbers = BTreeMap<&'static str, u64>;

impl Feed {
    /// Publishes until the server is closed. It pays no heed to who is there: that is the library's business.
    pub(crate) async fn run(self, io: SocketIo) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.publish(&io) {
                tracing::info!(%error, "there is no more news");
                return;
            }
        }
    }

    pub(crate) fn numbers(&self) -> Numbers {
        self.lock().clone()
    }

    /// Has a socket get the news of a topic from now on. Under the lock nothing is published between the number and the next
    /// one.
    pub(crate) fn follow(&self, socket: &Socket, topic: &str) -> Result<u64, ClientError> {
        let numbers = self.lock();
        let number = numbers.get(topic).ok_or_else(|| ClientError::new("there is no such topic"))?;
        socket.join(topic)?;
        Ok(*number)
    }

    fn publish(&self, io: &SocketIo) -> Result<(), EmitError> {
        for (topic, number) in self.lock().iter_mut() {
            *number += 1;
            io.to(*topic).emit("news", (topic, *number))?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Feed {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(TOPICS.map(|topic| (topic, 0)).into())))
    }
}
