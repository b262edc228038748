//! The command line.

use std::time::Duration;

use crate::faults::Fault;

/// What to say to who gets it wrong.
pub(crate) const USAGE: &str = "options: [--port PORT] [--threads N] [--send-buffer BYTES] [--ping-interval MS] \
     [--ping-timeout MS] [--write-timeout MS] [--fault lose|double|swap|panic|leak|forget|drop]";

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) stand: bench_stand::Options,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) ping_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    /// What it does wrong, so that one sees that this is seen.
    pub(crate) fault: Option<Fault>,
}

impl Options {
    /// Reads the command line of this process; `None` if it makes no sense.
    pub(crate) fn from_args() -> Option<Self> {
        let stand = bench_stand::Options::default();
        let mut options = Self { stand, ping_interval: None, ping_timeout: None, write_timeout: None, fault: None };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments.next()?;
            let milliseconds = || value.parse().ok().map(Duration::from_millis);
            match argument.as_str() {
                "--port" => options.stand.port = value.parse().ok()?,
                "--threads" => options.stand.threads = Some(value.parse().ok()?),
                "--send-buffer" => options.stand.send_buffer = Some(value.parse().ok()?),
                "--ping-interval" => options.ping_interval = Some(milliseconds()?),
                "--ping-timeout" => options.ping_timeout = Some(milliseconds()?),
                "--write-timeout" => options.write_timeout = Some(milliseconds()?),
                "--fault" => options.fault = Some(Fault::named(&value)?),
                _ => return None,
            }
        }
        Some(options)
    }
}
