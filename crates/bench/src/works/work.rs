//! What a piece of work is, and what comes of it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bench_load::Latency;
use bench_load::Process;

/// One thing that hosts are compared in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    /// The name, of the command line and of the JSON.
    pub(crate) name: &'static str,
    /// What is done, in a few words.
    pub(crate) what: &'static str,
    /// What is counted.
    pub(crate) unit: &'static str,
    /// What the host must be able to do.
    pub(crate) needs: &'static [Feature],
    /// Does it.
    pub(crate) run: fn(&Target, &Effort) -> io::Result<Figures>,
}

impl Work {
    /// Does the work. The host is fresh: nobody has connected to it.
    ///
    /// # Errors
    ///
    /// When the host [lacks](Self::lacks) something, loses a message, answers what it should not, or hangs up; the error
    /// says in which work.
    pub(crate) fn measure(&self, target: &Target, effort: &Effort) -> io::Result<Figures> {
        if let Some(feature) = self.lacks(target.features) {
            let text = format!("{}: the host has no {}", self.name, feature.as_str());
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        (self.run)(target, effort).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.name)))
    }

    /// The first of its needs that a host with these features cannot meet.
    pub(crate) fn lacks(&self, features: &[Feature]) -> Option<Feature> {
        self.needs.iter().copied().find(|need| !features.contains(need))
    }
}

/// What a host can do besides echoing, acknowledging and broadcasting over WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    /// It speaks long-polling, and upgrades it.
    Polling,
    /// It has `join`, `leave` and `room`.
    Rooms,
    /// It has a namespace for each name `/ns/{id}`.
    Namespaces,
}

impl Feature {
    pub(crate) const ALL: &[Self] = &[Self::Polling, Self::Rooms, Self::Namespaces];

    /// What it is called.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "long-polling",
            Self::Rooms => "rooms",
            Self::Namespaces => "dynamic namespaces",
        }
    }
}

/// A host to be loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) process: Process,
    pub(crate) features: &'static [Feature],
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How long is measured, where time and not a number of connections says when it is enough.
    pub(crate) measure: Duration,
    /// How long the host is loaded before.
    pub(crate) warm_up: Duration,
}

/// What a piece of work came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    /// How many units were done.
    pub(crate) units: u64,
    /// How long that took.
    pub(crate) elapsed: Duration,
    /// The CPU that the host used meanwhile.
    pub(crate) cpu: Duration,
    /// The CPU that the load used meanwhile: if it is near `elapsed`, the load was what limited the rate.
    pub(crate) load_cpu: Duration,
    /// From what was sent to what came back or was delivered, where there is such a thing.
    pub(crate) latency: Option<Latency>,
    /// What the connections occupied, where that was the question.
    pub(crate) memory: Option<Memory>,
}

/// The bytes that a host has resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// When it is warm and nobody is connected.
    pub(crate) before: u64,
    /// When all are connected.
    pub(crate) connected: u64,
    /// When all have left.
    pub(crate) after: u64,
}
