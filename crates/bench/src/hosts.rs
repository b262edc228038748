//! The hosts: what they are, and how one is started, pinned and stopped.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::machine;
use crate::works::{Feature, Target};
use bench_load::cores::Cores;

/// A server that can be loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Host {
    /// The name, of the command line and of the JSON.
    pub(crate) name: &'static str,
    /// What it is called where there is room.
    pub(crate) title: &'static str,
    pub(crate) features: &'static [Feature],
    program: Program,
}

/// All hosts, in the order in which they are shown.
pub(crate) const HOSTS: &[Host] = &[
    Host {
        name: "pintle",
        title: "Pintle",
        features: Feature::ALL,
        program: Program::Rust { file: "bench-host", package: "pintle" },
    },
    Host {
        name: "socketioxide",
        title: "socketioxide",
        features: &[Feature::Polling, Feature::Rooms],
        program: Program::Rust { file: "bench-socketioxide", package: "socketioxide" },
    },
    Host { name: "bun", title: "Bun", features: &[Feature::Polling, Feature::Rooms], program: Program::Bun },
    Host { name: "node", title: "Node", features: &[Feature::Polling, Feature::Rooms], program: Program::Node },
    Host {
        name: "floor",
        title: "floor",
        features: &[],
        program: Program::Rust { file: "bench-floor", package: "tokio" },
    },
];

/// How a host is run.
#[derive(Clone, Copy, Debug)]
enum Program {
    /// A program that was built beside this one, and the package of the lock file whose version is the host's.
    Rust {
        file: &'static str,
        package: &'static str,
    },
    Node,
    Bun,
}

impl Host {
    /// The host of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        HOSTS.iter().find(|host| host.name == name)
    }

    /// What it is, and its version.
    ///
    /// # Errors
    ///
    /// When it cannot be run; the error says what is missing.
    pub(crate) fn version(&self) -> io::Result<String> {
        let program = self.program()?;
        let runtime = || machine::output(Command::new(&program[0]).arg("--version")).unwrap_or_default();
        Ok(match self.program {
            Program::Rust { package: "pintle", .. } => {
                let commit =
                    machine::output(Command::new("git").current_dir(bench()).args(["rev-parse", "--short", "HEAD"]));
                format!("Pintle {}{}", locked("pintle"), commit.map(|id| format!(" ({id})")).unwrap_or_default())
            }
            Program::Rust { package: "tokio", .. } => format!("bare tokio {}", locked("tokio")),
            Program::Rust { package, .. } => format!("{package} {}", locked(package)),
            Program::Node => {
                format!("socket.io {} on Node {}", installed("socket.io"), runtime().trim_start_matches('v'))
            }
            Program::Bun => format!(
                "socket.io {} with @socket.io/bun-engine {} on Bun {}",
                installed("socket.io"),
                installed("@socket.io/bun-engine"),
                runtime()
            ),
        })
    }

    /// Starts it on its core, and waits until it listens.
    ///
    /// # Errors
    ///
    /// When it cannot be run, or does not say that it listens.
    pub(crate) fn start(&self, cores: Cores) -> io::Result<Running> {
        let program = self.program()?;
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).args(["--port", "0"]);
        let host = bench_load::Host::start(command, Some(cores.host))?;
        let target = Target { address: host.address(), process: *host.process(), features: self.features };
        Ok(Running { _host: host, target })
    }

    /// The program and its first arguments.
    fn program(&self) -> io::Result<Vec<OsString>> {
        let scripts = scripts();
        let program = match self.program {
            Program::Rust { file, .. } => vec![env::current_exe()?.with_file_name(file).into_os_string()],
            Program::Node => {
                let node = env::var_os("PINTLE_NODE").unwrap_or_else(|| OsString::from("node"));
                vec![node, scripts.join("node.mjs").into()]
            }
            Program::Bun => vec![bun().unwrap_or_default().into(), scripts.join("bun.mjs").into()],
        };
        let there = match self.program {
            Program::Rust { .. } | Program::Bun => Path::new(&program[0]).is_file(),
            Program::Node => scripts.join("node_modules").is_dir(),
        };
        let missing =
            || io::Error::other(format!("the host {} is not built; `cargo xtask bench` does that", self.name));
        there.then_some(program).ok_or_else(missing)
    }
}

/// A host that runs. It is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    _host: bench_load::Host,
    target: Target,
}

impl Running {
    pub(crate) const fn target(&self) -> &Target {
        &self.target
    }
}

/// The folder of this package.
pub(crate) fn bench() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the hosts that are scripts.
fn scripts() -> PathBuf {
    bench().join("hosts").join("node")
}

/// The program that npm has installed for this platform.
fn bun() -> Option<PathBuf> {
    let packages = fs::read_dir(scripts().join("node_modules").join("@oven")).ok()?;
    let programs = packages.flatten().map(|package| package.path().join("bin").join("bun"));
    programs.into_iter().find(|program| machine::output(Command::new(program).arg("--version")).is_some())
}

/// The version of a package in the workspace's lock file.
fn locked(package: &str) -> String {
    let lock = fs::read_to_string(bench().join("../../Cargo.lock")).unwrap_or_default();
    let after = lock.split_once(&format!("name = \"{package}\"\nversion = \""));
    after.and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default().to_owned()
}

/// The version of a package that npm has installed.
fn installed(package: &str) -> String {
    let manifest = scripts().join("node_modules").join(package).join("package.json");
    let manifest = fs::read_to_string(manifest).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap_or_default();
    manifest["version"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let three_numbers = |version: &str| version.split('.').filter(|part| part.parse::<u32>().is_ok()).count() == 3;
        assert!(three_numbers(&locked("socketioxide")), "{}", locked("socketioxide"));
        assert!(three_numbers(&locked("tokio")), "{}", locked("tokio"));
        assert_eq!(locked("no such package"), "");
    }
}
