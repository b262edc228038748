//! Where threads meet: the locks, the atomics, and the start of a task.
//!
//! In the unit tests of this crate they are shuttle's, which plays the threads of a test in one order after another; see
//! `race_tests`. Everywhere else, the tests in `tests/` included, they are the real ones.

#[cfg(not(test))]
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};

#[cfg(test)]
pub(crate) use shuttle::future::spawn;
#[cfg(test)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic};
#[cfg(not(test))]
pub(crate) use tokio::spawn;
