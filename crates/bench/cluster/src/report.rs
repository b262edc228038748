//! What came of it, as JSON and as a table for the documentation.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use serde::Serialize;

use crate::load::Figures;
use crate::options::Options;

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    nodes: usize,
    sockets: usize,
    seconds: u64,
    rows: Vec<Row>,
}

/// One measurement.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    adapter: String,
    host: String,
    deliveries: u64,
    /// From when the load has a node emit to when a client has it, in milliseconds.
    p50: f64,
    p99: f64,
    p999: f64,
    /// CPU microseconds a delivery, of all nodes together.
    nodes: f64,
    /// CPU microseconds a broadcast.
    broker: f64,
    /// CPU microseconds a delivery.
    load: f64,
    /// Mebibytes, of all nodes together.
    resident: f64,
}

impl Row {
    pub(crate) fn new(adapter: &str, host: &str, figures: Figures) -> Self {
        let Figures { deliveries, latency, nodes, broker, load, resident } = figures;
        let a_delivery = |cpu: Duration| micros(cpu) / deliveries as f64;
        Self {
            adapter: adapter.to_owned(),
            host: host.to_owned(),
            deliveries,
            p50: micros(latency.p50) / 1e3,
            p99: micros(latency.p99) / 1e3,
            p999: micros(latency.p999) / 1e3,
            nodes: a_delivery(nodes),
            // Made one of a broadcast by the report, which knows how many there were.
            broker: micros(broker),
            load: a_delivery(load),
            resident: resident as f64 / f64::from(1 << 20),
        }
    }

    fn line(&self) -> String {
        format!(
            "| {} | {} | {:.1} ms | {:.1} ms | {:.2} µs | {:.0} µs | {:.0} MiB |",
            self.adapter, self.host, self.p50, self.p99, self.nodes, self.broker, self.resident
        )
    }
}

impl Report {
    pub(crate) fn new(options: &Options) -> Self {
        let (nodes, sockets, seconds) = (options.nodes, options.sockets, options.time.as_secs());
        Self { nodes, sockets, seconds, rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, mut row: Row) {
        row.broker /= self.seconds as f64;
        self.rows.push(row);
    }

    /// The last measurement.
    pub(crate) fn last(&self) -> String {
        self.rows.last().map(|row| format!("{}  load {:.2} µs", row.line(), row.load)).unwrap_or_default()
    }

    /// Writes everything until now.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)?)
    }

    /// A table of medians, as Markdown.
    pub(crate) fn table(&self) -> String {
        let mut groups: BTreeMap<usize, Vec<&Row>> = BTreeMap::new();
        for row in &self.rows {
            let first = self.rows.iter().position(|other| (&other.adapter, &other.host) == (&row.adapter, &row.host));
            groups.entry(first.unwrap_or_default()).or_default().push(row);
        }
        let rows: Vec<String> = groups.into_values().map(|rows| median(&rows).line()).collect();
        format!(
            "{} nodes with {} sockets each, a broadcast a second for {} s\n\n\
             | adapter | host | p50 | p99 | nodes' CPU a delivery | broker's CPU a broadcast | nodes' memory |\n\
             |---|---|---|---|---|---|---|\n{}",
            self.nodes,
            self.sockets,
            self.seconds,
            rows.join("\n"),
        )
    }
}

/// The median of each figure.
fn median(rows: &[&Row]) -> Row {
    let of = |figure: fn(&Row) -> f64| {
        let mut figures: Vec<f64> = rows.iter().map(|row| figure(row)).collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        if figures.len() % 2 == 1 { figures[middle] } else { f64::midpoint(figures[middle - 1], figures[middle]) }
    };
    Row {
        p50: of(|row| row.p50),
        p99: of(|row| row.p99),
        p999: of(|row| row.p999),
        nodes: of(|row| row.nodes),
        broker: of(|row| row.broker),
        load: of(|row| row.load),
        resident: of(|row| row.resident),
        ..rows[0].clone()
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
