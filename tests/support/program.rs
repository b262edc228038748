//! A server that is a process of its own.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::scripts;
use crate::time::within;

/// What a server says when it can be connected to; its address follows.
const READY: &str = "listening on http://";

/// How many seconds the script of an example may run.
const SCRIPT_PATIENCE: &str = "60";

/// Starts an example's program on a free port, and has a Node.js script use it: over each way to travel, each time a program
/// that has just been started. The script is named by its whole path; `client.mjs` of `interop/` has what it needs.
///
/// # Panics
///
/// When the program does not start, or the script fails; its output is in the message.
pub async fn example(program: &str, script: &str) {
    for transports in scripts::WAYS {
        let mut command = Command::new(program);
        // Without colours the log can be read where a failure is shown.
        command.arg("127.0.0.1:0").env("NO_COLOR", "1");
        let program = Program::start(command).await;
        let variables = [("TRANSPORTS", transports), ("PATIENCE", SCRIPT_PATIENCE)];
        scripts::node(script, program.address(), &variables).await;
    }
}

/// A server that is a process of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct Program {
    process: Child,
    address: SocketAddr,
}

impl Program {
    /// Starts it, and waits until it says where it listens: `listening on http://`, and the address.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
        let mut output = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let address = within("the server to listen", ready(&mut output)).await;
        tokio::spawn(show(output));
        Self { process, address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process, which can be [paused](crate::pause).
    ///
    /// # Panics
    ///
    /// When it has ended.
    pub fn pid(&self) -> u32 {
        self.process.id().expect("the program runs")
    }
}

async fn ready(output: &mut Lines<BufReader<ChildStdout>>) -> SocketAddr {
    while let Some(line) = output.next_line().await.expect("lines of text") {
        if let Some((_, address)) = line.split_once(READY) {
            return address.parse().expect("an address");
        }
    }
    panic!("the server ended before it listened");
}

/// Reads what else it says: a full pipe would hold it up.
#[expect(clippy::print_stdout, reason = "the harness swallows it, unless the test fails")]
async fn show(mut output: Lines<BufReader<ChildStdout>>) {
    while let Ok(Some(line)) = output.next_line().await {
        println!("{line}");
    }
}
