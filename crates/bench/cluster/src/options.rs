//! The command line.

use std::path::PathBuf;
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench cluster [OPTIONS]
         --adapters ADAPTER,...  classic, sharded, streams, postgres; all of them if not said
         --hosts HOST,...        pintle, node; both if not said
         --nodes N               3 if not said
         --sockets N             at each node; 5000 if not said
         --seconds N             how long, at one broadcast a second; 60 if not said
         --rounds N              1 if not said
         --json FILE             write what came of it";

/// Which adapters there are.
pub(crate) const ADAPTERS: [&str; 4] = ["classic", "sharded", "streams", "postgres"];

/// Which hosts there are.
pub(crate) const HOSTS: [&str; 2] = ["pintle", "node"];

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) adapters: Vec<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) nodes: usize,
    pub(crate) sockets: usize,
    pub(crate) time: Duration,
    pub(crate) rounds: usize,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    /// Reads a command line, without the program's name. Nothing if it asks for help.
    ///
    /// # Errors
    ///
    /// When it makes no sense; the error says why.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self {
            adapters: ADAPTERS.map(str::to_owned).into(),
            hosts: HOSTS.map(str::to_owned).into(),
            nodes: 3,
            sockets: 5000,
            time: Duration::from_secs(60),
            rounds: 1,
            json: None,
        };
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} of what?"));
            match argument.as_str() {
                "--help" | "-h" => return Ok(None),
                "--adapters" => options.adapters = some_of(&ADAPTERS, &value()?)?,
                "--hosts" => options.hosts = some_of(&HOSTS, &value()?)?,
                "--nodes" => options.nodes = number(&value()?)?,
                "--sockets" => options.sockets = number(&value()?)?,
                "--seconds" => options.time = Duration::from_secs(number(&value()?)? as u64),
                "--rounds" => options.rounds = number(&value()?)?,
                "--json" => options.json = Some(value()?.into()),
                _ => return Err(format!("what is {argument}?")),
            }
        }
        Ok(Some(options))
    }
}

fn some_of(known: &[&str], names: &str) -> Result<Vec<String>, String> {
    let known = |name: &str| match known.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!("{name:?} is none of {}", known.join(", "))),
    };
    names.split(',').map(known).collect()
}

/// At least one.
fn number(value: &str) -> Result<usize, String> {
    value.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("{value:?} does not belong there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<Options>, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn everything_can_be_said() {
        let line =
            "--adapters classic,streams --hosts node --nodes 2 --sockets 10 --seconds 3 --rounds 4 --json a.json";
        let options = parsed(line).unwrap().unwrap();
        assert_eq!(
            (&options.adapters[..], &options.hosts[..]),
            (&["classic".into(), "streams".into()][..], &["node".into()][..])
        );
        assert_eq!((options.nodes, options.sockets, options.rounds), (2, 10, 4));
        assert_eq!((options.time, options.json), (Duration::from_secs(3), Some("a.json".into())));
        assert!(parsed("--help").unwrap().is_none());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["--adapters redis", "--adapters", "--hosts bun", "--nodes 0", "--seconds x", "--fast"] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
