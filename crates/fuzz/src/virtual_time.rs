//! A runtime whose clock jumps: minutes of protocol in microseconds, and the same each time.

use std::time::Duration;

use tokio::runtime::{Builder, Handle};

/// Longer than anything of the server's may take: a minute for a body, and 45 s for a client that has gone.
const LONG: Duration = Duration::from_secs(200);

/// Runs something to its end, on one thread.
pub(crate) fn run<F: Future>(work: F) -> F::Output {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime can be had");
    runtime.block_on(work)
}

/// Waits for what must come, however long that takes.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(LONG, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} does not come"),
    }
}

/// Lets every task run until it has nothing left to do.
pub(crate) async fn settle() {
    pass(Duration::from_millis(1)).await;
}

/// Lets time pass.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets so much time pass that nobody can be there any more who does nothing, and asserts that nobody is.
pub(crate) async fn all_gone() {
    for _ in 0..3 {
        pass(LONG).await;
    }
    let tasks = Handle::current().metrics().num_alive_tasks();
    assert_eq!(tasks, 0, "tasks that never end");
}
