//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::server::Launch;

/// What to say to who gets it wrong.
pub(crate) const USAGE: &str = "\
usage: bench-soak [--minutes N] [OPTIONS]                 the soak: mixed traffic, 20 minutes unless told otherwise
       bench-soak figures [F1 F10 ...] [OPTIONS]          the figures: all of them, or those that are named
options:
  --seed N           what chance begins with; without it, another one each time. It is printed
  --minutes N        how long the soak, F1 and F20 take: 20, 10 and 10; for `figures`, all of them
  --connections N    instead of the thousands that a figure asks for
  --short            small numbers and short times: a few seconds each. It shows that it works, and no figure
  --json FILE        where to write what came of it
  --fault NAME       has the server do something wrong, to see that it is seen: lose, double, swap, panic, leak,
                     forget or drop";

/// What the command line says.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The ids of the figures, in capitals; `None` for the soak.
    pub(crate) figures: Option<Vec<String>>,
    pub(crate) effort: Effort,
    pub(crate) json: Option<PathBuf>,
}

/// How much is done.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    pub(crate) seed: u64,
    pub(crate) short: bool,
    minutes: Option<f64>,
    connections: Option<usize>,
    fault: Option<String>,
    /// The core that the server has for itself.
    pub(crate) core: Option<usize>,
}

/// The times of a heartbeat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
}

impl Heartbeat {
    /// How long one may have a session that has gone without a word.
    pub(crate) fn lingering(self) -> Duration {
        self.interval + self.timeout + Duration::from_secs(1)
    }
}

impl Options {
    /// Reads the command line of this process; `None` if it makes no sense.
    pub(crate) fn from_args(seed: u64) -> Option<Self> {
        let effort = Effort { seed, short: false, minutes: None, connections: None, fault: None, core: None };
        let mut options = Self { figures: None, effort, json: None };
        let mut arguments = std::env::args().skip(1).peekable();
        if arguments.next_if(|argument| argument == "figures").is_some() {
            options.figures = Some(Vec::new());
        }
        while let Some(argument) = arguments.next() {
            let effort = &mut options.effort;
            match argument.as_str() {
                "--short" => effort.short = true,
                "--seed" => effort.seed = arguments.next()?.parse().ok()?,
                "--minutes" => effort.minutes = Some(arguments.next()?.parse().ok().filter(|minutes| *minutes > 0.0)?),
                "--connections" => effort.connections = Some(arguments.next()?.parse().ok()?),
                "--fault" => effort.fault = Some(arguments.next()?),
                "--json" => options.json = Some(arguments.next()?.into()),
                id => options.figures.as_mut().filter(|_| id.starts_with(['F', 'f']))?.push(id.to_uppercase()),
            }
        }
        Some(options)
    }
}

impl Effort {
    /// How many connections, where a figure asks for `full`.
    pub(crate) fn connections(&self, full: usize) -> usize {
        let short = if self.short { full.min(200) } else { full };
        self.connections.unwrap_or(short)
    }

    /// How long, where a figure asks for `full`, and the short form for `short`.
    pub(crate) fn time(&self, full: Duration, short: Duration) -> Duration {
        let time = if self.short { short } else { full };
        self.minutes.map_or(time, |minutes| Duration::from_secs_f64(minutes * 60.0))
    }

    /// `full`, or what the short form has instead.
    pub(crate) fn or_short<T>(&self, full: T, short: T) -> T {
        if self.short { short } else { full }
    }

    /// When the server pings, and how long it waits for the answer: its defaults, but in the short form.
    pub(crate) fn heartbeat(&self) -> Heartbeat {
        let (interval, timeout) = self.or_short((25_000, 20_000), (1000, 3000));
        Heartbeat { interval: Duration::from_millis(interval), timeout: Duration::from_millis(timeout) }
    }

    /// How the server is started: with these arguments and those of all, and the fault that was asked for.
    pub(crate) fn server(&self, more: &[&str]) -> Launch {
        let mut arguments: Vec<String> = more.iter().map(|&argument| argument.to_owned()).collect();
        // Two workers on one core: what one of them is busy with, the other can be late for.
        arguments.extend(["--threads".to_owned(), "2".to_owned()]);
        let Heartbeat { interval, timeout } = self.heartbeat();
        arguments.extend(["--ping-interval".to_owned(), interval.as_millis().to_string()]);
        arguments.extend(["--ping-timeout".to_owned(), timeout.as_millis().to_string()]);
        if let Some(fault) = &self.fault {
            arguments.extend(["--fault".to_owned(), fault.clone()]);
        }
        Launch { arguments, core: self.core }
    }
}
