//! What came of it: values, and the bounds they are held to.

use std::fmt;

use serde::Serialize;

/// One value that is judged.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// The id, as documentation has it: `F1`.
    pub(crate) id: String,
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    /// What it must not exceed, or must reach.
    pub(crate) bound: Bound,
    pub(crate) met: bool,
}

/// What a value is held to.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    Exactly(f64),
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
            Self::Exactly(bound) => value == bound,
        }
    }
}

/// The figures of one id.
#[derive(Debug)]
pub(crate) struct Figures {
    id: &'static str,
    pub(crate) all: Vec<Figure>,
}

impl Figures {
    pub(crate) const fn of(id: &'static str) -> Self {
        Self { id, all: Vec::new() }
    }

    pub(crate) fn add(&mut self, what: &str, value: f64, unit: &str, bound: Bound) {
        let (id, what, unit) = (self.id.to_owned(), what.to_owned(), unit.to_owned());
        // Without a value there is nothing that could be met.
        self.all.push(Figure { id, what, value, unit, bound, met: bound.holds(value) });
    }

    /// A number that must be `exactly`.
    pub(crate) fn count(&mut self, what: &str, value: u64, exactly: u64) {
        self.add(what, value as f64, "", Bound::Exactly(exactly as f64));
    }

    /// A number that must be 0.
    pub(crate) fn none(&mut self, what: &str, value: u64) {
        self.count(what, value, 0);
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let met = if self.met { "met" } else { "MISSED" };
        let value = format!("{} {}", Number(self.value), self.unit);
        write!(f, "{:<4} {:<58} {:>16}   {:<14} {met}", self.id, self.what, value.trim_end(), self.bound.to_string())
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(bound) => write!(f, "<= {}", Number(*bound)),
            Self::AtLeast(bound) => write!(f, ">= {}", Number(*bound)),
            Self::Exactly(bound) => write!(f, "= {}", Number(*bound)),
        }
    }
}

/// A number with as many digits as mean something.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.fract() == 0.0 || self.0.abs() >= 1000.0 {
            write!(f, "{:.0}", self.0)
        } else {
            write!(f, "{:.2}", self.0)
        }
    }
}
