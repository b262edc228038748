//! The programs that the tests and the guard need: found, or installed where that is possible.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::process;

/// A program that some tests cannot do without.
#[derive(Debug)]
pub(crate) struct Program {
    /// What it is called in a message.
    pub(crate) what: &'static str,
    /// The variable that tells the tests where it is, and us, if it is set.
    pub(crate) variable: &'static str,
    names: &'static [&'static str],
    /// Arguments it must succeed with: being there is not enough.
    proof: &'static [&'static str],
    /// Packages of Debian and Ubuntu; the second and later ones in case there is no such package. None where both have
    /// given it up.
    packages: &'static [&'static str],
    /// What cannot be tested without it.
    pub(crate) tests: &'static str,
}

pub(crate) const NODE: Program = Program {
    what: "Node.js 18 or later",
    variable: "PINTLE_NODE",
    names: &["node", "nodejs"],
    proof: &["-e", "process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)"],
    packages: &["nodejs"],
    tests: "the official clients and the browser",
};

pub(crate) const NPM: Program = Program {
    what: "npm",
    variable: "PINTLE_NPM",
    names: &["npm"],
    proof: &["--version"],
    packages: &["npm"],
    tests: "the official clients and the browser",
};

pub(crate) const PYTHON: Program = Program {
    what: "Python 3 with venv",
    variable: "PINTLE_PYTHON3",
    names: &["python3", "python"],
    proof: &["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 8))"],
    packages: &["python3-venv"],
    tests: "the Python client",
};

pub(crate) const PYTHON2: Program = Program {
    what: "Python 2.7 with pip, which `pyenv install 2.7.18` installs,",
    variable: "PINTLE_PYTHON2",
    names: &["python2.7", "python2"],
    proof: &["-c", "import sys, pip; sys.exit(sys.version_info[:2] != (2, 7))"],
    packages: &[],
    tests: "RFC 6455 with the Autobahn cases",
};

pub(crate) const CHROMIUM: Program = Program {
    what: "Chromium",
    variable: "PINTLE_CHROMIUM",
    names: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    proof: &["--version"],
    packages: &["chromium", "chromium-browser"],
    tests: "the chat's page",
};

pub(crate) const REDIS_SERVER: Program = Program {
    what: "redis-server 7",
    variable: "PINTLE_REDIS_SERVER",
    names: &["redis-server", "valkey-server"],
    proof: &["--version"],
    packages: &["redis-server", "valkey-server"],
    tests: "nodes that speak over Redis",
};

pub(crate) const POSTGRES: Program = Program {
    what: "PostgreSQL",
    variable: "PINTLE_POSTGRES",
    names: &["postgres"],
    proof: &["--version"],
    packages: &["postgresql"],
    tests: "clusters over PostgreSQL",
};

pub(crate) const NGINX: Program = Program {
    what: "nginx",
    variable: "PINTLE_NGINX",
    names: &["nginx", "/usr/sbin/nginx"],
    proof: &["-v"],
    packages: &["nginx-light", "nginx"],
    tests: "three nodes behind nginx",
};

pub(crate) const HAPROXY: Program = Program {
    what: "HAProxy",
    variable: "PINTLE_HAPROXY",
    names: &["haproxy", "/usr/sbin/haproxy"],
    proof: &["-v"],
    packages: &["haproxy"],
    tests: "three nodes behind HAProxy",
};

pub(crate) const VALGRIND: Program = Program {
    what: "valgrind",
    variable: "PINTLE_VALGRIND",
    names: &["valgrind"],
    proof: &["--version"],
    packages: &["valgrind"],
    tests: "the instructions of the hot path",
};

pub(crate) const CXX: Program = Program {
    what: "a C++ compiler",
    variable: "CXX",
    names: &["c++", "g++", "clang++"],
    proof: &["--version"],
    packages: &["g++"],
    tests: "the fuzz targets",
};

impl Program {
    /// Where it is.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        if let Some(path) = env::var_os(self.variable) {
            return Some(PathBuf::from(path));
        }
        let found = self.names.iter().flat_map(|name| in_path(name));
        found
            .chain(self.names.iter().flat_map(|name| in_pyenv(name)))
            .chain(self.names.iter().flat_map(|name| in_postgresql(name)))
            .find(|path| process::run(Command::new(path).args(self.proof)).is_ok())
    }

    /// Where it is, after installing it if need be. The error says what to do by hand.
    pub(crate) fn find_or_install(&self, installer: &mut Installer) -> Result<PathBuf> {
        if let Some(path) = self.find() {
            return Ok(path);
        }
        let mut problem = String::new();
        for package in self.packages {
            match installer.install(package) {
                Ok(()) => match self.find() {
                    Some(path) => return Ok(path),
                    None => problem = format!("\n{package} is installed, but is not what is needed"),
                },
                Err(error) => problem = format!("\n{error}"),
            }
        }
        let advice =
            self.packages.first().map(|package| format!("; `apt-get install {package}` or the like installs it"));
        Err(format!("{} is missing{}{problem}", self.what, advice.unwrap_or_default()))
    }
}

/// All files of this name in the path.
fn in_path(name: &str) -> Vec<PathBuf> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let files = env::split_paths(&folders).map(|folder| folder.join(name).with_extension(env::consts::EXE_EXTENSION));
    files.filter(|file| file.is_file()).collect()
}

/// All programs of this name that pyenv has: what it puts into the path is only the versions that are chosen.
fn in_pyenv(name: &str) -> Vec<PathBuf> {
    let found = process::run(Command::new("pyenv").args(["whence", "--path", name])).unwrap_or_default();
    found.lines().map(PathBuf::from).filter(|file| file.is_file()).collect()
}

/// All programs of this name that Debian's PostgreSQL has: a folder for each version, none of them in the path.
fn in_postgresql(name: &str) -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin").join(name)).filter(|file| file.is_file()).collect()
}

/// apt-get, where there is one and we may use it.
#[derive(Debug, Default)]
pub(crate) struct Installer {
    updated: bool,
}

impl Installer {
    fn install(&mut self, package: &str) -> Result<()> {
        if in_path("apt-get").is_empty() {
            return Err("there is no apt-get here".to_owned());
        }
        let may_install = is_root() || process::run(Command::new("sudo").args(["-n", "true"])).is_ok();
        if !may_install {
            return Err("only root may install it, or who may use sudo without a password".to_owned());
        }
        if !self.updated {
            println!("apt-get update");
            process::run(&mut apt(&["update"]))?;
            self.updated = true;
        }
        println!("apt-get install {package}");
        process::run(&mut apt(&["install", "-y", "--no-install-recommends", package])).map(drop)
    }
}

fn is_root() -> bool {
    process::run(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn apt(args: &[&str]) -> Command {
    let mut command = if is_root() { Command::new("env") } else { Command::new("sudo") };
    if !is_root() {
        command.args(["-n", "env"]);
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]).args(args);
    command
}

/// A command for a program that may be a script of another one beside it: npm needs its own node.
pub(crate) fn beside(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some(folder) = program.parent() {
        let mut folders = vec![folder.to_path_buf()];
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        if let Ok(path) = env::join_paths(folders) {
            command.env("PATH", path);
        }
    }
    command
}
