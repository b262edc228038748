//! What came of it: rows for machines, a table for people.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) part: String,
    pub(crate) what: String,
    pub(crate) unit: String,
    pub(crate) sessions: usize,
    pub(crate) value: f64,
}

/// The rows of a part at one number of sessions.
#[derive(Debug)]
pub(crate) struct Rows {
    part: &'static str,
    sessions: usize,
    rows: Vec<Row>,
}

impl Rows {
    pub(crate) const fn new(part: &'static str, sessions: usize) -> Self {
        Self { part, sessions, rows: Vec::new() }
    }

    /// CPU time for each of `count` things.
    pub(crate) fn cpu(&mut self, what: &str, time: Duration, count: usize) {
        self.value(what, "ns", time.as_nanos() as f64 / count as f64);
    }

    /// Memory for each session.
    pub(crate) fn memory(&mut self, what: &str, before: u64, now: u64) {
        self.value(what, "bytes", now.saturating_sub(before) as f64 / self.sessions as f64);
    }

    pub(crate) fn value(&mut self, what: &str, unit: &str, value: f64) {
        let (part, what, unit) = (self.part.to_owned(), what.to_owned(), unit.to_owned());
        self.rows.push(Row { part, what, unit, sessions: self.sessions, value });
    }

    pub(crate) fn finish(self) -> Vec<Row> {
        self.rows
    }
}

/// All rows, the numbers of sessions side by side.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) rows: &'a [Row],
    pub(crate) steps: &'a [usize],
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<62}", "sessions")?;
        for step in self.steps {
            write!(f, "{step:>12}")?;
        }
        writeln!(f)?;
        let first = self.steps.first().copied().unwrap_or_default();
        for row in self.rows.iter().filter(|row| row.sessions == first) {
            write!(f, "{:<62}", format!("{}: {}, {}", row.part, row.what, row.unit))?;
            for &step in self.steps {
                let same = |other: &&Row| other.part == row.part && other.what == row.what && other.sessions == step;
                match self.rows.iter().find(same) {
                    Some(Row { value, .. }) if *value < 100.0 => write!(f, "{value:>12.2}")?,
                    Some(Row { value, .. }) => write!(f, "{value:>12.0}")?,
                    None => write!(f, "{:>12}", "-")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
