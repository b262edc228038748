//! Programs that are led line by line: a command of JSON each, and a line for what comes of it.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use pintle_tests::within;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{mpsc, oneshot};

/// A program that takes commands. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Peer {
    _process: Child,
    input: tokio::sync::Mutex<ChildStdin>,
    told: Arc<Mutex<Told>>,
}

/// Where to put what it tells.
#[derive(Debug, Default)]
struct Told {
    done: HashMap<u64, oneshot::Sender<Result<Value, String>>>,
    tickets: u64,
    ended: bool,
    /// What the servers in it hear of other servers, by their numbers.
    nodes: HashMap<u64, mpsc::UnboundedSender<Value>>,
}

impl Peer {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap_or_else(|error| panic!("{command:?} did not start: {error}"));
        let input = process.stdin.take().expect("its input is piped");
        let mut lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let told = Arc::<Mutex<Told>>::default();
        let hear = told.clone();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| panic!("a line of JSON, not {line}"));
                lock(&hear).hear(line);
            }
            // Whoever waits for something waits in vain.
            *lock(&hear) = Told { ended: true, ..Told::default() };
        });
        Self { _process: process, input: input.into(), told }
    }

    /// Whether it has ended, which it should not by itself.
    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.told).ended
    }

    /// Has it do something, and gives what comes of it.
    pub(crate) async fn run(&self, what: &str, mut command: Value) -> Result<Value, String> {
        let (sender, done) = oneshot::channel();
        let ticket = {
            let mut told = lock(&self.told);
            told.tickets += 1;
            let ticket = told.tickets;
            told.done.insert(ticket, sender);
            ticket
        };
        command["do"] = what.into();
        command["ticket"] = ticket.into();
        let line = format!("{command}\n");
        self.input.lock().await.write_all(line.as_bytes()).await.expect("the program runs");
        within(what, done).await.unwrap_or_else(|_| panic!("the program ended during {what} {command}"))
    }

    /// What the server of this number hears of others.
    pub(crate) fn listen(&self, node: u64) -> mpsc::UnboundedReceiver<Value> {
        let (sender, heard) = mpsc::unbounded_channel();
        lock(&self.told).nodes.insert(node, sender);
        heard
    }
}

impl Told {
    fn hear(&mut self, mut line: Value) {
        if let Some(node) = line["node"].as_u64().and_then(|node| self.nodes.get(&node)) {
            // Nobody may be interested any more.
            let _ = node.send(line["heard"].take());
        } else if let Some(done) = line["done"].as_u64().and_then(|ticket| self.done.remove(&ticket)) {
            let _ = done.send(match line["error"].as_str() {
                Some(error) => Err(error.to_owned()),
                None => Ok(line["value"].take()),
            });
        }
    }
}

// Nothing under this lock can panic half-way.

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
