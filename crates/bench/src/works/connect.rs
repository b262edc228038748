//! `connect`: clients arrive over WebSockets.

use std::io;
use std::time::{Duration, Instant};

use crate::works::arrival::{self, Arrivals};
use crate::works::meter::{self, Meter};
use crate::works::{Effort, Figures, Target};
use bench_load::Crowd;

const COUNT: usize = 3_000;
/// As many come and go, again and again, until the host is warm.
const WARM_UP: usize = 250;
const REST: Duration = Duration::from_secs(3);

pub(super) fn connect(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let warm = Instant::now() + effort.warm_up;
    while Instant::now() < warm {
        drop(arrival::connect(target, WARM_UP)?);
    }
    // The host still has to see them off.
    meter::rest(&target.process, REST)?;

    let mut crowd = Crowd::of(target.address)?;
    let mut arrivals = Arrivals::new(COUNT, |_| String::new());
    let meter = Meter::start(target)?;
    arrivals.complete(&mut crowd)?;
    let figures = meter.read(COUNT as u64)?;
    Ok(Figures { latency: arrivals.latency().latency(), ..figures })
}
