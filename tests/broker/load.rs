//! Every node emits to everybody, all the time, and clients of all nodes write down what they hear.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pintle_tests::{Client, Elsewhere, Transport, eventually};
use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::node::Node;

/// How often each node emits.
pub(crate) const PERIOD: Duration = Duration::from_millis(20);

/// What is published besides, for nobody, when much is to be: far more than may wait.
const BULK: usize = 200_000;

/// What a client heard. Times are those since the load began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tick {
    /// The node that emitted it.
    pub(crate) from: usize,
    /// The client's node.
    pub(crate) to: usize,
    pub(crate) number: usize,
    pub(crate) emitted: Duration,
    pub(crate) heard: Duration,
}

/// Emitting nodes, and a client of each that listens.
pub(crate) struct Load {
    begun: Instant,
    log: Arc<Mutex<Vec<Tick>>>,
    /// How often each node has emitted.
    emitted: Arc<[AtomicUsize]>,
    is_bulky: Arc<AtomicBool>,
    emitting: Vec<JoinHandle<()>>,
    clients: Vec<JoinHandle<()>>,
    _elsewhere: Elsewhere,
}

impl Load {
    pub(crate) async fn begin(nodes: &[Node]) -> Self {
        let begun = Instant::now();
        let log = Arc::<Mutex<Vec<Tick>>>::default();
        // The log is no growth of the servers.
        log.lock().expect("no panic").reserve(200_000);
        let emitted: Arc<[AtomicUsize]> = nodes.iter().map(|_| AtomicUsize::new(0)).collect();
        let is_bulky = Arc::new(AtomicBool::new(false));
        let elsewhere = Elsewhere::new();
        let mut load =
            Self { begun, log, emitted, is_bulky, emitting: Vec::new(), clients: Vec::new(), _elsewhere: elsewhere };
        for (to, node) in nodes.iter().enumerate() {
            let endpoint = node.endpoint();
            let client = load._elsewhere.run(Client::join(endpoint, Transport::WebSocket)).await;
            let listening = load._elsewhere.start(listen(client, to, begun, load.log.clone()));
            load.clients.push(listening);
        }
        for (from, node) in nodes.iter().enumerate() {
            let (io, emitted, is_bulky) = (node.io.clone(), load.emitted.clone(), load.is_bulky.clone());
            load.emitting.push(tokio::spawn(async move {
                let mut ticks = interval(PERIOD);
                let bulk = Bytes::from(vec![0; BULK]);
                loop {
                    ticks.tick().await;
                    let number = emitted[from].fetch_add(1, Ordering::SeqCst);
                    let at = begun.elapsed().as_nanos() as u64;
                    io.emit("tick", (from, number, at)).expect("it never fails for the sake of the others");
                    if is_bulky.load(Ordering::Relaxed) {
                        io.to("nobody").emit("bulk", &bulk).expect("it never fails for the sake of the others");
                    }
                }
            }));
        }
        load.everybody_hears_everybody().await;
        load
    }

    /// The time since it began.
    pub(crate) fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// How often a node has emitted until now.
    pub(crate) fn emitted(&self, from: usize) -> usize {
        self.emitted[from].load(Ordering::SeqCst)
    }

    /// Has every node say much to a room that nobody is in.
    pub(crate) fn set_bulky(&self, is_bulky: bool) {
        self.is_bulky.store(is_bulky, Ordering::Relaxed);
    }

    /// Waits until the clients of all nodes have heard something of all nodes that is emitted from now on. Gives the time at
    /// which the last of them had.
    pub(crate) async fn everybody_hears_everybody(&self) -> Duration {
        let now = self.now();
        let nodes = self.emitted.len();
        let first = |from, to| {
            let log = self.log.lock().expect("no panic");
            log.iter().find(|tick| tick.emitted >= now && (tick.from, tick.to) == (from, to)).copied()
        };
        let mut last = now;
        for (from, to) in (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to))) {
            eventually(&format!("clients of node {to} to hear node {from}"), || {
                assert!(self.clients.iter().all(|client| !client.is_finished()), "a client was thrown out");
                first(from, to).is_some_and(|tick| {
                    last = last.max(tick.heard);
                    true
                })
            })
            .await;
        }
        last
    }

    /// Ends it, when all that a node's own clients are to hear has come; all that was heard.
    pub(crate) async fn end(self) -> Vec<Tick> {
        self.everybody_hears_everybody().await;
        self.emitting.iter().for_each(JoinHandle::abort);
        for emitting in self.emitting {
            // It was aborted.
            let _ = emitting.await;
        }
        for (node, emitted) in self.emitted.iter().enumerate() {
            let all = emitted.load(Ordering::SeqCst);
            let heard = || {
                let log = self.log.lock().expect("no panic");
                log.iter().filter(|tick| (tick.from, tick.to) == (node, node)).count()
            };
            eventually("the last of a node to reach its own clients", || heard() >= all).await;
        }
        self.clients.iter().for_each(JoinHandle::abort);
        let mut log = self.log.lock().expect("no panic");
        std::mem::take(&mut *log)
    }
}

async fn listen(mut client: Client, to: usize, begun: Instant, log: Arc<Mutex<Vec<Tick>>>) {
    loop {
        let text = client.text().await;
        let heard = begun.elapsed();
        let (name, from, number, at): (String, usize, usize, u64) =
            serde_json::from_str(text.strip_prefix("42").expect("an event")).expect("a tick");
        assert_eq!(name, "tick");
        let emitted = Duration::from_nanos(at);
        log.lock().expect("no panic").push(Tick { from, to, number, emitted, heard });
    }
}

/// How long ticks took: half of them, 99 %, and the longest.
pub(crate) fn latencies(ticks: impl Iterator<Item = Tick>) -> [Duration; 3] {
    let mut all: Vec<Duration> = ticks.map(|tick| tick.heard.saturating_sub(tick.emitted)).collect();
    all.sort_unstable();
    let at = |share: usize| all.get((all.len() * share / 100).min(all.len().saturating_sub(1))).copied();
    [50, 99, 100].map(|share| at(share).unwrap_or_default())
}
