//! Connections of which nothing good comes: those who attack, those who begin and do not go on, and what the dead leave.

use std::io;
use std::time::Duration;

use bench_load::{Crowd, Farewell};

use crate::random::Random;
use crate::traffic::hostile;

/// How the connections of a stranger begin.
#[derive(Debug)]
pub(super) struct Strangers {
    streams: Vec<Vec<u8>>,
}

impl Strangers {
    pub(super) fn new() -> Self {
        Self { streams: hostile::streams() }
    }

    /// One that attacks.
    pub(super) fn attack(&self, crowd: &mut Crowd, random: &mut Random) -> io::Result<usize> {
        let id = crowd.dial()?;
        if random.percent(5) {
            crowd.send_if_open(id, &hostile::noise(random));
        } else {
            crowd.send_if_open(id, &self.streams[random.below(self.streams.len())]);
        }
        Ok(id)
    }

    /// One that stops in the middle of the handshake.
    pub(super) fn begin(crowd: &mut Crowd, random: &mut Random) -> io::Result<usize> {
        let id = crowd.dial()?;
        let upgrade = bench_load::upgrade(None);
        let bytes = match random.below(3) {
            0 => upgrade[..random.below(upgrade.len())].to_owned(),
            1 => bench_load::get(None),
            _ => upgrade,
        };
        crowd.send_if_open(id, bytes.as_bytes());
        Ok(id)
    }

    /// How long one stays that sends nothing more, and how it goes.
    pub(super) fn end(random: &mut Random) -> (Duration, Farewell) {
        let farewell = if random.percent(50) { Farewell::Fin } else { Farewell::Reset };
        (random.within(Duration::from_millis(1)..Duration::from_millis(1500)), farewell)
    }
}
