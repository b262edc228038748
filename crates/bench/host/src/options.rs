//! The command line.

use std::io;
use std::str::FromStr;

const USAGE: &str = "usage: bench-host [--port PORT] [--threads N] [--quiet]";

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Options {
    /// Where to listen; 0 takes a free port.
    pub(crate) port: u16,
    /// Worker threads; as many as there are cores if not given.
    pub(crate) threads: Option<usize>,
    /// Say nothing at all.
    pub(crate) quiet: bool,
}

impl Options {
    /// Reads the command line of this process.
    pub(crate) fn from_args() -> io::Result<Self> {
        let mut options = Self { port: 3000, threads: None, quiet: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--port" => options.port = number(arguments.next())?,
                "--threads" => options.threads = Some(number(arguments.next())?),
                "--quiet" => options.quiet = true,
                _ => return Err(usage()),
            }
        }
        Ok(options)
    }
}

fn number<T: FromStr>(value: Option<String>) -> io::Result<T> {
    value.and_then(|value| value.parse().ok()).ok_or_else(usage)
}

fn usage() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, USAGE)
}
