//! Which core runs what: the host has one for itself, and the load another.

use std::io;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

/// The two cores of a benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cores {
    /// The host's.
    pub host: usize,
    /// The load's.
    pub load: usize,
}

impl Cores {
    /// The first two that this process may use.
    ///
    /// # Errors
    ///
    /// When there are not two: host and load would take turns, and neither's time would be its own.
    pub fn choose() -> io::Result<Self> {
        match allowed()?.as_slice() {
            &[host, load, ..] => Ok(Self { host, load }),
            other => Err(io::Error::other(format!(
                "a benchmark needs two cores, one for the host and one for the load; here it may use {}",
                other.len()
            ))),
        }
    }
}

/// The cores that this thread may use.
///
/// # Errors
///
/// When the kernel does not say.
pub fn allowed() -> io::Result<Vec<usize>> {
    let set = sched_getaffinity(Pid::from_raw(0))?;
    Ok((0..CpuSet::count()).filter(|&core| set.is_set(core).unwrap_or(false)).collect())
}

/// From now on this thread, and what it starts, runs on this core alone.
///
/// # Errors
///
/// When it may not use that core.
pub fn pin(core: usize) -> io::Result<()> {
    let mut set = CpuSet::new();
    set.set(core)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// Allows this process, and what it starts, as many files as it may have at all: each connection is one.
///
/// # Errors
///
/// When the kernel does not say how many.
pub fn allow_files() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(Resource::RLIMIT_NOFILE, most, most)?)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_thread_is_where_it_was_put() {
        let cores = allowed().unwrap();
        let last = *cores.last().unwrap();
        let pinned = thread::spawn(move || pin(last).and_then(|()| allowed())).join().unwrap();
        assert_eq!(pinned.unwrap(), [last]);
        assert_eq!(allowed().unwrap(), cores, "the other threads stay where they were");
    }
}
