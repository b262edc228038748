//! Clients on a runtime of their own, so that the tasks of the test's runtime are the server's alone.

use std::future::Future;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

/// A runtime with a thread of its own; what runs on it ends when this is dropped.
#[derive(Debug)]
pub struct Elsewhere(Option<Runtime>);

impl Elsewhere {
    /// Starts it.
    #[expect(clippy::new_without_default, reason = "it starts a thread, which a default should not")]
    pub fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self(Some(runtime.expect("a thread for the clients")))
    }

    /// Runs `work` there and waits for its result. Connections that it opens stay with that runtime.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.start(work).await.expect("the clients do not panic")
    }

    /// Has `work` run there, and does not wait for it.
    pub fn start<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.0.as_ref().expect("a runtime until the drop").spawn(work)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // A plain drop would block, which a test's async code may not.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// How many tasks there are on this runtime.
pub fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
