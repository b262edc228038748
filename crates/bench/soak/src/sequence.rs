//! Numbers that must come each once, and in order.

use std::collections::BTreeSet;
use std::ops::AddAssign;

/// What was wrong with a sequence, or with many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults {
    /// Numbers that have not come.
    pub(crate) lost: u64,
    /// Numbers that came again.
    pub(crate) doubled: u64,
    /// Numbers that came after a later one.
    pub(crate) reordered: u64,
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.reordered += other.reordered;
    }
}

/// Numbers from one that is given on.
#[derive(Debug)]
pub(crate) struct Sequence {
    next: u64,
    missing: BTreeSet<u64>,
    doubled: u64,
    reordered: u64,
}

impl Sequence {
    /// Nothing has come yet, and `next` is to be the first.
    pub(crate) const fn from(next: u64) -> Self {
        Self { next, missing: BTreeSet::new(), doubled: 0, reordered: 0 }
    }

    /// A number has come.
    pub(crate) fn take(&mut self, number: u64) {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
        } else if self.missing.remove(&number) {
            self.reordered += 1;
        } else {
            self.doubled += 1;
        }
    }

    /// The number that is to come next.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    /// What is wrong, if `end` is the number that would come next.
    pub(crate) fn faults(&self, end: u64) -> Faults {
        let lost = self.missing.len() as u64 + end.saturating_sub(self.next);
        Faults { lost, doubled: self.doubled, reordered: self.reordered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(numbers: &[u64], end: u64) -> (u64, u64, u64) {
        let mut sequence = Sequence::from(1);
        numbers.iter().for_each(|&number| sequence.take(number));
        let Faults { lost, doubled, reordered } = sequence.faults(end);
        (lost, doubled, reordered)
    }

    #[test]
    fn what_is_wrong_is_counted_exactly() {
        assert_eq!(faults(&[], 1), (0, 0, 0));
        assert_eq!(faults(&[1, 2, 3], 4), (0, 0, 0));
        assert_eq!(faults(&[1, 3], 4), (1, 0, 0), "in the middle");
        assert_eq!(faults(&[1], 4), (2, 0, 0), "at the end");
        assert_eq!(faults(&[2, 3], 4), (1, 0, 0), "at the beginning");
        assert_eq!(faults(&[1, 2, 2, 1], 3), (0, 2, 0));
        assert_eq!(faults(&[1, 3, 2], 4), (0, 0, 1));
        assert_eq!(faults(&[3, 2, 1, 2], 4), (0, 1, 2));
    }
}
