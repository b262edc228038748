//! A run: each work, round by round, with one host after the other, so that what disturbs the machine disturbs all alike.

use std::io::{self, Write as _};

use crate::hosts::Host;
use crate::machine::Machine;
use crate::options::Run;
use crate::report;
use crate::results::{Cell, Contender, Results, Row};
use crate::works::{Figures, Work};
use bench_load::cores::{self, Cores};

/// What the works are called that show how cost grows: Pintle's, and the machine's. Peers are compared at the usual sizes.
pub(crate) const GROWTH: &str = "growth-";

/// Does what was asked for, and tells of each work when it is done.
///
/// # Errors
///
/// When nothing can be measured at all: there are too few cores, or a host is not there. A host that fails at a work leaves
/// the reason in the results.
pub(crate) fn run(run: &Run) -> io::Result<Results> {
    let machine = Machine::this();
    let cores = Cores::choose()?;
    let version = |host: &&Host| Ok(Contender { name: host.name.to_owned(), version: host.version()? });
    let hosts = run.hosts.iter().map(version).collect::<io::Result<_>>()?;
    let mut results =
        Results { machine, rounds: run.rounds, seconds: run.effort.measure.as_secs_f64(), hosts, rows: Vec::new() };
    println!("{}", report::setting(&results));

    cores::allow_files()?;
    cores::pin(cores.load)?;
    for work in &run.works {
        let hosts: Vec<&Host> = run.hosts.iter().copied().filter(|host| takes_part(host, work)).collect();
        if hosts.is_empty() {
            continue;
        }
        results.rows.push(row(run, work, &hosts, cores)?);
        println!("{}", report::work(&results, work.name));
        // A run takes long: what is done is kept, whatever becomes of the rest.
        if let Some(path) = &run.json {
            results.save(path)?;
        }
    }
    Ok(results)
}

/// The host that says what the machine allows.
pub(crate) const FLOOR: &str = "floor";

fn takes_part(host: &Host, work: &Work) -> bool {
    let own = host.name == "pintle" || host.name == FLOOR && work.lacks(host.features).is_none();
    !work.name.starts_with(GROWTH) || own
}

fn row(run: &Run, work: &Work, hosts: &[&Host], cores: Cores) -> io::Result<Row> {
    let mut row = Row::new(work);
    row.cells = hosts.iter().map(|host| cell(host, work)).collect();
    print!("\n{}: {} ", work.name, work.what);
    for _ in 0..run.rounds {
        for (host, cell) in hosts.iter().zip(&mut row.cells) {
            if cell.missing.is_none() && !cell.measured_memory() {
                cell.add(round(run, work, host, cores));
                print!(".");
                io::stdout().flush()?;
            }
        }
    }
    println!();
    Ok(row)
}

/// Where the rounds of a host go; with the reason, if there will be none.
fn cell(host: &Host, work: &Work) -> Cell {
    let mut cell = Cell::new(host.name);
    cell.missing = work.lacks(host.features).map(|feature| format!("it has no {}", feature.as_str()));
    cell
}

fn round(run: &Run, work: &Work, host: &Host, cores: Cores) -> io::Result<Figures> {
    let running = host.start(cores)?;
    work.measure(running.target(), &run.effort)
}
