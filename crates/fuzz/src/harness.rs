//! How the targets are run.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::OnceLock;
use std::{env, fs, process};

use crate::target::{TARGETS, Target};

/// Says which target the fuzzer runs.
const TARGET: &str = "PINTLE_FUZZ_TARGET";
/// Says where its seeds are to be written.
const SEEDS: &str = "PINTLE_FUZZ_SEEDS";

static CHOSEN: OnceLock<&Target> = OnceLock::new();

/// Sees what the environment wants of the fuzzer. Where it names no target, this lists them and ends the program.
///
/// # Panics
///
/// If the target is none, or its seeds cannot be written.
pub fn prepare() {
    let Ok(name) = env::var(TARGET) else {
        let mut output = io::stdout().lock();
        for target in TARGETS {
            writeln!(output, "{}", target.name).expect("somebody wants to know");
        }
        process::exit(0);
    };
    let target = CHOSEN.get_or_init(|| Target::named(&name).expect("the target is one of ours"));
    if let Some(folder) = env::var_os(SEEDS) {
        for (number, seed) in target.seeds().enumerate() {
            fs::write(Path::new(&folder).join(format!("seed-{number:03}")), seed).expect("seeds can be written");
        }
    }
}

/// The target that the environment has chosen.
///
/// # Panics
///
/// If nothing was [prepared](prepare).
pub fn chosen() -> &'static Target {
    CHOSEN.get().expect("the environment has been looked at")
}

/// `TARGET FILE...`: tries the files, as the fuzzer would.
///
/// # Errors
///
/// If the arguments make no sense, or a file cannot be read.
pub fn replay(mut args: impl Iterator<Item = OsString>) -> io::Result<()> {
    let target = args.next().and_then(|name| Target::named(name.to_str()?));
    let Some(target) = target else {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        return Err(io::Error::other(format!("usage: pintle-fuzz TARGET FILE..., and a target is one of {names:?}")));
    };
    args.try_for_each(|file| {
        target.run(&fs::read(file)?);
        Ok(())
    })
}
