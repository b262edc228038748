//! Clients that are cut off while others emit, on several threads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pintle::{Namespace, Socket, SocketIoLayer, StateRecovery};
use support::{Client, Server, within};
use tokio::task::JoinSet;

const CLIENTS: usize = 8;
const LIVES: usize = 40;

/// What a client has of its socket.
struct Seen {
    sid: String,
    pid: String,
    /// Of the last event.
    offset: Option<String>,
    /// The number of the last event from each of those who emit.
    last: [Option<u64>; 2],
}

impl Seen {
    /// Takes note of a packet. Whether it is the answer to a CONNECT.
    fn note(&mut self, packet: &str, fresh: bool) -> bool {
        let json = packet.trim_start_matches(|c| c != '[' && c != '{');
        if packet.starts_with('0') {
            let welcome: serde_json::Value = serde_json::from_str(json).unwrap();
            if !fresh {
                assert_eq!((&welcome["sid"], &welcome["pid"]), (&self.sid.as_str().into(), &self.pid.as_str().into()));
            }
            self.sid = welcome["sid"].as_str().unwrap().to_owned();
            self.pid = welcome["pid"].as_str().unwrap().to_owned();
            return true;
        }
        let event: (String, u64, String) = serde_json::from_str(json).unwrap();
        let last = &mut self.last[usize::from(event.0 == "to one")];
        if let Some(last) = last {
            assert_eq!(event.1, *last + 1, "{} after {last}", event.1);
        }
        *last = Some(event.1);
        self.offset = Some(event.2);
        false
    }
}

/// Lives many times, as one socket.
async fn live(server: Arc<Server>, namespace: &'static str, abrupt: bool) -> Seen {
    let mut seen = Seen { sid: String::new(), pid: String::new(), offset: None, last: [None; 2] };
    let mut kept: Option<Client> = None;
    for life in 0..LIVES {
        let mut client = server.open().await;
        let auth = match life {
            0 => String::new(),
            _ => serde_json::json!({ "pid": seen.pid, "offset": seen.offset }).to_string(),
        };
        client.send(&format!("0{namespace},{auth}")).await;
        // Nothing of the new life before all of the last.
        while !seen.note(&client.hear().await, life == 0) {}
        for _ in 0..(life % 7) {
            seen.note(&client.hear().await, false);
        }
        // The server notices at once that it is gone, or only when the next one is there.
        kept = if abrupt { Some(client) } else { None };
    }
    drop(kept);
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_doubled_or_out_of_order() {
    let slow = async || tokio::task::yield_now().await;
    let layer = SocketIoLayer::new()
        .namespace("/fixed", Namespace::new())
        .namespace("/some/{id}", Namespace::new().middleware(slow))
        .recovery(StateRecovery::new());
    let server = Arc::new(Server::new(layer));
    let stop = Arc::new(AtomicBool::new(false));
    let mut emitters = JoinSet::new();
    for namespace in ["/fixed", "/some/7"] {
        let (io, stop) = (server.io().clone(), stop.clone());
        emitters.spawn(async move {
            let numbers = AtomicU64::new(0);
            while !stop.load(Ordering::Relaxed) {
                io.of(namespace).emit("to all", numbers.fetch_add(1, Ordering::Relaxed)).unwrap();
                tokio::time::sleep(std::time::Duration::from_micros(200)).await;
            }
        });
    }
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let namespace = if n % 2 == 0 { "/fixed" } else { "/some/7" };
        clients.spawn(live(server.clone(), namespace, n % 4 < 2));
    }
    // One handle to each socket, whatever becomes of it.
    let (io, halt) = (server.io().clone(), stop.clone());
    emitters.spawn(async move {
        let mut handles: Vec<(Socket, u64)> = Vec::new();
        while !halt.load(Ordering::Relaxed) {
            for namespace in ["/fixed", "/some/7"] {
                for socket in io.of(namespace).sockets() {
                    if handles.iter().all(|(known, _)| known.id() != socket.id()) {
                        handles.push((socket, 0));
                    }
                }
            }
            for (socket, number) in &mut handles {
                if socket.emit("to one", *number).is_ok() {
                    *number += 1;
                }
            }
            tokio::time::sleep(std::time::Duration::from_micros(300)).await;
        }
    });
    while let Some(seen) = within(clients.join_next()).await {
        let seen = seen.unwrap();
        assert!(seen.last[0].is_some() && seen.last[1].is_some());
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(emitter) = within(emitters.join_next()).await {
        emitter.unwrap();
    }
}
