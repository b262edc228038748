//! Pauses between attempts.

use std::time::Duration;

/// The first pause between two attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest: everything is listened to soon after the broker is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Pauses between attempts to connect: from 50 ms on, each twice as long as the one before, up to a second, and not the same for
/// all who lost one broker.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    /// It has worked until now.
    pub fn new() -> Self {
        Self { next: FIRST_PAUSE }
    }

    /// The next pause: between half of it and the whole.
    pub fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST_PAUSE);
        // Without randomness it is no less of a pause.
        let share = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
        whole.mul_f64(0.5 + share / 2.0)
    }

    /// It has worked.
    pub fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
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
}
