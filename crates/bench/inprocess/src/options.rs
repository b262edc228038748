//! The command line.

use std::path::PathBuf;

/// What to say to who gets it wrong.
pub(crate) const USAGE: &str =
    "usage: bench-inprocess [--sessions N] [--json FILE] [--part machines|pipes|layer]   (a part alone gives JSON)";

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Options {
    /// How many sessions to come to.
    pub(crate) sessions: usize,
    /// Where to write the rows as JSON, too.
    pub(crate) json: Option<PathBuf>,
    /// The one part to measure, in this process and at `sessions` only.
    pub(crate) part: Option<String>,
}

impl Options {
    /// Reads the command line of this process; `None` if it makes no sense.
    pub(crate) fn from_args() -> Option<Self> {
        let mut options = Self { sessions: 200_000, json: None, part: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next()?;
            match argument.as_str() {
                "--sessions" => options.sessions = value.parse().ok().filter(|&sessions| sessions > 0)?,
                "--json" => options.json = Some(value.into()),
                "--part" => options.part = Some(value),
                _ => return None,
            }
        }
        Some(options)
    }
}
