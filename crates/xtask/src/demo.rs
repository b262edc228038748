//! `cargo xtask demo`: the chat, or the chat of three nodes, with the browser client it needs.

use std::process::{Command, ExitCode};

use crate::programs::{NODE, NPM};
use crate::{Result, npm, place};

pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let (release, rest): (Vec<&String>, Vec<&String>) = args.iter().partition(|arg| *arg == "--release");
    let (cluster, rest): (Vec<&String>, Vec<&String>) = rest.into_iter().partition(|arg| *arg == "--cluster");
    let package = if cluster.is_empty() { "example-chat" } else { "example-cluster" };
    let missing = |what: &str| {
        format!(
            "{what} is missing. The chat's page runs the official Socket.IO client, which comes from npm:\n\
             install Node.js with npm (`apt-get install nodejs npm`, or from its own site) and try again."
        )
    };
    NODE.find().ok_or_else(|| missing(NODE.what))?;
    let npm = NPM.find().ok_or_else(|| missing(NPM.what))?;
    let client = npm::browser_client(&npm)?;

    println!("building the chat; open the address it prints in two windows, and stop it with Ctrl-C");
    let mut chat = Command::new(place::cargo());
    chat.current_dir(place::root()).args(["run", "--package", package]);
    if !release.is_empty() {
        chat.arg("--release");
    }
    chat.arg("--").args(rest).arg("--client-dir").arg(client);
    become_it(chat)
}

/// Turns into the command, as `cargo run` does in its turn: what Ctrl-C or a signal then ends is the chat itself.
#[cfg(unix)]
fn become_it(mut command: Command) -> Result<ExitCode> {
    let error = std::os::unix::process::CommandExt::exec(&mut command);
    Err(format!("cannot run cargo: {error}"))
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> Result<ExitCode> {
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
