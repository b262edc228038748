//! What it ran on.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use bench_load::cores;

/// What it ran on, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    /// Those that this process may use.
    pub(crate) cores: usize,
    /// Bytes.
    pub(crate) memory: u64,
    pub(crate) kernel: String,
    pub(crate) day: String,
}

impl Machine {
    /// This one, today. What cannot be found out is left empty.
    pub(crate) fn this() -> Self {
        let field = |file: &str, name: &str| {
            let text = fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == name);
            line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory = field("/proc/meminfo", "MemTotal");
        let kibibytes: u64 = memory.trim_end_matches("kB").trim_end().parse().unwrap_or_default();
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: cores::allowed().map_or(0, |cores| cores.len()),
            memory: kibibytes * 1024,
            kernel: output(Command::new("uname").arg("-sr")).unwrap_or_default(),
            day: output(Command::new("date").arg("+%F")).unwrap_or_default(),
        }
    }
}

/// What a command says, if it succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
