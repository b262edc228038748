//! F17: nothing is lost, doubled or reordered, on either way, on either transport, and between them.

use std::io;
use std::time::Duration;

use crate::figure::{Bound, Figures};
use crate::options::Effort;
use crate::scene::Scene;
use crate::traffic::Mix;

const TIME: Duration = Duration::from_secs(60);

pub(super) fn exact(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F17");
    let talkers = effort.connections(1000);
    let time = effort.time(TIME, Duration::from_secs(4));
    let mix = Mix {
        polling: 75,
        // Some are on long-polling to the end.
        upgrade_within: time * 5 / 4,
        ups: effort.or_short(4000.0, 400.0),
        rooms: effort.or_short(50, 10),
        says: effort.or_short(100.0, 20.0),
        ramp: 500.0,
        ..Mix::idle(effort, talkers)
    };
    let mut scene = Scene::set(effort.server(&[]), mix)?;
    scene.settle()?;
    scene.run_for(time)?;
    scene.drain()?;
    let totals = scene.traffic.totals();
    println!("  {talkers} connections, {time:?}: {} sent, {} upgrades", totals.sent, totals.upgraded);
    figures.add("clients that moved to a WebSocket", totals.upgraded as f64, "", Bound::AtLeast(talkers as f64 / 4.0));
    scene.judge_traffic(&mut figures);
    scene.judge_end(&mut figures)?;
    Ok(figures)
}
