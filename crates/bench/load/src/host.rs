//! A server under load: a process of its own.

use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use crate::cores;
use crate::process::Process;

/// A host that runs. It is stopped when this is dropped.
#[derive(Debug)]
pub struct Host {
    child: Child,
    address: SocketAddr,
    process: Process,
}

impl Host {
    /// Starts it, on a core for itself if one is named, and waits until it says where it listens.
    ///
    /// # Errors
    ///
    /// When it cannot be run, or does not say that it listens.
    pub fn start(mut command: Command, core: Option<usize>) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // A process runs where the thread that starts it may.
        let start = move || core.map_or(Ok(()), cores::pin).and_then(|()| command.spawn());
        let child = thread::spawn(start).join();
        Self::listening(child.unwrap_or_else(|_| Err(io::Error::other("the thread that starts it panicked")))?)
    }

    /// Takes a host that was started and says where it is.
    fn listening(mut child: Child) -> io::Result<Self> {
        let said = first_line(&mut child);
        let address =
            said.as_ref().ok().and_then(|line| line.trim().strip_prefix("listening on http://")?.parse().ok());
        let process = Process::of(child.id());
        match (address, process) {
            (Some(address), Ok(process)) => Ok(Self { child, address, process }),
            (address, process) => {
                stop(&mut child)?;
                process?;
                Err(said.err().unwrap_or_else(|| io::Error::other(format!("the host does not listen: {address:?}"))))
            }
        }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it, without a word to anybody.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> io::Result<()> {
        stop(&mut self.child).map(drop)
    }

    /// What the kernel says of it.
    pub const fn process(&self) -> &Process {
        &self.process
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It is killed; that it is not reaped harms nobody.
        let _ = stop(&mut self.child);
    }
}

fn first_line(child: &mut Child) -> io::Result<String> {
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        let mut output = BufReader::new(output);
        output.read_line(&mut line)?;
        // Whoever has nobody to talk to may end.
        child.stdout = Some(output.into_inner());
    }
    Ok(line)
}

fn stop(child: &mut Child) -> io::Result<ExitStatus> {
    // What cannot be killed has ended.
    let _ = child.kill();
    child.wait()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(script: &str) -> Child {
        Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap()
    }

    #[test]
    fn a_host_says_where_it_listens() {
        let host = Host::listening(started("echo listening on http://127.0.0.1:80; exec sleep 60")).unwrap();
        assert_eq!(host.address().port(), 80);
        let id = host.child.id();
        drop(host);
        assert!(Process::of(id).and_then(|process| process.resident()).is_err(), "it still runs");
        Host::listening(started("echo nothing of use; exec sleep 60")).unwrap_err();
        Host::listening(started("exit 1")).unwrap_err();
    }

    #[test]
    fn nobody_waits_for_a_host_to_end() {
        let status = stop(&mut started("exec sleep 60")).unwrap();
        assert_eq!(status.code(), None, "it ended by itself");
    }
}
