//! Acknowledgements that are awaited.

use std::collections::VecDeque;

/// Acknowledgements awaited from a client. `W` is what waits.
///
/// Ids are best handed out in rising order, and answers mostly come in that order: so this is a queue, searched by
/// halving. Out of order it moves at most half of what waits, which the limit bounds. An empty one has no heap.
#[derive(Debug)]
pub struct PendingAcks<W> {
    /// In order of id.
    waiting: VecDeque<(u64, W)>,
    limit: usize,
}

impl<W> PendingAcks<W> {
    /// None yet, and never more than `limit`.
    pub fn new(limit: usize) -> Self {
        Self { waiting: VecDeque::new(), limit }
    }

    /// Lets `waiter` wait for the acknowledgement of `id`.
    ///
    /// # Errors
    ///
    /// The waiter comes back if as many as allowed wait already, or one for the same id.
    pub fn insert(&mut self, id: u64, waiter: W) -> Result<(), W> {
        if self.waiting.len() >= self.limit {
            return Err(waiter);
        }
        match self.find(id) {
            Ok(_) => Err(waiter),
            Err(at) => {
                self.waiting.insert(at, (id, waiter));
                Ok(())
            }
        }
    }

    /// Takes what waits for `id`, be it answered or given up.
    pub fn take(&mut self, id: u64) -> Option<W> {
        let at = self.find(id).ok()?;
        let (_, waiter) = self.waiting.remove(at)?;
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
        Some(waiter)
    }

    /// Takes all that wait, in order of id.
    pub fn drain(&mut self) -> impl Iterator<Item = W> + use<W> {
        std::mem::take(&mut self.waiting).into_iter().map(|(_, waiter)| waiter)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn find(&self, id: u64) -> Result<usize, usize> {
        self.waiting.binary_search_by_key(&id, |&(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_answered_once() {
        let mut acks = PendingAcks::new(10);
        for id in [5, 1, 9, 7] {
            assert_eq!(acks.insert(id, id * 10), Ok(()));
        }
        assert_eq!(acks.insert(5, 0), Err(0));
        assert_eq!(acks.take(9), Some(90));
        assert_eq!(acks.take(9), None);
        assert_eq!(acks.take(u64::MAX), None);
        assert_eq!(acks.len(), 3);
        assert_eq!(acks.drain().collect::<Vec<_>>(), [10, 50, 70]);
        assert!(acks.is_empty());
    }

    #[test]
    fn the_limit_holds_and_nothing_stays_behind() {
        let mut acks = PendingAcks::new(2);
        for round in 0..3 {
            assert_eq!(acks.waiting.capacity(), 0);
            assert_eq!(acks.insert(round, "a"), Ok(()));
            assert_eq!(acks.insert(round + 10, "b"), Ok(()));
            assert_eq!(acks.insert(round + 20, "c"), Err("c"));
            assert_eq!(acks.take(round), Some("a"));
            assert_eq!(acks.take(round + 10), Some("b"));
        }
    }
}
