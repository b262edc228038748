//! `pintle-bench`: loads a Socket.IO server, and says what that cost the server.
//!
//! `pintle-bench work NAME --address 127.0.0.1:PORT --pid PID [--seconds N]` does one work against a host that runs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to a terminal")]

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmark reads the CPU clock and the memory of another process as Linux has them");

mod load;
mod process;
mod works;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use process::Process;
use works::{Effort, Feature, Figures, Target, WORKS, Work};

const USAGE: &str = "usage: pintle-bench work NAME --address ADDRESS --pid PID [--seconds N]";
const WARM_UP: Duration = Duration::from_secs(1);
const ALL: &[Feature] = &[Feature::Polling, Feature::Rooms, Feature::Namespaces];

fn main() -> ExitCode {
    let Some((work, address, pid, measure)) = arguments() else {
        eprintln!("{USAGE}\nworks: {}", WORKS.iter().map(|work| work.name).collect::<Vec<_>>().join(" "));
        return ExitCode::from(2);
    };
    let effort = Effort { measure, warm_up: WARM_UP };
    let figures = Process::of(pid)
        .map(|process| Target { address, process, features: ALL })
        .and_then(|target| work.measure(&target, &effort));
    match figures {
        Ok(figures) => {
            println!("{}", told(work, &figures));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Option<(&'static Work, SocketAddr, u32, Duration)> {
    let mut arguments = std::env::args().skip(1);
    arguments.next().filter(|command| command == "work")?;
    let name = arguments.next()?;
    let work = WORKS.iter().find(|work| work.name == name)?;
    let (mut address, mut pid, mut seconds) = (None, None, 2.0);
    while let Some(argument) = arguments.next() {
        let value = arguments.next()?;
        match argument.as_str() {
            "--address" => address = Some(value.parse().ok()?),
            "--pid" => pid = Some(value.parse().ok()?),
            "--seconds" => seconds = value.parse().ok()?,
            _ => return None,
        }
    }
    Some((work, address?, pid?, Duration::try_from_secs_f64(seconds).ok()?))
}

fn told(work: &Work, figures: &Figures) -> String {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / figures.units as f64;
    let mut told = format!(
        "{} ({}): {:.2} us of CPU a {}, {:.0} a second, host {:.0} % busy; load {:.2} us, {:.0} % busy",
        work.name,
        work.what,
        each(figures.cpu),
        work.unit,
        figures.units as f64 / figures.elapsed.as_secs_f64(),
        figures.cpu.as_secs_f64() / figures.elapsed.as_secs_f64() * 100.0,
        each(figures.load_cpu),
        figures.load_cpu.as_secs_f64() / figures.elapsed.as_secs_f64() * 100.0,
    );
    if let Some(latency) = figures.latency {
        told += &format!("; p50 {:?}, p99 {:?}, p99.9 {:?}", latency.p50, latency.p99, latency.p999);
    }
    if let Some(memory) = figures.memory {
        told += &format!("; resident {} before, {} connected, {} after", memory.before, memory.connected, memory.after);
    }
    told
}
