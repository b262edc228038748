//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::hosts::{HOSTS, Host};
use crate::works::{Effort, WORKS, Work};

const WARM_UP: Duration = Duration::from_secs(1);

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Options {
    /// To be told how to ask.
    Help,
    Run(Run),
    Single(Single),
}

/// To compare hosts.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) works: Vec<&'static Work>,
    pub(crate) hosts: Vec<&'static Host>,
    pub(crate) rounds: usize,
    pub(crate) effort: Effort,
    /// Where to write the results.
    pub(crate) json: Option<PathBuf>,
    /// Where results are that are shown instead of measuring any.
    pub(crate) from: Option<PathBuf>,
    /// Whether the tables and pictures of the documentation are rewritten.
    pub(crate) publish: bool,
}

/// To do one work with a host that runs: what a profiler is pointed at.
#[derive(Debug)]
pub(crate) struct Single {
    pub(crate) work: &'static Work,
    pub(crate) address: SocketAddr,
    pub(crate) process: u32,
    pub(crate) effort: Effort,
}

impl Options {
    /// Reads a command line, without the program's name.
    ///
    /// # Errors
    ///
    /// When it makes no sense; the error says why.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter().peekable();
        match arguments.peek().map(String::as_str) {
            Some("--help" | "-h" | "help") => Ok(Self::Help),
            Some("work") => single(arguments.skip(1)).map(Self::Single),
            _ => run(arguments).map(Self::Run),
        }
    }
}

/// How to ask, and for what.
pub(crate) fn usage() -> String {
    let names = |names: Vec<&str>| names.join(" ");
    format!(
        "\
usage: cargo xtask bench [OPTIONS]
         --only WORK,...     these works alone; a name's beginning stands for all that begin so
         --hosts HOST,...    these hosts alone
         --rounds N          medians of so many rounds, 5 if not said
         --seconds N         how long each time, 2 if not said
         --json FILE         write what came of it, each round included
         --from FILE         measure nothing: show what was written with --json
         --publish           rewrite the tables of docs/PERFORMANCE.md, and its pictures
       pintle-bench work WORK --address ADDRESS --pid PID [--seconds N]
         one work with a host that runs already
hosts: {}
works: {}",
        names(HOSTS.iter().map(|host| host.name).collect()),
        names(WORKS.iter().map(|work| work.name).collect()),
    )
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<Run, String> {
    let effort = Effort { measure: Duration::from_secs(2), warm_up: WARM_UP };
    let (works, hosts) = (WORKS.iter().collect(), HOSTS.iter().collect());
    let mut run = Run { works, hosts, rounds: 5, effort, json: None, from: None, publish: false };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} of what?"));
        match argument.as_str() {
            "--only" => run.works = works_named(&value()?)?,
            "--hosts" => run.hosts = hosts_named(&value()?)?,
            "--rounds" => run.rounds = number::<usize>(&value()?)?.max(1),
            "--seconds" => run.effort.measure = seconds(&value()?)?,
            "--json" => run.json = Some(value()?.into()),
            "--from" => run.from = Some(value()?.into()),
            "--publish" => run.publish = true,
            _ => return Err(format!("what is {argument}?")),
        }
    }
    Ok(run)
}

fn single(mut arguments: impl Iterator<Item = String>) -> Result<Single, String> {
    let name = arguments.next().ok_or("which work?")?;
    let work = WORKS.iter().find(|work| work.name == name).ok_or_else(|| format!("there is no work {name}"))?;
    let (mut address, mut process, mut measure) = (None, None, Duration::from_secs(2));
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} of what?"));
        match argument.as_str() {
            "--address" => address = Some(number(&value()?)?),
            "--pid" => process = Some(number(&value()?)?),
            "--seconds" => measure = seconds(&value()?)?,
            _ => return Err(format!("what is {argument}?")),
        }
    }
    let address = address.ok_or("--address says where the host listens")?;
    let process = process.ok_or("--pid says which process it is")?;
    Ok(Single { work, address, process, effort: Effort { measure, warm_up: WARM_UP } })
}

/// The works that are named, in the order in which they are done. What names no work stands for all that begin so.
fn works_named(names: &str) -> Result<Vec<&'static Work>, String> {
    let is_name = |name: &str| WORKS.iter().any(|work| work.name == name);
    let means = |name: &str, work: &Work| if is_name(name) { work.name == name } else { work.name.starts_with(name) };
    match names.split(',').find(|name| name.is_empty() || !WORKS.iter().any(|work| means(name, work))) {
        Some(name) => Err(format!("there is no work {name:?}")),
        None => Ok(WORKS.iter().filter(|work| names.split(',').any(|name| means(name, work))).collect()),
    }
}

fn hosts_named(names: &str) -> Result<Vec<&'static Host>, String> {
    let host = |name| Host::named(name).ok_or_else(|| format!("there is no host {name:?}"));
    names.split(',').map(host).collect()
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{value:?} does not belong there"))
}

fn seconds(value: &str) -> Result<Duration, String> {
    Duration::try_from_secs_f64(number(value)?).map_err(|_| format!("{value:?} does not belong there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    fn asked(line: &str) -> Run {
        match parsed(line) {
            Ok(Options::Run(run)) => run,
            other => panic!("{other:?}"),
        }
    }

    fn works(line: &str) -> Vec<&str> {
        asked(line).works.iter().map(|work| work.name).collect()
    }

    #[test]
    fn nothing_said_is_everything() {
        let run = asked("");
        assert_eq!((run.works.len(), run.hosts.len(), run.rounds), (WORKS.len(), HOSTS.len(), 5));
        assert_eq!(run.effort.measure, Duration::from_secs(2));
        assert!(run.json.is_none() && run.from.is_none() && !run.publish);
    }

    #[test]
    fn works_go_by_their_names_or_how_they_begin() {
        assert_eq!(works("--only broadcast"), ["broadcast"]);
        assert_eq!(works("--only broadcast-rate,broadcast"), ["broadcast", "broadcast-rate"]);
        assert_eq!(works("--only ack,echo-16"), ["echo-16", "ack-16", "ack-4096", "ack-binary"]);
    }

    #[test]
    fn everything_can_be_said() {
        let run = asked("--hosts floor,pintle --rounds 3 --seconds 0.5 --json a.json --from b.json --publish");
        assert_eq!(run.hosts.iter().map(|host| host.name).collect::<Vec<_>>(), ["floor", "pintle"]);
        assert_eq!((run.rounds, run.effort.measure), (3, Duration::from_millis(500)));
        assert_eq!((run.json, run.from, run.publish), (Some("a.json".into()), Some("b.json".into()), true));
        let single = parsed("work churn --address 127.0.0.1:80 --pid 7");
        assert!(matches!(single, Ok(Options::Single(Single { process: 7, .. }))), "{single:?}");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let senseless =
            ["--only", "--only x", "--only echo,", "--hosts x", "--rounds -1", "--seconds -1", "--fast", "fast"];
        for line in senseless.into_iter().chain(["work", "work x", "work churn", "work churn --pid 1"]) {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
