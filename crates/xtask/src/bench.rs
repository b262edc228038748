//! `cargo xtask bench`: Pintle and its peers, built and measured.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::process::Running;
use crate::programs::{NODE, NPM, Program};
use crate::{Result, npm, place, process};

/// The hosts in Rust: what each is called on the command line, and its package.
const RUST: [(&str, &str); 3] =
    [("pintle", "bench-host"), ("socketioxide", "bench-socketioxide"), ("floor", "bench-floor")];

/// The hosts that run on what npm installs.
const SCRIPTS: [&str; 2] = ["node", "bun"];

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    if let Some(("cluster", args)) = args.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return cluster(args);
    }
    let mut bench = place::released("run");
    bench.args(["--quiet", "--package", "pintle-bench", "--"]).args(args);

    let measures = !args.iter().any(|arg| ["--help", "-h", "help", "--from", "work"].contains(&arg.as_str()));
    if measures {
        let wanted = |host: &str| hosts(args).is_none_or(|hosts| hosts.split(',').any(|name| name == host));
        if SCRIPTS.into_iter().any(wanted) {
            bench.env(NODE.variable, scripts(&place::bench_scripts())?);
        }
        for (_, package) in RUST.into_iter().filter(|(host, _)| wanted(host)) {
            build(package)?;
        }
        println!("building the benchmark");
    }
    let status = Running::start(&mut bench)?.wait()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Several nodes, beside Node's.
fn cluster(args: &[String]) -> Result<ExitCode> {
    let mut bench = place::released("run");
    bench.args(["--quiet", "--package", "bench-cluster", "--"]).args(args);
    if !args.iter().any(|arg| ["--help", "-h"].contains(&arg.as_str())) {
        if hosts(args).is_none_or(|hosts| hosts.split(',').any(|name| name == "node")) {
            bench.env(NODE.variable, scripts(&place::bench_scripts())?);
        }
        build("bench-cluster-host")?;
        println!("building the benchmark");
    }
    let status = Running::start(&mut bench)?.wait()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The value of `--hosts`.
fn hosts(args: &[String]) -> Option<&str> {
    let at = args.iter().position(|arg| arg == "--hosts")?;
    args.get(at + 1).map(String::as_str)
}

/// Installs what the scripts need, and returns Node.
fn scripts(folder: &Path) -> Result<PathBuf> {
    npm::check_lock(folder)?;
    let missing = |program: &Program| {
        format!(
            "{} is missing: install it, or leave out the hosts that need it (`--hosts pintle,socketioxide,floor`)",
            program.what
        )
    };
    let node = NODE.find().ok_or_else(|| missing(&NODE))?;
    let npm = NPM.find().ok_or_else(|| missing(&NPM))?;
    npm::locked(&npm, folder)?;
    Ok(node)
}

/// Builds a host by itself: built together, packages share the features that any of them asks for.
fn build(package: &str) -> Result<()> {
    println!("building {package}");
    process::run(place::released("build").args(["--package", package])).map(drop)
}
