//! The command line, and what it says.

use std::str::FromStr;

/// What to say to who gets it wrong.
pub(crate) const USAGE: &str = "options: [--port PORT] [--threads N] [--quiet]";

/// How a host stands.
#[derive(Debug, Default)]
pub struct Options {
    /// Where to listen; 0 takes a free port.
    pub port: u16,
    /// Worker threads; as many as there are cores if not given.
    pub threads: Option<usize>,
    /// Say nothing at all.
    pub quiet: bool,
    /// The bytes that the kernel keeps for a client that does not read; as many as it likes if not given.
    pub send_buffer: Option<u32>,
}

impl Options {
    /// Reads the command line of this process; `None` if it makes no sense.
    pub(crate) fn from_args() -> Option<Self> {
        let mut options = Self { port: 3000, ..Self::default() };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--port" => options.port = number(arguments.next())?,
                "--threads" => options.threads = Some(number(arguments.next())?),
                "--quiet" => options.quiet = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

fn number<T: FromStr>(value: Option<String>) -> Option<T> {
    value?.parse().ok()
}
