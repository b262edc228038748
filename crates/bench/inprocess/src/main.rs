//! `cargo run --release -p bench-inprocess -- --sessions 200000`: what a session costs where there are more of them than a
//! process can have files.
//!
//! Three parts, each at 1,000, 10,000, 100,000 and as many sessions as one asks for, each in a process of its own:
//!
//! - `machines`: the pure state machines of a session alone, on virtual time;
//! - `pipes`: what the pipes of the next part cost by themselves;
//! - `layer`: a whole server, its clients on pipes in the same process.
//!
//! There is one thread, and the server runs only while the clients wait: so its CPU time is told from theirs. Its clock is
//! stopped and moved on, as in tests, and reading a stopped clock costs about what reading a real one does.

mod layer;
mod machines;
mod meter;
mod options;
mod pipes;
mod report;

use std::fs::File;
use std::io::{self, Write as _};
use std::process::{Command, ExitCode, Stdio};

use mimalloc::MiMalloc;

use options::Options;
use report::{Row, Table};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// What is measured by itself.
struct Part {
    name: &'static str,
    measure: fn(sessions: usize) -> Vec<Row>,
}

const PARTS: [Part; 3] = [
    Part { name: "machines", measure: machines::measure },
    Part { name: "pipes", measure: pipes::measure },
    Part { name: "layer", measure: layer::measure },
];
/// The numbers of sessions that are measured beside the one that is asked for, if they are smaller.
const STEPS: [usize; 3] = [1_000, 10_000, 100_000];

fn main() -> io::Result<ExitCode> {
    let Some(options) = Options::from_args() else {
        writeln!(io::stderr(), "{}", options::USAGE)?;
        return Ok(ExitCode::from(2));
    };
    if let Some(name) = &options.part {
        let Some(part) = PARTS.iter().find(|part| part.name == name) else {
            writeln!(io::stderr(), "{}", options::USAGE)?;
            return Ok(ExitCode::from(2));
        };
        serde_json::to_writer(io::stdout(), &(part.measure)(options.sessions))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut steps: Vec<usize> = STEPS.into_iter().filter(|&step| step < options.sessions).collect();
    steps.push(options.sessions);
    let mut rows = Vec::new();
    for Part { name, .. } in PARTS {
        for &sessions in &steps {
            writeln!(io::stderr(), "{name}: {sessions} sessions")?;
            rows.extend(apart(name, sessions)?);
        }
    }
    write!(io::stdout(), "{}", Table { rows: &rows, steps: &steps })?;
    if let Some(path) = &options.json {
        serde_json::to_writer_pretty(File::create(path)?, &rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Measures in a process of its own: what one part gave back to the allocator would be there for the next.
fn apart(part: &str, sessions: usize) -> io::Result<Vec<Row>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--part", part, "--sessions", &sessions.to_string()]);
    // Huge pages would make the memory of a thousand sessions a multiple of 2 MiB.
    command.env("MIMALLOC_ALLOW_THP", "0");
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{part} with {sessions} sessions failed: {}", output.status)));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
