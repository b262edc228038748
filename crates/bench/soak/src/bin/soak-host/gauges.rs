//! What can be seen of the server from outside.

use std::collections::BTreeMap;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use pintle::{DisconnectReason, SocketIo, TransportKind};
use serde::Serialize;
use tokio::runtime::Handle;

/// What has happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    connects: AtomicU64,
    disconnects: Mutex<BTreeMap<&'static str, u64>>,
    twice: AtomicU64,
    received: AtomicU64,
    panics: AtomicU64,
}

impl Counts {
    pub(crate) fn connected(&self) {
        self.connects.fetch_add(1, Relaxed);
    }

    pub(crate) fn disconnected(&self, reason: DisconnectReason, again: bool) {
        let mut disconnects = self.disconnects.lock().unwrap_or_else(PoisonError::into_inner);
        *disconnects.entry(reason.as_str()).or_default() += 1;
        self.twice.fetch_add(again.into(), Relaxed);
    }

    pub(crate) fn received(&self) {
        self.received.fetch_add(1, Relaxed);
    }
}

/// What there is at this moment, and the [`Counts`].
#[derive(Debug, Serialize)]
pub(crate) struct Gauges {
    sessions: usize,
    polling: usize,
    websocket: usize,
    sockets: usize,
    rooms: usize,
    namespaces: usize,
    tasks: usize,
    panics: u64,
    /// Sockets that connected.
    connects: u64,
    /// Disconnect handlers that have run, by the reason.
    disconnects: BTreeMap<&'static str, u64>,
    /// Those that ran once more for the same socket.
    twice: u64,
    /// Events that reached a handler.
    received: u64,
}

pub(crate) fn read(io: &SocketIo, counts: &Counts) -> Gauges {
    let engine = io.engine();
    Gauges {
        sessions: engine.clients_count(),
        polling: engine.clients_on(TransportKind::Polling),
        websocket: engine.clients_on(TransportKind::WebSocket),
        sockets: io.sockets().len() + io.of("/dyn/{id}").sockets().len(),
        rooms: io.rooms().len(),
        namespaces: io.namespace_names().len(),
        tasks: Handle::current().metrics().num_alive_tasks(),
        panics: counts.panics.load(Relaxed),
        connects: counts.connects.load(Relaxed),
        disconnects: counts.disconnects.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        twice: counts.twice.load(Relaxed),
        received: counts.received.load(Relaxed),
    }
}

/// Counts all panics from now on, those that are caught too.
pub(crate) fn count_panics(counts: Arc<Counts>) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        counts.panics.fetch_add(1, Relaxed);
        print(panic);
    }));
}
