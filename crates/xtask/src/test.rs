//! `cargo xtask test`: everything the tests need, then all of them.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};

use crate::process::{self, Running};
use crate::programs::{
    CHROMIUM, HAPROXY, Installer, NGINX, NODE, NPM, POSTGRES, PYTHON, PYTHON2, Program, REDIS_SERVER,
};
use crate::summary::Summary;
use crate::{Result, npm, place, python};

/// What is tested unless the arguments say otherwise. Examples in the documentation are a target of their own to cargo.
/// The host of socketioxide has nothing to test, and wants a newer compiler than we do.
const ALL: [&[&str]; 2] = [
    &["--workspace", "--exclude", "bench-socketioxide", "--all-targets"],
    &["--workspace", "--exclude", "bench-socketioxide", "--doc"],
];

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    npm::check_lock(&place::interop())?;
    let mut prepared = Prepared::default();
    prepared.programs();
    prepared.autobahn();
    prepared.set("PINTLE_SCREENSHOTS", place::made("screenshots")?);

    let chosen: Vec<&str> = args.iter().map(String::as_str).collect();
    prepared.run(&if chosen.is_empty() { ALL.to_vec() } else { vec![chosen.as_slice()] })
}

/// `cargo xtask autobahn`: one suite of the tests, and no more than it needs.
pub(crate) fn autobahn(args: &[String]) -> Result<ExitCode> {
    let mut prepared = Prepared::default();
    prepared.autobahn();
    let mut arguments = vec!["--package", "pintle-tests", "--test", "autobahn"];
    arguments.extend(args.iter().map(String::as_str));
    prepared.run(&[&arguments])
}
/// What the tests are told, and what they have to do without.
#[derive(Debug, Default)]
struct Prepared {
    installer: Installer,
    variables: Vec<(&'static str, OsString)>,
    summary: Summary,
}

impl Prepared {
    /// Finds or installs what the tests need. To add a program: name it in `programs.rs` and here.
    fn programs(&mut self) {
        let node = self.program(&NODE);
        let npm = self.program(&NPM);
        let python = self.program(&PYTHON);
        self.program(&CHROMIUM);
        self.program(&REDIS_SERVER);
        self.program(&POSTGRES);
        self.program(&NGINX);
        self.program(&HAPROXY);

        if let (Some(_), Some(npm)) = (node, npm) {
            let modules = npm::locked(npm.as_ref(), &place::interop());
            self.package("PINTLE_NODE_MODULES", &NPM, modules);
        }
        if let Some(python) = python {
            let own = python::environment(python.as_ref(), &place::interop().join("requirements.txt"));
            self.package("PINTLE_PYTHON", &PYTHON, own);
        }
    }

    /// The suite for RFC 6455.
    fn autobahn(&mut self) {
        if let Some(python) = self.program(&PYTHON2) {
            let requirements = place::autobahn().join("requirements.txt");
            let packages = python::user_base(python.as_ref(), &requirements, "autobahn");
            self.package("PINTLE_AUTOBAHN", &PYTHON2, packages);
        }
    }

    /// Runs `cargo test`, once with each list of arguments, and sums up.
    fn run(self, runs: &[&[&str]]) -> Result<ExitCode> {
        let Self { variables, mut summary, .. } = self;
        for arguments in runs {
            cargo_test(arguments, &variables, &mut summary)?;
        }
        println!("\n{summary}");
        // Nothing is said after the summary: its last line is what a script reads.
        Ok(if summary.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn program(&mut self, program: &Program) -> Option<OsString> {
        match program.find_or_install(&mut self.installer) {
            Ok(path) => {
                self.set(program.variable, &path);
                Some(path.into_os_string())
            }
            Err(error) => {
                self.lacks(program, &error);
                None
            }
        }
    }

    fn package(&mut self, variable: &'static str, program: &Program, installed: Result<impl Into<OsString>>) {
        match installed {
            Ok(value) => self.set(variable, value),
            Err(error) => self.lacks(program, &error),
        }
    }

    fn set(&mut self, variable: &'static str, value: impl Into<OsString>) {
        self.variables.push((variable, value.into()));
    }

    fn lacks(&mut self, program: &Program, reason: &str) {
        eprintln!("SKIPPED: {} cannot be tested: {reason}", program.tests);
        // The whole of it was said above; the summary has room for a line.
        self.summary.missing(program.tests, reason.lines().next().unwrap_or_default());
    }
}

/// Runs `cargo test`, shows what it says, and counts.
fn cargo_test(arguments: &[&str], variables: &[(&str, OsString)], summary: &mut Summary) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot read what cargo says: {error}");
    // One pipe for both streams: which suite a result belongs to is told by their order.
    let (output, writer) = std::io::pipe().map_err(failed)?;
    let mut cargo = Command::new(place::cargo());
    // One failure is no reason not to see the others.
    cargo.current_dir(place::root()).args(["test", "--no-fail-fast"]).args(arguments);
    let line = process::line(&cargo);
    println!("\n{line}");
    cargo.envs(variables.iter().map(|(name, value)| (name, value)));
    cargo.stdout(writer.try_clone().map_err(failed)?).stderr(writer);
    let running = Running::start(&mut cargo);
    // The pipe ends when nobody holds its other end, and the command does.
    cargo.stdout(Stdio::null()).stderr(Stdio::null());
    let running = running?;

    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes).map_err(failed)? > 0 {
        // What a test prints need not be text.
        let text = String::from_utf8_lossy(&bytes);
        print!("{text}");
        summary.line(&text);
        bytes.clear();
    }
    let status = running.wait()?;
    summary.ended(&line, status.success());
    Ok(())
}
