//! The buffer that all connections of a thread read into and gather small frames in.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// How much of it there is. All connections of a thread share it, so it can be generous.
pub(super) const SCRATCH: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// The thread's buffer, for as long as somebody works with it. Who takes it meanwhile gets one of his own.
pub(super) struct Scratch(Box<[u8]>);

impl Scratch {
    pub(super) fn take() -> Self {
        Self(BUFFER.take().unwrap_or_else(|| vec![0; SCRATCH].into_boxed_slice()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        BUFFER.set(Some(std::mem::take(&mut self.0)));
    }
}

impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
