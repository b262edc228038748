//! `cargo xtask bench cluster`: nodes that share a broker, thousands of sockets at each, and one broadcast a second.
//!
//! All nodes have one core together; the load and the broker have another. A client of the first node has it emit to
//! everybody; how long it takes is counted from there to each client of each node, and what it costs is the CPU time of all
//! nodes' processes together. That of the broker is told apart.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to a terminal")]

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmark reads the CPU clock of another process as Linux has it");

mod broker;
mod load;
mod nodes;
mod options;
mod report;

use std::io;
use std::process::ExitCode;

use bench_load::cores::{self, Cores};

use broker::Broker;
use nodes::Nodes;
use options::Options;
use report::{Report, Row};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{error}\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// One host after the other, round by round, so that what disturbs the machine disturbs both alike.
fn run(options: &Options) -> io::Result<()> {
    let cores = Cores::choose()?;
    cores::allow_files()?;
    cores::pin(cores.load)?;
    let mut report = Report::new(options);
    for _ in 0..options.rounds {
        for adapter in &options.adapters {
            for host in &options.hosts {
                let broker = Broker::start(adapter)?;
                let nodes = Nodes::start(host, adapter, broker.url(), options.nodes, cores)?;
                let figures = load::measure(&nodes, &broker, options)?;
                report.add(Row::new(adapter, host, figures));
                println!("{}", report.last());
                if let Some(path) = &options.json {
                    report.save(path)?;
                }
            }
        }
    }
    println!("\n{}", report.table());
    Ok(())
}
