//! What a stretch of time cost.

use std::time::{Duration, Instant};
use std::{io, thread};

use crate::works::{Figures, Target};
use bench_load::Process;

/// Runs from when it is started.
#[derive(Debug)]
pub(super) struct Meter {
    host: Process,
    load: Process,
    host_cpu: Duration,
    load_cpu: Duration,
    start: Instant,
}

impl Meter {
    pub(super) fn start(target: &Target) -> io::Result<Self> {
        let (host, load) = (target.process, Process::current()?);
        Ok(Self { host, load, host_cpu: host.cpu()?, load_cpu: load.cpu()?, start: Instant::now() })
    }

    /// What it cost until now to do `units`.
    pub(super) fn read(&self, units: u64) -> io::Result<Figures> {
        Ok(Figures {
            units,
            elapsed: self.start.elapsed(),
            cpu: self.host.cpu()? - self.host_cpu,
            load_cpu: self.load.cpu()? - self.load_cpu,
            latency: None,
            memory: None,
        })
    }
}

/// Waits until the host has nothing to do: it used less than 2 % of a core for a tenth of a second. At most `limit`.
pub(super) fn rest(host: &Process, limit: Duration) -> io::Result<()> {
    const STEP: Duration = Duration::from_millis(100);
    let end = Instant::now() + limit;
    let mut before = host.cpu()?;
    while Instant::now() < end {
        thread::sleep(STEP);
        let now = host.cpu()?;
        if now - before < STEP / 50 {
            break;
        }
        before = now;
    }
    Ok(())
}
