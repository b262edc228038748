//! What there is to fuzz.

use crate::targets::{cluster, conversation, event, packet, payload, request, service, websocket};
use crate::vectors;

/// A piece of the server, and what must hold for any bytes that it is given.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line, and that of the folder of its regressions.
    pub name: &'static str,
    /// One for each path through the code, more or less.
    seeds: &'static [&'static [u8]],
    run: fn(&[u8]),
}

/// All of them, the quickest first.
pub const TARGETS: &[Target] = &[
    Target { name: "packet", seeds: packet::SEEDS, run: packet::run },
    Target { name: "payload", seeds: payload::SEEDS, run: payload::run },
    Target { name: "request", seeds: request::SEEDS, run: request::run },
    Target { name: "event", seeds: event::SEEDS, run: event::run },
    Target { name: "cluster", seeds: cluster::SEEDS, run: cluster::run },
    Target { name: "conversation", seeds: conversation::SEEDS, run: conversation::run },
    Target { name: "service", seeds: service::SEEDS, run: service::run },
    Target { name: "websocket", seeds: websocket::SEEDS, run: websocket::run },
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Inputs to start from: our own, and the hostile vectors.
    pub fn seeds(&self) -> impl Iterator<Item = Vec<u8>> {
        self.seeds.iter().map(|seed| seed.to_vec()).chain(vectors::inputs(self.name))
    }

    /// Tries an input.
    ///
    /// # Panics
    ///
    /// If something does not hold.
    pub fn run(&self, data: &[u8]) {
        (self.run)(data);
    }
}
