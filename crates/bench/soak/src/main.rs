//! `cargo xtask soak`, which builds everything first: a server under mixed traffic, and what it does to the traffic.
//!
//! - `soak-host` is the server, a process that has a core for itself; it numbers what it sends.
//! - [`traffic`] is the clients, on the connections of [`bench_load`], in this process; each knows what it has yet to hear.
//! - [`figures`] are the situations they are put in, and [`figure`] what is made of that: values, and their bounds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to a terminal")]

#[cfg(not(target_os = "linux"))]
compile_error!("the soak reads the memory and the files of another process as Linux has them");

mod client;
mod figure;
mod figures;
mod hand;
mod options;
mod random;
mod scene;
mod sequence;
mod server;
mod traffic;

use std::fs::File;
use std::io;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use bench_load::cores::{self, Cores};

use figure::Figure;
use figures::FIGURES;
use options::{Options, USAGE};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64);
    let Some(mut options) = Options::from_args(clock % 1_000_000) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&mut options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all figures are met.
fn run(options: &mut Options) -> io::Result<bool> {
    let effort = &mut options.effort;
    println!("seed {}", effort.seed);
    cores::allow_files()?;
    if effort.short {
        println!("the short form: it shows that this works, and no figure");
    } else {
        let cores = Cores::choose()?;
        effort.core = Some(cores.host);
        cores::pin(cores.load)?;
    }
    let effort = &options.effort;
    let ids = options.figures.clone().unwrap_or_else(|| vec!["F18".to_owned()]);
    if let Some(unknown) = ids.iter().find(|id| !FIGURES.iter().any(|(known, _)| known == id)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("there is no figure {unknown}")));
    }
    let mut all: Vec<Figure> = Vec::new();
    let mut complete = true;
    for (id, measure) in FIGURES.iter().filter(|(id, _)| ids.is_empty() || ids.iter().any(|wanted| wanted == id)) {
        println!("\n== {id}");
        match measure(effort) {
            Ok(figures) => {
                figures.all.iter().for_each(|figure| println!("{figure}"));
                all.extend(figures.all);
            }
            // One that cannot be measured is no reason not to see the others.
            Err(error) => {
                println!("{id} could not be measured: {error}");
                complete = false;
            }
        }
        // What is done is kept, whatever becomes of the rest.
        if let Some(path) = &options.json {
            serde_json::to_writer_pretty(File::create(path)?, &all)?;
        }
    }
    let missed = all.iter().filter(|figure| !figure.met).count();
    println!("\n{} values, {missed} of them not as they must be", all.len());
    Ok(complete && missed == 0)
}
