//! Child processes. None outlives us: each is stopped by its id when it is dropped and when we are interrupted.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{process, thread};

use crate::Result;

/// How long a process may take to stop before it is made to.
const GRACE: Duration = Duration::from_secs(5);

static RUNNING: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn running() -> MutexGuard<'static, Vec<u32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Stops all processes on Ctrl-C and on a request to terminate, and then us.
pub(crate) fn stop_on_interrupt() -> Result<()> {
    let stop = || {
        INTERRUPTED.store(true, Ordering::SeqCst);
        let ids = running().clone();
        ids.iter().for_each(|&id| signal(id, "TERM"));
        // Whoever waits for a process takes it off the list when it has ended.
        let deadline = Instant::now() + GRACE;
        while !running().is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        running().iter().for_each(|&id| signal(id, "KILL"));
        process::exit(130);
    };
    ctrlc::set_handler(stop).map_err(|error| format!("cannot listen for Ctrl-C: {error}"))
}

/// A process that runs.
#[derive(Debug)]
pub(crate) struct Running(Child);

impl Running {
    /// Starts a process in a group of its own, so that what it starts is stopped with it.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let mut running = running();
        if INTERRUPTED.load(Ordering::SeqCst) {
            return Err("interrupted".to_owned());
        }
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).spawn().map_err(|error| format!("cannot start {name}: {error}"))?;
        running.push(child.id());
        Ok(Self(child))
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Result<ExitStatus> {
        let status = self.0.wait().map_err(|error| format!("cannot wait for a process: {error}"));
        drop(self);
        while INTERRUPTED.load(Ordering::SeqCst) {
            // It did not end by itself: there is nothing more to say, and the handler is about to end us.
            thread::park();
        }
        status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        if !ended(&mut self.0) {
            signal(self.0.id(), "TERM");
            let deadline = Instant::now() + GRACE;
            while !ended(&mut self.0) && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(20));
            }
        }
        if !ended(&mut self.0) {
            signal(self.0.id(), "KILL");
            // It can be reaped now, or it never will.
            let _ = self.0.wait();
        }
        running().retain(|&id| id != self.0.id());
    }
}

/// Signals a process and those it started. The standard library only knows how to kill one.
#[cfg(unix)]
fn signal(id: u32, signal: &str) {
    let _ = Command::new("sh").args(["-c", &format!("kill -s {signal} -- -{id} 2>&-")]).status();
}

#[cfg(windows)]
fn signal(id: u32, _: &str) {
    let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &id.to_string()]).output();
}

/// Runs a command to its end without a word, unless it fails: then the error has what it said.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let (mut output, writer) = std::io::pipe().map_err(|error| format!("no pipe: {error}"))?;
    let errors = writer.try_clone().map_err(|error| format!("no pipe: {error}"))?;
    let started = Running::start(command.stdout(writer).stderr(errors));
    // The command holds the ends that are written to; the pipe ends when nobody does.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let started = started?;
    let mut said = Vec::new();
    std::io::Read::read_to_end(&mut output, &mut said).map_err(|error| format!("cannot read: {error}"))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let status = started.wait()?;
    if status.success() {
        Ok(said)
    } else {
        Err(format!("{} failed with {status}:\n{}", line(command), said.trim_end()))
    }
}

/// A command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
