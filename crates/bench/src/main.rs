//! `cargo xtask bench`, which builds everything first: loads Pintle and its peers in turn, and says what that cost each.
//!
//! - [`hosts`] are servers that answer alike; each is a process that has a core for itself.
//! - [`works`] are what they are made to do, by the load generator ([`bench_load`]), which is this process and has another core.
//! - [`run`] does each work with each host, several times in turn; [`results`] are what came of it, as medians.
//! - [`report`] tells of them, [`musts`] judges them, [`publish`] puts them into the documentation.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to a terminal")]

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmark reads the CPU clock and the memory of another process as Linux has them");

mod chart;
mod hosts;
mod machine;
mod musts;
mod options;
mod publish;
mod report;
mod results;
mod run;
mod single;
mod table;
mod works;

use std::io;
use std::process::ExitCode;

use options::{Options, Run};
use results::Results;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n{}", options::usage());
            return ExitCode::from(2);
        }
    };
    let done = match options {
        Options::Help => {
            println!("{}", options::usage());
            Ok(true)
        }
        Options::Run(run) => compare(&run),
        Options::Single(single) => single::run(&single).map(|()| true),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every host did what it can do. A bound that is missed is a result like another.
fn compare(run: &Run) -> io::Result<bool> {
    let results = match &run.from {
        Some(path) => {
            let results = Results::load(path)?;
            println!("{}", report::all(&results));
            results
        }
        None => run::run(run)?,
    };
    if run.publish {
        publish::publish(&results, &hosts::bench().join("../../docs"))?;
    }
    Ok(!results.failed())
}
