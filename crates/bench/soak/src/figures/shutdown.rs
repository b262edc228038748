//! F19: a server that is full and busy closes.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::figure::{Bound, Figures};
use crate::figures::idle::CONNECTIONS;
use crate::options::Effort;
use crate::scene::Scene;
use crate::server;
use crate::traffic::Mix;

/// How long it is busy before.
const BUSY: Duration = Duration::from_secs(10);
/// How long is waited for those who are not told.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn shutdown(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F19");
    let connections = effort.connections(CONNECTIONS);
    // One in fifty stays on long-polling, with two connections.
    let talkers = connections - connections / 50;
    let mix = Mix {
        polling: 2,
        upgrade_within: Duration::from_secs(1_000_000),
        ups: effort.or_short(10_000.0, 500.0),
        ..Mix::idle(effort, talkers)
    };
    let mut scene = Scene::set(effort.server(&[]), Mix { ups: 0.0, ..mix.clone() })?;
    scene.settle()?;
    scene.traffic.change(|mix_now| *mix_now = mix);
    scene.run_for(effort.time(BUSY, Duration::from_secs(1)))?;
    let heard = scene.traffic.totals().heard;
    println!("  {talkers} clients, {heard} messages heard");

    let address = scene.server.address();
    let closing = thread::spawn(move || server::get(address, "/close"));
    // Clients go on talking until they are told.
    scene.traffic.closes();
    let Scene { crowd, traffic, .. } = &mut scene;
    let start = Instant::now();
    crowd.run_until(traffic, |traffic| traffic.is_deserted() || start.elapsed() > PATIENCE)?;
    let closed = closing.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))?;
    let milliseconds: f64 = closed.parse().unwrap_or(f64::INFINITY);
    let gauges = scene.server.gauges()?;
    println!("  the last client has gone after {:?}", start.elapsed());
    scene.tell();
    figures.add("until it is closed", milliseconds / 1e3, "s", Bound::AtMost(5.0));
    figures.count("clients that were told", scene.traffic.totals().farewells, talkers as u64);
    figures.count("disconnect handlers that ran", gauges.all_disconnects(), gauges.connects);
    figures.none("disconnect handlers that ran twice", gauges.twice);
    figures.none("sessions left", gauges.sessions as u64);
    figures.none("panics", gauges.panics);
    println!("  disconnects: {:?}", gauges.disconnects);
    Ok(figures)
}
