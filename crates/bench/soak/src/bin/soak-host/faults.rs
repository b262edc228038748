//! What the host can do wrong on purpose: a judge that never says no has not been tried.

use std::sync::atomic::{AtomicU64, Ordering};

/// A defect, of each hundredth event or of each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An event is not answered.
    Lose,
    /// An event is answered twice.
    Double,
    /// An event is answered after the next one.
    Swap,
    /// A handler panics.
    Panic,
    /// Each connection leaves memory behind.
    Leak,
    /// Each connection leaves a task behind.
    Forget,
    /// A connection is closed.
    Drop,
}

impl Fault {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "lose" => Self::Lose,
            "double" => Self::Double,
            "swap" => Self::Swap,
            "panic" => Self::Panic,
            "leak" => Self::Leak,
            "forget" => Self::Forget,
            "drop" => Self::Drop,
            _ => return None,
        })
    }
}

/// Counts to a hundred.
#[derive(Debug, Default)]
pub(crate) struct Hundredth(AtomicU64);

impl Hundredth {
    pub(crate) fn next(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) % 100 == 99
    }
}
