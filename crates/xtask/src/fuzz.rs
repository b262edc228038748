//! `cargo xtask fuzz`: libFuzzer on the targets of `crates/fuzz`, with the compiler that everything else is built with.
//!
//! What cargo-fuzz would pass to a nightly compiler is passed to the stable one: the counters of what was executed come from
//! an LLVM pass that it has as well. Only the sanitizers need a nightly one, and there is no unsafe code here to look at.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::programs::{CXX, Installer};
use crate::{Result, place, process};

const USAGE: &str = "usage: cargo xtask fuzz [TARGET...] [--minutes N | --briefly]";

/// Counters for each edge, a table that says where each is, and what is compared with what.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Cdebug-assertions -Coverflow-checks";

/// No input may take longer, in seconds: far more than a slow machine needs for the most that a target does.
const PATIENCE: u64 = 60;
/// What may be taken to make an input that was found shorter, in seconds.
const SHORTENING: u64 = 60;
/// The longest input: more than the largest message that the targets' servers take.
const LONGEST: u64 = 8192;

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let options = Options::read(args)?;
    if !cfg!(target_os = "linux") {
        println!("SKIPPED: the fuzzer is built for Linux alone");
        return Ok(ExitCode::SUCCESS);
    }
    if let Err(error) = CXX.find_or_install(&mut Installer::default()) {
        println!("SKIPPED: {} cannot be run: {error}", CXX.tests);
        return Ok(ExitCode::SUCCESS);
    }
    let fuzzer = build()?;
    let known = process::run(&mut Command::new(&fuzzer))?;
    // libFuzzer has a word to say before.
    let known: Vec<&str> = known.lines().filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase())).collect();
    let chosen = options.choose(&known)?;
    let limits = options.limits(chosen.len() as u64);
    let mut good = true;
    for target in chosen {
        good &= fuzz(&fuzzer, target, &limits)?;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Options {
    targets: Vec<String>,
    /// For all targets together.
    seconds: u64,
    briefly: bool,
}

impl Options {
    fn read(args: &[String]) -> Result<Self> {
        let mut options = Self { targets: Vec::new(), seconds: 10 * 60, briefly: false };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--briefly" => options.briefly = true,
                "--minutes" => {
                    let minutes: Option<u64> = args.next().and_then(|minutes| minutes.parse().ok());
                    options.seconds = 60 * minutes.filter(|minutes| *minutes > 0).ok_or(USAGE)?;
                }
                flag if flag.starts_with('-') => return Err(USAGE.to_owned()),
                target => options.targets.push(target.to_owned()),
            }
        }
        Ok(options)
    }

    fn choose<'a>(&'a self, known: &[&'a str]) -> Result<Vec<&'a str>> {
        if self.targets.is_empty() {
            return Ok(known.to_vec());
        }
        match self.targets.iter().find(|target| !known.contains(&target.as_str())) {
            Some(target) => Err(format!("there is no target {target}; there are {}", known.join(", "))),
            None => Ok(self.targets.iter().map(String::as_str).collect()),
        }
    }

    /// How long each target runs. Briefly means: no longer on a slow machine, and not for longer than it makes sense.
    fn limits(&self, targets: u64) -> Vec<String> {
        if self.briefly {
            return vec!["-max_total_time=10".to_owned(), "-runs=100000".to_owned()];
        }
        vec![format!("-max_total_time={}", (self.seconds / targets.max(1)).max(1))]
    }
}

fn build() -> Result<PathBuf> {
    // Named, so that the flags are for the program alone and not for what runs while it is built.
    let about = process::run(Command::new("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not say its host")?;
    let target = place::made("fuzz")?;
    let mut cargo = Command::new(place::cargo());
    cargo.current_dir(place::root()).args(["build", "--release", "--package", "pintle-fuzz", "--target", host]);
    println!("{}", process::line(&cargo));
    cargo.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", FLAGS).env_remove("CARGO_ENCODED_RUSTFLAGS");
    // It is to be built quickly: a run is short.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    process::run(&mut cargo)?;
    Ok(target.join(host).join("release").join("pintle-fuzz"))
}

/// Lets a target run. Whether it found nothing.
fn fuzz(fuzzer: &Path, target: &str, limits: &[String]) -> Result<bool> {
    let corpus = place::made("fuzz/corpus")?.join(target);
    let found = place::made("fuzz/found")?.join(target);
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    let before = files(&found)?;
    let mut command = libfuzzer(fuzzer, target);
    command.env("PINTLE_FUZZ_SEEDS", &corpus).arg(&corpus).arg(artifacts(&found)).args(limits);
    command.args([&format!("-max_len={LONGEST}"), "-print_final_stats=1", "-reload=0"]);
    match process::run(&mut command) {
        Ok(said) => {
            let said = Said::read(&said);
            println!("{target:<16}{:>12} executions{:>8} edges   nothing found", said.executions, said.edges);
            Ok(true)
        }
        Err(error) => {
            println!("{target:<16} FAILED\n{error}\n");
            for file in files(&found)?.into_iter().filter(|file| !before.contains(file)) {
                println!("{} shows it", keep(fuzzer, target, &file)?.display());
            }
            println!("What is in crates/fuzz/regressions is tried by `cargo test -p pintle-fuzz` from now on.");
            Ok(false)
        }
    }
}

fn libfuzzer(fuzzer: &Path, target: &str) -> Command {
    let mut command = Command::new(fuzzer);
    command.env("PINTLE_FUZZ_TARGET", target).arg(format!("-timeout={PATIENCE}"));
    command
}

/// Where libFuzzer puts what it finds: it wants the separator at the end.
fn artifacts(folder: &Path) -> OsString {
    let mut argument = OsString::from("-artifact_prefix=");
    argument.push(folder);
    argument.push("/");
    argument
}

/// Puts an input that was found with the regressions, shorter if that can be had.
fn keep(fuzzer: &Path, target: &str, found: &Path) -> Result<PathBuf> {
    let name = found.file_name().unwrap_or(OsStr::new("found"));
    let regressions = place::root().join("crates").join("fuzz").join("regressions").join(target);
    fs::create_dir_all(&regressions).map_err(|error| format!("cannot make {}: {error}", regressions.display()))?;
    let kept = regressions.join(name);
    let mut exact = OsString::from("-exact_artifact_path=");
    exact.push(&kept);
    let mut command = libfuzzer(fuzzer, target);
    command.args(["-minimize_crash=1", &format!("-max_total_time={SHORTENING}")]).arg(exact).arg(found);
    // Where it fails, the input is as short as it gets.
    let _ = process::run(&mut command);
    if !kept.is_file() {
        fs::copy(found, &kept).map_err(|error| format!("cannot copy {}: {error}", found.display()))?;
    }
    Ok(kept)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

/// What libFuzzer says at the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    executions: u64,
    edges: u64,
}

impl Said {
    fn read(text: &str) -> Self {
        let mut said = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            while let Some(word) = words.next() {
                let number = match word {
                    "stat::number_of_executed_units:" => &mut said.executions,
                    "cov:" => &mut said.edges,
                    _ => continue,
                };
                *number = words.next().and_then(|number| number.parse().ok()).unwrap_or(*number);
            }
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str]) -> Result<Options> {
        Options::read(&args.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn time_is_shared() {
        let options = read(&["packet", "--minutes", "3", "event"]).unwrap();
        assert_eq!(options.choose(&["packet", "payload", "event"]).unwrap(), ["packet", "event"]);
        assert_eq!(options.limits(2), ["-max_total_time=90"]);
        assert!(options.choose(&["packet"]).is_err());
        assert!(read(&["--minutes", "0"]).is_err());
        assert!(read(&["--hours"]).is_err());
    }

    #[test]
    fn the_last_word_of_the_fuzzer_counts() {
        let said = "#2\tINITED cov: 5 ft: 6\n#9\tDONE   cov: 7 ft: 9 corp: 3/9b\nstat::number_of_executed_units: 123\n";
        assert_eq!(Said::read(said), Said { executions: 123, edges: 7 });
    }
}
