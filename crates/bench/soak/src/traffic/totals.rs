//! What is counted.

use std::io;

use bench_load::Histogram;

use crate::sequence::Faults;

/// How many errors are told in full.
const TOLD: usize = 10;

/// What has happened since the start.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// Events that were sent to be answered.
    pub(crate) sent: u64,
    /// Answers, acknowledgements and events of rooms.
    pub(crate) heard: u64,
    /// Attachments that belonged to another event.
    pub(crate) mixed_up: u64,
    /// What was wrong with those who have left; those who are there are asked.
    pub(crate) faults: Faults,
    /// The part of it that went wrong on the way from the server.
    pub(crate) faults_down: Faults,
    pub(crate) connected: u64,
    pub(crate) upgraded: u64,
    /// Clients that died: clean, by a reset, silently, in the middle of the handshake.
    pub(crate) deaths: [u64; 4],
    /// Attacks.
    pub(crate) attacks: u64,
    /// Clients that did not read for as long as it takes to be closed for it.
    pub(crate) unread: u64,
    /// Clients that were to stay and were closed.
    pub(crate) dropped: u64,
    /// Clients that the server said farewell to.
    pub(crate) farewells: u64,
    /// From an event to its acknowledgement.
    pub(crate) acks: Histogram,
    /// From an event to its delivery to each of a room.
    pub(crate) deliveries: Histogram,
    /// By how much the time between two pings was not the interval.
    pub(crate) jitter: Histogram,
    /// The first errors.
    pub(crate) errors: Vec<String>,
}

impl Totals {
    /// A client that was to stay did not.
    pub(super) fn dropped(&mut self, error: &io::Error) {
        self.dropped += 1;
        self.tell(error.to_string());
    }

    pub(super) fn tell(&mut self, error: String) {
        if self.errors.len() < TOLD {
            self.errors.push(error);
        }
    }
}
