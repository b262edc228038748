//! What was told all nodes, and has not come back yet.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// How long something may take to come back. Who waits longer gets it without its place.
const PATIENCE: Duration = Duration::from_secs(1);

/// How many wait at most.
const MOST: usize = 16_384;

/// What was added to a stream, and has not been read there yet.
///
/// Where clients can come back to any node, all nodes deliver in the order of the stream: an event of this node's own waits
/// until it is read, and with it its place. It does not wait for a broker that is away: then it is delivered at once, and when
/// it is read later, it is not delivered again.
pub struct Ledger<T> {
    pending: VecDeque<Pending<T>>,
    /// How many there have been.
    count: u64,
    /// The broker is away, or as good as that.
    is_late: bool,
}

struct Pending<T> {
    number: u64,
    data: String,
    due: Instant,
    is_delivered: bool,
    item: T,
}

/// Something that has come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled<T> {
    /// What it is.
    pub item: T,
    /// How many there had been before it.
    pub number: u64,
    /// Whether it was delivered already.
    pub is_delivered: bool,
}

impl<T: Clone> Ledger<T> {
    /// Nothing waits.
    pub const fn new() -> Self {
        Self { pending: VecDeque::new(), count: 0, is_late: false }
    }

    /// Something was added to the stream, with this data. False if it is not to be waited for, but delivered now.
    pub fn push(&mut self, now: Instant, data: String, item: T) -> bool {
        let number = self.count;
        self.count += 1;
        if self.pending.len() >= MOST {
            return false;
        }
        let is_delivered = self.is_late;
        self.pending.push_back(Pending { number, data, due: now + PATIENCE, is_delivered, item });
        !is_delivered
    }

    /// Something of this node's was read in the stream: gives it, and what was before it and is lost therefore. Nothing if it is
    /// none of those that wait.
    pub fn settle(&mut self, data: &str) -> Option<(Vec<T>, Settled<T>)> {
        let at = self.pending.iter().position(|pending| pending.data == data)?;
        self.is_late = false;
        let lost =
            self.pending.drain(..at).filter(|pending| !pending.is_delivered).map(|pending| pending.item).collect();
        let Pending { item, number, is_delivered, .. } = self.pending.pop_front()?;
        Some((lost, Settled { item, number, is_delivered }))
    }

    /// What is to be delivered though it has not come back, when the first has waited for too long.
    pub fn overdue(&mut self, now: Instant) -> Vec<T> {
        match self.poll_timeout().is_some_and(|due| due <= now) {
            true => self.cut_off(),
            false => Vec::new(),
        }
    }

    /// The broker is away: what waits is to be delivered, and so is all that comes until something comes back.
    pub fn cut_off(&mut self) -> Vec<T> {
        self.is_late = true;
        self.flush()
    }

    /// The broker is there: what comes is waited for again.
    pub fn resume(&mut self) {
        self.is_late = false;
    }

    /// What waits is to be delivered.
    pub fn flush(&mut self) -> Vec<T> {
        let waiting = self.pending.iter_mut().filter(|pending| !pending.is_delivered);
        waiting
            .map(|pending| {
                pending.is_delivered = true;
                pending.item.clone()
            })
            .collect()
    }

    /// When to look for what is [overdue](Self::overdue).
    pub fn poll_timeout(&self) -> Option<Instant> {
        // Those that are delivered are the first.
        let at = self.pending.partition_point(|pending| pending.is_delivered);
        self.pending.get(at).map(|pending| pending.due)
    }

    /// How many there have been.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Whether something waits to be delivered.
    pub fn is_waiting(&self) -> bool {
        self.poll_timeout().is_some()
    }
}

impl<T: Clone> Default for Ledger<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Ledger<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("pending", &self.pending.len()).field("is_late", &self.is_late).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;

    fn now() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        #[expect(clippy::disallowed_methods, reason = "an instant to start from")]
        START.get_or_init(Instant::now).to_owned()
    }

    fn ledger(names: &[&'static str]) -> Ledger<&'static str> {
        let mut ledger = Ledger::new();
        for name in names {
            assert!(ledger.push(now(), (*name).to_owned(), *name));
        }
        ledger
    }

    fn settled(item: &'static str, number: u64, is_delivered: bool) -> Settled<&'static str> {
        Settled { item, number, is_delivered }
    }

    #[test]
    fn what_comes_back_is_found_in_its_order() {
        let mut ledger = ledger(&["a", "b", "a"]);
        assert_eq!(ledger.settle("a"), Some((vec![], settled("a", 0, false))));
        assert_eq!(ledger.settle("b"), Some((vec![], settled("b", 1, false))));
        assert_eq!(ledger.settle("c"), None);
        assert_eq!(ledger.settle("a"), Some((vec![], settled("a", 2, false))));
        assert!(!ledger.is_waiting());
    }

    #[test]
    fn what_was_lost_on_the_way_is_delivered_when_the_next_comes_back() {
        let mut ledger = ledger(&["a", "b", "c"]);
        assert_eq!(ledger.settle("c"), Some((vec!["a", "b"], settled("c", 2, false))));
        assert_eq!(ledger.settle("a"), None);
    }

    #[test]
    fn nobody_waits_for_a_broker_that_is_away() {
        let mut ledger = ledger(&["a", "b"]);
        let due = ledger.poll_timeout().expect("something waits");
        assert_eq!(ledger.overdue(due - Duration::from_millis(1)), Vec::<&str>::new());
        assert_eq!(ledger.overdue(due), ["a", "b"]);
        assert_eq!(ledger.poll_timeout(), None);
        assert!(!ledger.push(due, "c".to_owned(), "c"), "delivered at once");
        // It is back, and nothing is delivered twice.
        assert_eq!(ledger.settle("a"), Some((vec![], settled("a", 0, true))));
        assert!(ledger.push(due, "d".to_owned(), "d"));
        assert_eq!(ledger.settle("c"), Some((vec![], settled("c", 2, true))));
        assert_eq!(ledger.settle("d"), Some((vec![], settled("d", 3, false))));
    }

    #[test]
    fn what_is_flushed_is_not_delivered_again() {
        let mut ledger = ledger(&["a"]);
        assert_eq!(ledger.flush(), ["a"]);
        assert_eq!(ledger.flush(), Vec::<&str>::new());
        assert!(ledger.push(now(), "b".to_owned(), "b"));
        assert_eq!(ledger.settle("a"), Some((vec![], settled("a", 0, true))));
    }

    #[test]
    fn what_waits_has_a_bound() {
        let mut ledger = Ledger::new();
        assert!((0..MOST).all(|number| ledger.push(now(), number.to_string(), number)));
        assert!(!ledger.push(now(), "one more".to_owned(), MOST));
    }
}
