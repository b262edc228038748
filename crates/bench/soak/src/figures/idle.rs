//! F1: as many connections as a process may have files, and none is dropped. F20: their heartbeats are on time, and a server
//! that was late itself does not blame its clients.

use std::io;
use std::thread;
use std::time::Duration;

use crate::figure::{Bound, Figures};
use crate::options::Effort;
use crate::scene::{self, Scene};
use crate::server;
use crate::traffic::Mix;

/// A process may have 20,000 files here.
pub(super) const CONNECTIONS: usize = 19_000;
const TIME: Duration = Duration::from_secs(600);
/// How long a worker does nothing.
const STALL: Duration = Duration::from_secs(2);

pub(super) fn held(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F1");
    let (mut scene, connections) = idle(effort)?;
    let before = scene.server.process().cpu()?;
    let time = effort.time(TIME, Duration::from_secs(5));
    scene.run_for(time)?;
    let cpu = (scene.server.process().cpu()? - before).as_secs_f64() / time.as_secs_f64();
    let gauges = scene.server.gauges()?;
    let resident = scene.server.process().resident()?;
    println!("  {time:?}: {:.1} % of a core, {} MiB resident", cpu * 100.0, resident >> 20);
    figures.count("sessions that are held", gauges.sessions as u64, connections as u64);
    figures.none("clients dropped", scene.traffic.totals().dropped);
    figures.none("disconnects", gauges.all_disconnects());
    figures.add("pings that were answered", scene.traffic.totals().jitter.count() as f64, "", Bound::AtLeast(1.0));
    scene.judge_end(&mut figures)?;
    Ok(figures)
}

pub(super) fn heartbeats(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F20");
    let (mut scene, _) = idle(effort)?;
    scene.run_for(effort.time(TIME, Duration::from_secs(5)))?;
    let jitter = scene::p99(&scene.traffic.totals().jitter);
    println!("  {} intervals between pings", scene.traffic.totals().jitter.count());
    figures.add("p99 of how far a ping is off its time", jitter, "ms", Bound::AtMost(500.0));

    // One worker, then both.
    for workers in [1, 2] {
        let address = scene.server.address();
        let path = format!("/stall/{}", STALL.as_millis());
        let stalls: Vec<_> = (0..workers)
            .map(|_| {
                let path = path.clone();
                thread::spawn(move || server::get(address, &path))
            })
            .collect();
        scene.run_for(STALL + effort.heartbeat().interval + Duration::from_secs(1))?;
        for stall in stalls {
            stall.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))?;
        }
    }
    let gauges = scene.server.gauges()?;
    figures.none("ping timeouts", gauges.disconnected("ping timeout"));
    figures.none("clients dropped", scene.traffic.totals().dropped);
    scene.judge_end(&mut figures)?;
    Ok(figures)
}

/// As many as there may be, who only answer pings.
fn idle(effort: &Effort) -> io::Result<(Scene, usize)> {
    let connections = effort.connections(CONNECTIONS);
    let mut scene = Scene::set(effort.server(&[]), Mix::idle(effort, connections))?;
    scene.settle()?;
    println!("  {connections} connections");
    Ok((scene, connections))
}
