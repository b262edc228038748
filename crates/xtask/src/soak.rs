//! `cargo xtask soak`: the server under mixed traffic, and the figures of load.

use std::process::ExitCode;

use crate::process::Running;
use crate::{Result, place, process};

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    println!("building bench-soak");
    // The load starts the server that was built beside it.
    process::run(place::released("build").args(["--package", "bench-soak"]))?;
    let mut soak = place::released("run");
    soak.args(["--quiet", "--package", "bench-soak", "--bin", "bench-soak", "--"]).args(args);
    let status = Running::start(&mut soak)?.wait()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
