//! Runs the real clients: scripts of `interop/` under Node.js and Python.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

/// The ways to travel, as the `transports` option of the client in JSON; the last is its default, which upgrades.
pub const WAYS: [&str; 3] = [r#"["polling"]"#, r#"["websocket"]"#, r#"["polling","websocket"]"#];

/// How long a script may run. The longest is a stress of some minutes on a slow machine.
const SCRIPT_PATIENCE: Duration = Duration::from_secs(600);

/// Where the scripts and their `node_modules` are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

/// The Node.js to use, or `None`, said loudly, when the packages of `interop/package.json` are not installed.
pub fn node_command() -> Option<Command> {
    if !folder().join("node_modules").is_dir() {
        skip("the npm packages are missing; run `npm ci` in tests/interop");
        return None;
    }
    let node = std::env::var("PINTLE_NODE").unwrap_or_else(|_| "node".to_owned());
    Some(command(&node))
}

/// Runs a Node.js script, of `interop/` or named by its whole path, against the server at `address`.
///
/// # Panics
///
/// When the script fails; its output is in the message.
pub async fn node(script: &str, address: SocketAddr, variables: &[(&str, &str)]) {
    if let Some(command) = node_command() {
        run(command, script, address, variables).await;
    }
}

/// Runs a Python script against the server at `address`. `PINTLE_PYTHON` names a Python that has the packages of
/// `interop/requirements.txt`.
///
/// # Panics
///
/// When the script fails; its output is in the message.
pub async fn python(script: &str, address: SocketAddr, variables: &[(&str, &str)]) {
    match std::env::var("PINTLE_PYTHON") {
        Ok(python) => run(command(&python), script, address, variables).await,
        Err(_) => skip("PINTLE_PYTHON names no Python with the packages of tests/interop/requirements.txt"),
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder()).kill_on_drop(true);
    command
}

async fn run(mut command: Command, script: &str, address: SocketAddr, variables: &[(&str, &str)]) {
    command.arg(script).env("PORT", address.port().to_string()).envs(variables.iter().copied());
    let output = tokio::time::timeout(SCRIPT_PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("{script} still ran after {SCRIPT_PATIENCE:?}"))
        .unwrap_or_else(|error| panic!("{script} did not start: {error}"));
    assert!(
        output.status.success(),
        "{script} {variables:?} failed with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    show(&output.stdout);
}

/// For who asks for it with `--nocapture`: which cases there were, and with which seed.
#[expect(clippy::print_stdout, reason = "the harness swallows it, as it does what a test prints")]
fn show(output: &[u8]) {
    println!("{}", String::from_utf8_lossy(output));
}

/// Says so on the real standard error: the test harness swallows what a passing test prints.
pub(crate) fn skip(reason: &str) {
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {reason}");
}
