//! What a run came to: what is printed, published, and kept as JSON.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::works::{Figures, Work};

/// The results of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// How often each work was done with each host; works that measure memory are done once.
    pub(crate) rounds: usize,
    /// For how long each time.
    pub(crate) seconds: f64,
    pub(crate) hosts: Vec<Contender>,
    pub(crate) rows: Vec<Row>,
}

/// A host that took part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contender {
    pub(crate) name: String,
    /// What it is, and its version.
    pub(crate) version: String,
}

/// What came of a work, with each host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) work: String,
    pub(crate) what: String,
    pub(crate) unit: String,
    pub(crate) cells: Vec<Cell>,
}

/// What came of a work with a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) host: String,
    /// The medians of the rounds; `None` if there was none.
    pub(crate) median: Option<Measures>,
    pub(crate) rounds: Vec<Measures>,
    /// Why there is nothing, or not all.
    pub(crate) missing: Option<String>,
}

/// What a round showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measures {
    /// The CPU that the host used for a unit, in microseconds.
    pub(crate) cpu: f64,
    /// Units a second.
    pub(crate) rate: f64,
    /// What the host used of its core, from 0 to 1.
    pub(crate) host_load: f64,
    /// What the load generator used of its own.
    pub(crate) generator_load: f64,
    pub(crate) latency: Option<Percentiles>,
    pub(crate) memory: Option<Resident>,
}

/// Latencies, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

/// Resident memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resident {
    /// What each connection added.
    pub(crate) per_connection: f64,
    pub(crate) before: f64,
    pub(crate) connected: f64,
    pub(crate) after: f64,
}

impl Results {
    /// Reads what [`save`](Self::save) has written.
    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
    }

    /// Writes everything, rounds included, as JSON.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)? + "\n")
    }

    pub(crate) fn row(&self, work: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.work == work)
    }

    /// Whether a host failed at something, rather than not being able to do it by its nature.
    pub(crate) fn failed(&self) -> bool {
        self.rows.iter().flat_map(|row| &row.cells).any(Cell::failed)
    }
}

impl Row {
    pub(crate) fn new(work: &Work) -> Self {
        let [work, what, unit] = [work.name, work.what, work.unit].map(str::to_owned);
        Self { work, what, unit, cells: Vec::new() }
    }

    /// The medians of a host; `None` if there are none.
    pub(crate) fn median(&self, host: &str) -> Option<&Measures> {
        self.cells.iter().find(|cell| cell.host == host)?.median.as_ref()
    }
}

impl Cell {
    pub(crate) fn new(host: &str) -> Self {
        Self { host: host.to_owned(), median: None, rounds: Vec::new(), missing: None }
    }

    /// Takes what came of a round.
    pub(crate) fn add(&mut self, round: io::Result<Figures>) {
        match round {
            Ok(figures) => {
                self.rounds.push(Measures::of(&figures));
                self.median = Measures::median(&self.rounds);
            }
            Err(error) => self.missing = Some(format!("failed: {error}")),
        }
    }

    /// Whether its question was memory, which one round answers.
    pub(crate) fn measured_memory(&self) -> bool {
        self.median.as_ref().is_some_and(|median| median.memory.is_some())
    }

    fn failed(&self) -> bool {
        self.missing.as_ref().is_some_and(|reason| reason.starts_with("failed"))
    }
}

impl Measures {
    pub(crate) fn of(figures: &Figures) -> Self {
        let units = figures.units as f64;
        let elapsed = figures.elapsed.as_secs_f64();
        let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        Self {
            cpu: figures.cpu.as_secs_f64() * 1e6 / units,
            rate: units / elapsed,
            host_load: figures.cpu.as_secs_f64() / elapsed,
            generator_load: figures.load_cpu.as_secs_f64() / elapsed,
            latency: figures.latency.map(|latency| Percentiles {
                p50: millis(latency.p50),
                p99: millis(latency.p99),
                p999: millis(latency.p999),
            }),
            memory: figures.memory.map(|memory| Resident {
                per_connection: (memory.connected as f64 - memory.before as f64) / units,
                before: memory.before as f64,
                connected: memory.connected as f64,
                after: memory.after as f64,
            }),
        }
    }

    /// Each measure's median, by itself; `None` if there was no round.
    fn median(rounds: &[Self]) -> Option<Self> {
        let latencies: Vec<Percentiles> = rounds.iter().filter_map(|round| round.latency).collect();
        let memories: Vec<Resident> = rounds.iter().filter_map(|round| round.memory).collect();
        Some(Self {
            cpu: median(rounds, |round| round.cpu)?,
            rate: median(rounds, |round| round.rate)?,
            host_load: median(rounds, |round| round.host_load)?,
            generator_load: median(rounds, |round| round.generator_load)?,
            latency: Percentiles::median(&latencies),
            memory: Resident::median(&memories),
        })
    }
}

impl Percentiles {
    fn median(rounds: &[Self]) -> Option<Self> {
        Some(Self {
            p50: median(rounds, |round| round.p50)?,
            p99: median(rounds, |round| round.p99)?,
            p999: median(rounds, |round| round.p999)?,
        })
    }
}

impl Resident {
    fn median(rounds: &[Self]) -> Option<Self> {
        Some(Self {
            per_connection: median(rounds, |round| round.per_connection)?,
            before: median(rounds, |round| round.before)?,
            connected: median(rounds, |round| round.connected)?,
            after: median(rounds, |round| round.after)?,
        })
    }
}

/// The middle one, or the mean of the two in the middle; `None` of nothing.
fn median<T>(rounds: &[T], measure: impl Fn(&T) -> f64) -> Option<f64> {
    let mut sorted: Vec<f64> = rounds.iter().map(measure).collect();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[half]),
        _ => Some(f64::midpoint(sorted[half - 1], sorted[half])),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;

    /// What a host came to that used so much CPU, with all the rest.
    pub(crate) fn measures(cpu: f64) -> Measures {
        let latency = Some(Percentiles { p50: cpu, p99: cpu * 2.0, p999: cpu * 3.0 });
        let memory = Some(Resident { per_connection: cpu * 1000.0, before: 1e7, connected: 5e7, after: 1.1e7 });
        Measures { cpu, rate: 1e6 / cpu, host_load: 1.0, generator_load: 0.5, latency, memory }
    }

    /// A work that each of these hosts did once, with so much CPU.
    pub(crate) fn row(work: &str, hosts: &[(&str, f64)]) -> Row {
        let cells = hosts.iter().map(|&(host, cpu)| {
            let measures = measures(cpu);
            Cell { host: host.to_owned(), median: Some(measures.clone()), rounds: vec![measures], missing: None }
        });
        let (what, unit) = (format!("what {work} is"), "message".to_owned());
        Row { work: work.to_owned(), what, unit, cells: cells.collect() }
    }

    /// A run of these works.
    pub(crate) fn results(rows: Vec<Row>) -> Results {
        let machine =
            Machine { cpu: "a CPU".into(), cores: 2, memory: 1 << 34, kernel: "6.1".into(), day: "today".into() };
        let hosts = ["pintle", "socketioxide", "bun", "node", "floor"]
            .map(|name| Contender { name: name.to_owned(), version: format!("{name} 1.2.3") });
        Results { machine, rounds: 1, seconds: 2.0, hosts: hosts.into(), rows }
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0], |&x| x), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0], |&x| x), Some(3.0));
        assert_eq!(median(&[7.0], |&x| x), Some(7.0));
        assert_eq!(median(&[], |&x: &f64| x), None);
    }

    #[test]
    fn figures_are_told_by_the_unit() {
        let figures = Figures {
            units: 1000,
            elapsed: Duration::from_secs(2),
            cpu: Duration::from_secs(1),
            load_cpu: Duration::from_millis(500),
            latency: None,
            memory: Some(crate::works::Memory { before: 5000, connected: 9000, after: 5500 }),
        };
        let measures = Measures::of(&figures);
        assert_eq!((measures.cpu, measures.rate), (1000.0, 500.0));
        assert_eq!((measures.host_load, measures.generator_load), (0.5, 0.25));
        assert_eq!(measures.memory.unwrap().per_connection, 4.0);
    }

    #[test]
    fn one_slow_round_does_not_count() {
        let mut cell = Cell::new("pintle");
        assert_eq!(cell.median, None);
        for cpu in [2, 90, 1] {
            let cpu = Duration::from_micros(cpu);
            let elapsed = Duration::from_secs(1);
            cell.add(Ok(Figures { units: 1, elapsed, cpu, load_cpu: elapsed, latency: None, memory: None }));
        }
        assert_eq!(cell.median.as_ref().map(|median| median.cpu), Some(2.0));
        assert!(!cell.failed());
        cell.add(Err(io::Error::other("it hung up")));
        assert!(cell.failed() && cell.median.is_some(), "{cell:?}");
    }

    #[test]
    fn what_is_saved_can_be_loaded() {
        let results = results(vec![row("echo-16", &[("pintle", 2.0), ("bun", 4.0)])]);
        let path = std::env::temp_dir().join(format!("pintle-bench-{}.json", std::process::id()));
        results.save(&path).unwrap();
        let loaded = Results::load(&path);
        fs::remove_file(&path).unwrap();
        let loaded = loaded.unwrap();
        assert_eq!((loaded.hosts, loaded.rows), (results.hosts, results.rows));
    }
}
