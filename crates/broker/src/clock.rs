//! The one place of this crate where time passes.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// How long a broker may take to answer. One that stands still for longer is away.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// In how many steps that is counted.
const STEPS: u32 = 10;

/// Waits for a broker's answer, for five seconds at most; nothing if there was none.
///
/// They are counted in steps of which this process must have lived through each: after it stood still itself, an answer that
/// came meanwhile is read before anybody is given up.
pub async fn answered<T>(answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    let mut steps = interval(ANSWER_LIMIT / STEPS);
    steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first step ends at once.
    for _ in 0..=STEPS {
        tokio::select! {
            biased;
            answer = &mut answer => return Some(answer),
            _ = steps.tick() => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_given_up_after_five_seconds() {
        let begun = tokio::time::Instant::now();
        assert_eq!(answered(std::future::pending::<()>()).await, None);
        assert_eq!(begun.elapsed(), ANSWER_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_came_in_time_is_taken_though_it_is_read_late() {
        let late = async {
            // This process stands still, and all time there is has passed when it goes on.
            tokio::time::advance(ANSWER_LIMIT * 3).await;
            tokio::task::yield_now().await;
            1
        };
        assert_eq!(answered(late).await, Some(1));
    }
}
