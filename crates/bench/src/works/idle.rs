//! `idle-*`: what connections cost that do nothing, and what is left of them when they have gone.

use std::time::{Duration, Instant};
use std::{io, thread};

use crate::works::meter::Meter;
use crate::works::{Effort, Figures, Memory, Target, arrival};
use bench_load::Process;
use bench_load::{Crowd, Driver, Message};

/// How many come and go at once before the crowd and after it, how often that must be in vain, and what lies between: a
/// little more than the second for which an allocator may keep what is free.
const VISITORS: usize = 64;
const VISITS: usize = 5;
const BETWEEN: Duration = Duration::from_millis(1500);
/// A little more than the interval of pings, so that each has been pinged once.
const IDLE: Duration = Duration::from_secs(26);
/// Memory that is the same, but for 1 %, for so long has settled.
const SETTLED: Duration = Duration::from_secs(4);
/// The longest that is waited for it.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn idle<const CONNECTED: usize>(target: &Target, _effort: &Effort) -> io::Result<Figures> {
    let host = &target.process;
    let before = at_work(target)?;

    let mut crowd = arrival::connect(target, CONNECTED)?;
    // A garbage collector may still have to see to what connecting left behind.
    crowd.run_for(&mut Idle, SETTLED)?;
    let meter = Meter::start(target)?;
    crowd.run_for(&mut Idle, IDLE)?;
    let figures = meter.read(CONNECTED as u64)?;
    let connected = host.resident()?;

    crowd.leave()?;
    let after = at_work(target)?;
    Ok(Figures { memory: Some(Memory { before, connected, after }), ..figures })
}

/// What is resident in a host that has settled and is at work again, without a crowd.
///
/// An allocator gives back what was freed a while ago, in portions, and only when it is asked for something. A server is never
/// without work for long, so visitors come, until their coming makes no difference any more. They come before the crowd, too:
/// what they leave behind is not the crowd's.
fn at_work(target: &Target) -> io::Result<u64> {
    let mut resident = settled(&target.process)?;
    let (start, mut in_vain) = (Instant::now(), 0);
    while in_vain < VISITS && start.elapsed() < PATIENCE {
        arrival::connect(target, VISITORS)?.leave()?;
        thread::sleep(BETWEEN);
        let now = target.process.resident()?;
        in_vain = if now < resident - resident / 100 { 0 } else { in_vain + 1 };
        resident = now;
    }
    Ok(resident)
}

/// What is resident when it has settled, or when nobody waits any longer for it to.
fn settled(host: &Process) -> io::Result<u64> {
    const STEP: Duration = Duration::from_millis(200);
    let start = Instant::now();
    let (mut since, mut resident) = (start, host.resident()?);
    while since.elapsed() < SETTLED && start.elapsed() < PATIENCE {
        thread::sleep(STEP);
        let now = host.resident()?;
        if now.abs_diff(resident) > resident / 100 {
            (since, resident) = (Instant::now(), now);
        }
    }
    host.resident()
}

/// Clients that only answer pings.
struct Idle;

impl Driver for Idle {
    fn message(&mut self, _crowd: &mut Crowd, _id: usize, message: Message<'_>, _now: Instant) -> io::Result<()> {
        Err(message.unexpected())
    }

    fn awaited(&self) -> usize {
        0
    }
}
