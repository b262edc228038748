//! Clients that connect over WebSockets.

use std::io;
use std::time::Instant;

use crate::works::Target;
use bench_load::{Crowd, Driver, Histogram, Message};

/// How many connect at once.
const WINDOW: usize = 64;

/// Connects `count` clients to the namespace `/`.
pub(super) fn connect(target: &Target, count: usize) -> io::Result<Crowd> {
    let mut crowd = Crowd::of(target.address)?;
    Arrivals::new(count, |_| String::new()).complete(&mut crowd)?;
    Ok(crowd)
}

/// Connects `count` clients, each to a [`namespace`] of its own.
pub(super) fn connect_apart(target: &Target, count: usize) -> io::Result<Crowd> {
    let mut crowd = Crowd::of(target.address)?;
    Arrivals::new(count, namespace).complete(&mut crowd)?;
    Ok(crowd)
}

/// The namespace that belongs to connection `id`, as a packet has it: with a comma behind it.
pub(super) fn namespace(id: usize) -> String {
    format!("/ns/{id},")
}

/// Clients that connect, 64 at a time: TCP, the upgrade, Engine.IO's open packet, Socket.IO's CONNECT and its answer.
pub(super) struct Arrivals {
    upgrade: Vec<u8>,
    namespace: fn(usize) -> String,
    count: usize,
    /// When each was dialled.
    dialled: Vec<Instant>,
    arrived: usize,
    latency: Histogram,
}

impl Arrivals {
    /// Those that are to come. `namespace` says where to, as a packet does: with a comma behind it, or not at all.
    pub(super) fn new(count: usize, namespace: fn(usize) -> String) -> Self {
        Self {
            upgrade: bench_load::upgrade(None).into(),
            namespace,
            count,
            dialled: Vec::with_capacity(count),
            arrived: 0,
            latency: Histogram::new(),
        }
    }

    /// Lets them all come.
    pub(super) fn complete(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        for _ in 0..self.count.min(WINDOW) {
            self.dial(crowd)?;
        }
        crowd.run_until(self, |arrivals| arrivals.arrived == arrivals.count)
    }

    /// From the first SYN of each to its CONNECT's answer.
    pub(super) const fn latency(&self) -> &Histogram {
        &self.latency
    }

    fn dial(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        self.dialled.push(Instant::now());
        let id = crowd.dial()?;
        crowd.send(id, &self.upgrade)
    }
}

impl Driver for Arrivals {
    fn message(&mut self, crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        match message {
            Message::Response(response) if response.status == 101 => Ok(()),
            Message::Text(text) if text.starts_with(b"0{") => {
                crowd.send(id, &bench_load::text(&format!("40{}", (self.namespace)(id))))
            }
            Message::Text(text) if text.starts_with(b"40") && self.awaited() > 0 => {
                self.latency.record(now - self.dialled[id]);
                self.arrived += 1;
                if self.dialled.len() < self.count { self.dial(crowd) } else { Ok(()) }
            }
            other => Err(other.unexpected()),
        }
    }

    fn awaited(&self) -> usize {
        self.dialled.len() - self.arrived
    }
}
