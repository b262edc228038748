//! The server under load, and what it says of itself.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use bench_load::{Host, Process};
use serde::{Deserialize, Serialize};

/// How long an answer may take that is none of the load.
const PATIENCE: Duration = Duration::from_secs(60);

/// `soak-host`, which runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    host: Host,
    launch: Launch,
}

/// How it is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) arguments: Vec<String>,
    /// The core that it has for itself.
    pub(crate) core: Option<usize>,
}

/// What there is in the server at a moment, and what has happened since its start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Gauges {
    pub(crate) sessions: usize,
    pub(crate) polling: usize,
    pub(crate) websocket: usize,
    pub(crate) sockets: usize,
    pub(crate) rooms: usize,
    pub(crate) namespaces: usize,
    pub(crate) tasks: usize,
    pub(crate) panics: u64,
    pub(crate) connects: u64,
    pub(crate) disconnects: BTreeMap<String, u64>,
    pub(crate) twice: u64,
    pub(crate) received: u64,
}

impl Gauges {
    /// How many disconnect handlers have run, for this reason.
    pub(crate) fn disconnected(&self, reason: &str) -> u64 {
        self.disconnects.get(reason).copied().unwrap_or_default()
    }

    pub(crate) fn all_disconnects(&self) -> u64 {
        self.disconnects.values().sum()
    }
}

impl Server {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(launch: Launch) -> io::Result<Self> {
        Ok(Self { host: launch.start(0)?, launch })
    }

    /// Kills it, and starts another one where it was.
    pub(crate) fn replace(&mut self) -> io::Result<()> {
        let port = self.address().port();
        // There must not be two.
        self.host.kill()?;
        self.host = self.launch.start(port)?;
        Ok(())
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.host.address()
    }

    pub(crate) const fn process(&self) -> &Process {
        self.host.process()
    }

    pub(crate) fn gauges(&self) -> io::Result<Gauges> {
        Ok(serde_json::from_str(&get(self.address(), "/gauges")?)?)
    }
}

impl Launch {
    fn start(&self, port: u16) -> io::Result<Host> {
        let mut command = Command::new(env::current_exe()?.with_file_name("soak-host"));
        // A handler that panics is counted, not told of.
        command.args(["--port", &port.to_string()]).args(&self.arguments).stderr(Stdio::null());
        Host::start(command, self.core)
    }
}

/// What the server answers at `path`.
pub(crate) fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    match response.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200 ") => Ok(body.to_owned()),
        _ => Err(io::Error::other(format!("the host answered {response:?}"))),
    }
}

/// What the kernel counts of connections that it did not take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) overflows: u64,
    pub(crate) drops: u64,
}

impl Refused {
    /// Since the machine was started.
    pub(crate) fn read() -> io::Result<Self> {
        let text = fs::read_to_string("/proc/net/netstat")?;
        Ok(Self { overflows: tcp(&text, "ListenOverflows"), drops: tcp(&text, "ListenDrops") })
    }

    /// Since `before`.
    pub(crate) const fn since(self, before: Self) -> Self {
        Self { overflows: self.overflows - before.overflows, drops: self.drops - before.drops }
    }
}

/// A counter of `/proc/net/netstat`, which has lines in pairs: names, and numbers under them.
fn tcp(text: &str, name: &str) -> u64 {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt: "));
    let (Some(names), Some(numbers)) = (lines.next(), lines.next()) else { return 0 };
    let at = names.split(' ').position(|other| other == name);
    at.and_then(|at| numbers.split(' ').nth(at)?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_their_names() {
        let text =
            "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 22 333\nIpExt: InNoRoutes\nIpExt: 0\n";
        assert_eq!((tcp(text, "ListenOverflows"), tcp(text, "ListenDrops"), tcp(text, "Other")), (22, 333, 0));
        Refused::read().unwrap();
    }
}
