//! `cargo xtask guard`: the instructions of the hot path, compared with those that are checked in.
//!
//! Instructions are the same on a busy machine, and in each run within a tenth of a percent, which no time is. They are
//! counted twice, for few units and for many: the difference is what the units cost, without what comes before and after.
//!
//! Of the worst that a client may send it is not the cost that is checked, but that it grows as the bytes do.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::programs::{Installer, VALGRIND};
use crate::{Result, place, process};

/// Bytes of the worst that a client may send; twice and four times as many are tried as well.
const BYTES: u64 = 15_000;
/// How much more twice as much may cost, in percent: a buffer that has grown once more is no reason for alarm.
const GROWTH: u64 = 230;
/// The units of the two runs.
const FEW: u64 = 2_000;
const MANY: u64 = 12_000;
/// How much more or less than what is checked in, in percent, is still the same.
const SLACK: u64 = 5;

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let renew = match args {
        [] => false,
        [flag] if flag == "--renew" => true,
        _ => return Err("usage: cargo xtask guard [--renew]".to_owned()),
    };
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("SKIPPED: the figures are those of x86-64 on Linux; on another machine they would say nothing");
        return Ok(ExitCode::SUCCESS);
    }
    let valgrind = VALGRIND.find_or_install(&mut Installer::default())?;
    let program = build()?;
    let mut counts = Vec::new();
    for line in process::run(&mut Command::new(&program))?.lines() {
        let (name, unit) = line.split_once(' ').ok_or_else(|| format!("{} lists {line:?}", program.display()))?;
        let few = count(&valgrind, &program, name, FEW)?;
        let many = count(&valgrind, &program, name, MANY)?;
        let instructions = many.saturating_sub(few) / (MANY - FEW);
        counts.push(Count { name: name.to_owned(), unit: unit.to_owned(), instructions });
    }
    let compiler = process::run(Command::new("rustc").arg("--version"))?.trim().to_owned();
    let checked_in = place::root().join("crates").join("bench").join("guard").join("instructions.txt");
    if renew {
        place::write(&checked_in, &written(&counts, &compiler))?;
        println!("{} has the figures of today:\n", checked_in.display());
    }
    let before = Before::read(&place::read(&checked_in)?)?;
    let same = judge(&counts, &before, &compiler);
    let linear = judge_worst(&valgrind, &program)?;
    Ok(if same && linear { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what the worst costs that a client may send. Whether it grows no faster than the bytes, whatever else it is.
fn judge_worst(valgrind: &Path, program: &Path) -> Result<bool> {
    let mut good = true;
    println!("\n{:<24}{:>12}{:>8}   instructions per", "the worst", "now", "growth");
    for line in process::run(Command::new(program).arg("worst"))?.lines() {
        let (name, unit) = line.split_once(' ').ok_or_else(|| format!("{} lists {line:?}", program.display()))?;
        let count = |units| count(valgrind, program, name, units);
        let (once, twice, four_times) = (count(BYTES)?, count(2 * BYTES)?, count(4 * BYTES)?);
        // What comes before the work is in all three, and falls out.
        let (first, second) = (twice.saturating_sub(once), four_times.saturating_sub(twice));
        let is_linear = second * 100 <= first * GROWTH;
        good &= is_linear;
        let verdict = if is_linear { "" } else { "   FAILED: twice as much costs more than twice" };
        let growth = second as f64 / first.max(1) as f64;
        println!("{name:<24}{:>12}{growth:>8.2}   {unit}{verdict}", first / BYTES);
    }
    Ok(good)
}

/// What a unit of a piece of work takes.
#[derive(Debug)]
struct Count {
    name: String,
    unit: String,
    instructions: u64,
}

/// What is checked in.
#[derive(Debug)]
struct Before {
    compiler: String,
    counts: Vec<(String, u64)>,
}

impl Before {
    fn read(text: &str) -> Result<Self> {
        let wrong = |line: &str| format!("the figures that are checked in have a line {line:?}");
        let mut before = Self { compiler: String::new(), counts: Vec::new() };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if line.starts_with("rustc ") {
                line.clone_into(&mut before.compiler);
                continue;
            }
            let (name, count) = line.split_once(' ').ok_or_else(|| wrong(line))?;
            before.counts.push((name.to_owned(), count.trim().parse().map_err(|_| wrong(line))?));
        }
        Ok(before)
    }

    fn of(&self, name: &str) -> Option<u64> {
        self.counts.iter().find(|(known, _)| known == name).map(|(_, count)| *count)
    }
}

/// Builds the code that users get: the release profile as it is.
fn build() -> Result<PathBuf> {
    let mut cargo = Command::new(place::cargo());
    cargo.current_dir(place::root()).args(["build", "--release", "--package", "bench-guard"]);
    println!("{}", process::line(&cargo));
    process::run(&mut cargo)?;
    Ok(place::target()?.join("release").join("bench-guard"))
}

/// The instructions of a run.
fn count(valgrind: &Path, program: &Path, name: &str, units: u64) -> Result<u64> {
    let mut command = Command::new(valgrind);
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(program).args([name, &units.to_string()]);
    let said = process::run(&mut command)?;
    // `==4711== I   refs:      1,234,567`
    let count = said.lines().find_map(|line| line.split_once("refs:").filter(|(what, _)| what.contains(" I ")));
    let digits = count.map(|(_, count)| count.trim().replace(',', ""));
    let count = digits.and_then(|digits| digits.parse().ok());
    count.ok_or_else(|| format!("{} says no count of instructions:\n{said}", process::line(&command)))
}

/// Says what has changed. Whether all is well.
fn judge(counts: &[Count], before: &Before, compiler: &str) -> bool {
    let mut good = true;
    let mut more = false;
    let mut less = false;
    println!("{:<16}{:>12}{:>12}{:>8}   instructions per", "", "checked in", "now", "ratio");
    for Count { name, unit, instructions } in counts {
        let Some(known) = before.of(name) else {
            good = false;
            println!(
                "{name:<16}{:>12}{instructions:>12}{:>8}   {unit}   FAILED: it is new, renew the figures",
                "-", "-"
            );
            continue;
        };
        let verdict = Verdict::of(known, *instructions);
        more |= verdict == Verdict::More;
        less |= verdict == Verdict::Less;
        let ratio = *instructions as f64 / known.max(1) as f64;
        println!("{name:<16}{known:>12}{instructions:>12}{ratio:>8.3}   {unit}{}", verdict.remark());
    }
    for (name, _) in before.counts.iter().filter(|(name, _)| counts.iter().all(|count| count.name != *name)) {
        good = false;
        println!("{name:<16} FAILED: it is checked in, and there is no such piece of work; renew the figures");
    }
    if more {
        println!(
            "\nThe hot path takes more instructions than it did. If that is what it has to cost, `cargo xtask guard --renew`\n\
             replaces the figures, and the commit says why."
        );
    }
    if less {
        println!("\nThe hot path has become faster: `cargo xtask guard --renew` keeps it so.");
    }
    if (more || less) && before.compiler != compiler {
        println!("The compiler is another one, too: {compiler}; the figures are those of {}.", before.compiler);
    }
    good && !more
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    More,
    Less,
}

impl Verdict {
    const fn of(before: u64, now: u64) -> Self {
        if now * 100 > before * (100 + SLACK) {
            Self::More
        } else if now * 100 < before * (100 - SLACK) {
            Self::Less
        } else {
            Self::Same
        }
    }

    const fn remark(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::More => "   FAILED: more",
            Self::Less => "   less: renew the figures",
        }
    }
}

/// The file that is checked in.
fn written(counts: &[Count], compiler: &str) -> String {
    let mut text = format!(
        "# Instructions of one unit of each piece of work of bench-guard, on x86-64. Written by `cargo xtask guard --renew`;\n\
         # `cargo xtask guard` fails where there are {SLACK} % more.\n{compiler}\n"
    );
    for Count { name, instructions, .. } in counts {
        writeln!(text, "{name} {instructions}").expect("a string takes it");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(name: &str, instructions: u64) -> Count {
        Count { name: name.to_owned(), unit: "event".to_owned(), instructions }
    }

    #[test]
    fn five_percent_more_is_the_same_and_one_instruction_beyond_is_not() {
        let before = Before::read(&written(&[count("echo", 1000)], "rustc 1")).unwrap();
        assert_eq!(before.compiler, "rustc 1");
        assert_eq!(before.of("echo"), Some(1000));
        for (now, good) in [(1000, true), (1050, true), (1051, false), (900, true)] {
            assert_eq!(judge(&[count("echo", now)], &before, "rustc 1"), good, "{now}");
        }
    }

    #[test]
    fn what_is_on_one_side_only_fails() {
        let before = Before::read("echo 1000\n").unwrap();
        assert!(!judge(&[count("echo", 1000), count("ack", 1)], &before, ""));
        assert!(!judge(&[], &before, ""));
        assert!(Before::read("echo many\n").is_err());
    }
}
