//! The official client, led by a test line by line.

use std::net::SocketAddr;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::scripts;
use crate::time::within;

/// A Node.js with `socket.io-client` loaded, which runs what a test gives it: `interop/console.mjs` says with which tools.
/// It ends when this is dropped.
#[derive(Debug)]
pub struct Console {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    /// The `transports` option of the client.
    ways: Value,
}

impl Console {
    /// A console whose sockets connect to `address`; `None`, said loudly, when the npm packages are missing.
    pub async fn open(address: SocketAddr) -> Option<Self> {
        let mut process = scripts::node_command()?
            .arg("console.mjs")
            .env("PORT", address.port().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node starts");
        let input = process.stdin.take().expect("its input is piped");
        let output = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        Some(Self { process, input, output, ways: Value::Null })
    }

    /// Sets the `transports` option of the sockets to come. The default is the client's, which upgrades.
    pub fn over(&mut self, ways: &[&str]) -> &mut Self {
        self.ways = json!(ways);
        self
    }

    /// The process of Node.js, which can be [paused](crate::pause).
    ///
    /// # Panics
    ///
    /// When it has ended.
    pub fn pid(&self) -> u32 {
        self.process.id().expect("Node runs")
    }

    /// Runs the body of an async function, and gives what it returns, as JSON.
    ///
    /// # Panics
    ///
    /// When it throws, or takes too long.
    pub async fn run(&mut self, body: &str) -> Value {
        let line = format!("{}\n", json!({ "body": body, "ways": self.ways }));
        self.input.write_all(line.as_bytes()).await.expect("Node listens");
        let answer = within(body, self.output.next_line()).await.expect("text").expect("Node goes on");
        let mut answer: Value = serde_json::from_str(&answer).expect("JSON");
        match answer.get("error") {
            Some(error) => panic!("{body}\nfailed with {}", error.as_str().unwrap_or_default()),
            None => answer["value"].take(),
        }
    }
}
