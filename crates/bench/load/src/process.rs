//! What the kernel says of a process: the CPU it has used, and the memory it occupies.

use std::time::Duration;
use std::{fs, io, process};

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// A process to be watched, ours or another.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    id: u32,
    cpu: ClockId,
}

impl Process {
    /// The process with this id.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn of(id: u32) -> io::Result<Self> {
        let pid = i32::try_from(id).map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Self { id, cpu: clock_getcpuclockid(Pid::from_raw(pid))? })
    }

    /// This process.
    pub fn current() -> io::Result<Self> {
        Self::of(process::id())
    }

    /// The CPU time that its threads have used, those that have ended included, in user and kernel mode.
    ///
    /// This is the scheduler's own account, exact to the nanosecond. What `/proc/PID/stat` has is counted in ticks of 10 ms.
    ///
    /// # Errors
    ///
    /// When the process has ended.
    pub fn cpu(&self) -> io::Result<Duration> {
        Ok(clock_gettime(self.cpu).map(TimeSpec::into)?)
    }

    /// The bytes of memory it has resident.
    ///
    /// # Errors
    ///
    /// When the process has ended.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        resident_in(&status).ok_or_else(|| io::Error::other(format!("process {} has ended", self.id)))
    }

    /// How many files it has open, sockets included.
    ///
    /// # Errors
    ///
    /// When the process has ended.
    pub fn files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.id))?.count())
    }
}

/// What the line `VmRSS` of `/proc/PID/status` says, in bytes. A process that has ended has no such line.
fn resident_in(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = value.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_clock_runs_while_the_process_does() {
        let process = Process::current().unwrap();
        let before = process.cpu().unwrap();
        while process.cpu().unwrap() < before + Duration::from_millis(1) {}
    }

    #[test]
    fn memory_that_is_touched_is_resident() {
        let process = Process::current().unwrap();
        let before = process.resident().unwrap();
        let touched = vec![1_u8; 64 << 20];
        assert!(process.resident().unwrap() > before + (48 << 20));
        drop(touched);
    }

    #[test]
    fn a_status_without_memory_is_that_of_a_process_that_has_ended() {
        assert_eq!(resident_in("Name:\tx\nVmRSS:\t    6016 kB\nThreads:\t1\n"), Some(6_160_384));
        assert_eq!(resident_in("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(Process::of(u32::MAX).is_err());
        assert!(Process::of(4_194_304 + 1).is_err(), "above the most that the kernel gives out");
    }
}
