//! What the handlers did.

use std::sync::{Arc, Mutex};

/// What happened, in the order in which it did. Its clones are one journal: it is a state for handlers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<&'static str>>>);

impl Journal {
    /// Enters something.
    pub(crate) fn note(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    /// All that was entered.
    pub(crate) fn entries(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}
