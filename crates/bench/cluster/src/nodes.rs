//! The nodes, on their core.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, io};

use bench_load::Host;
use bench_load::cores::Cores;

/// Nodes of a cluster, all on one core. They are stopped when this is dropped.
pub(crate) struct Nodes(Vec<Host>);

impl Nodes {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// When the host is not there, or one does not say that it listens.
    pub(crate) fn start(host: &str, adapter: &str, broker: &str, count: usize, cores: Cores) -> io::Result<Self> {
        let program = program(host)?;
        let start = |_| {
            let mut command = Command::new(&program[0]);
            command.args(&program[1..]).args(["--port", "0", "--adapter", adapter, "--broker", broker]);
            Host::start(command, Some(cores.host))
        };
        (0..count).map(start).collect::<io::Result<_>>().map(Self)
    }

    /// Where they listen.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(Host::address).collect()
    }

    /// The CPU time that all of them have used.
    ///
    /// # Errors
    ///
    /// When one has ended.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        self.0.iter().map(|host| host.process().cpu()).sum()
    }

    /// The bytes that all of them have resident.
    ///
    /// # Errors
    ///
    /// When one has ended.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        self.0.iter().map(|host| host.process().resident()).sum()
    }
}

/// The program and its first arguments.
fn program(host: &str) -> io::Result<Vec<OsString>> {
    let program = match host {
        "node" => {
            let node = env::var_os("PINTLE_NODE").unwrap_or_else(|| "node".into());
            vec![node, scripts().join("cluster.mjs").into()]
        }
        _ => vec![env::current_exe()?.with_file_name("bench-cluster-host").into()],
    };
    let is_there =
        if host == "node" { scripts().join("node_modules").is_dir() } else { Path::new(&program[0]).is_file() };
    let missing = || io::Error::other(format!("the host {host} is not built; `cargo xtask bench cluster` does that"));
    is_there.then_some(program).ok_or_else(missing)
}

/// The folder of the hosts that are scripts.
fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts/node")
}
