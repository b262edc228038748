//! How long is waited: for an answer, and before the next attempt.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

/// How long PostgreSQL may take to answer. One that stands still for longer is away.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// In how many steps that is counted.
const STEPS: u32 = 10;

/// The first pause between two attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest: everything is listened to soon after PostgreSQL is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Waits for an answer, for five seconds at most; nothing if there was none.
///
/// They are counted in steps of which this process must have lived through each: after it stood still itself, an answer that
/// came meanwhile is read before anybody is given up.
pub(crate) async fn answered<T>(answer: impl Future<Output = T>) -> Option<T> {
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

/// Pauses between attempts to connect: each twice as long as the one before, and not the same for all who lost one server.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST_PAUSE }
    }

    /// The next pause: between half of it and the whole.
    pub(crate) fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST_PAUSE);
        // Without randomness it is no less of a pause.
        let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
        whole.mul_f64(0.5 + share / 2.0)
    }

    /// It worked.
    pub(crate) fn reset(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_second_and_are_never_short() {
        let mut backoff = Backoff::new();
        let mut whole = FIRST_PAUSE;
        for _ in 0..20 {
            let pause = backoff.pause();
            assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
            whole = (whole * 2).min(LONGEST_PAUSE);
        }
        backoff.reset();
        assert!(backoff.pause() <= FIRST_PAUSE);
    }

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
