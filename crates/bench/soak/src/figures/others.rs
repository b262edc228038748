//! F14: what hostile clients mean to the others. F15: what those mean to the others who do not read.

use std::io;
use std::time::{Duration, Instant};

use crate::figure::{Bound, Figures};
use crate::options::Effort;
use crate::scene::{self, Scene};
use crate::traffic::Mix;

const TIME: Duration = Duration::from_secs(30);
const MIB: f64 = (1 << 20) as f64;
/// What the kernel keeps for each, in F15.
const SEND_BUFFER: usize = 64 * 1024;

pub(super) fn under_attack(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F14");
    let time = effort.time(TIME, Duration::from_secs(3));
    let mix = Mix { ups: effort.or_short(5000.0, 500.0), ..Mix::idle(effort, effort.connections(1000)) };
    let mut scene = Scene::set(effort.server(&[]), mix)?;
    scene.settle()?;
    scene.run_for(Duration::from_secs(1))?;

    scene.traffic.totals_mut().acks.clear();
    scene.run_for(time)?;
    let quiet = scene::p99(&scene.traffic.totals().acks);
    let resident = scene.server.process().resident()? as f64;

    scene.traffic.totals_mut().acks.clear();
    scene.traffic.change(|mix| mix.hostile = 100);
    let (mut most, end) = (resident, Instant::now() + time);
    while Instant::now() < end {
        scene.run_for(Duration::from_millis(500))?;
        most = most.max(scene.server.process().resident()? as f64);
    }
    let attacked = scene::p99(&scene.traffic.totals().acks);
    println!("  p99 {quiet:.2} ms, and {attacked:.2} ms during {} attacks", scene.traffic.totals().attacks);
    scene.drain()?;
    judge_p99(&mut figures, effort, attacked / quiet);
    figures.add("memory above that in quiet", (most - resident) / MIB, "MiB", Bound::AtMost(256.0));
    scene.judge_traffic(&mut figures);
    scene.judge_end(&mut figures)?;
    Ok(figures)
}

pub(super) fn beside_the_slow(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F15");
    let (stuck, readers) = (effort.or_short(200, 20), effort.connections(2000));
    let mix = Mix {
        rooms: 1,
        says: effort.or_short(10.0, 40.0),
        say_bytes: 4096,
        // They are looked at when all must have been closed.
        stuck_for: effort.or_short(Duration::from_secs(30), Duration::from_secs(4)),
        ..Mix::idle(effort, readers - stuck)
    };
    let (write_timeout, send_buffer) = (effort.or_short("20000", "2000"), SEND_BUFFER.to_string());
    let launch = effort.server(&["--write-timeout", write_timeout, "--send-buffer", &send_buffer]);
    let (stuck_for, quiet_for) = (mix.stuck_for, effort.time(TIME, Duration::from_secs(3)));
    let mut scene = Scene::set(launch, mix)?;
    scene.settle()?;
    scene.run_for(Duration::from_secs(1))?;

    scene.traffic.totals_mut().deliveries.clear();
    scene.run_for(quiet_for)?;
    let quiet = scene::p99(&scene.traffic.totals().deliveries);
    let resident = scene.server.process().resident()? as f64;

    scene.traffic.totals_mut().deliveries.clear();
    scene.traffic.change(|mix| mix.stuck = stuck);
    let (mut most, start) = (resident, Instant::now());
    let (mut closed, mut gauges) = (None, scene.server.gauges()?);
    while start.elapsed() < stuck_for {
        scene.run_for(Duration::from_millis(500))?;
        most = most.max(scene.server.process().resident()? as f64);
        gauges = scene.server.gauges()?;
        let reasons = gauges.disconnected("write timeout") + gauges.disconnected("outbox overflow");
        if closed.is_none() && reasons >= stuck as u64 {
            closed = Some(start.elapsed());
        }
    }
    let beside = scene::p99(&scene.traffic.totals().deliveries);
    println!("  p99 of deliveries {quiet:.2} ms, and {beside:.2} ms beside {stuck} who do not read");
    // Nobody comes in their place.
    scene.traffic.change(|mix| mix.stuck = 0);
    scene.drain()?;
    let seconds = closed.map_or(f64::INFINITY, |time| time.as_secs_f64());
    figures.add("until all who do not read are closed for it", seconds, "s", Bound::AtMost(stuck_for.as_secs_f64()));
    judge_p99(&mut figures, effort, beside / quiet);
    let bound = stuck as f64 * (MIB + SEND_BUFFER as f64) / MIB;
    figures.add("memory above that without them", (most - resident) / MIB, "MiB", Bound::AtMost(bound));
    println!("  disconnects: {:?}", gauges.disconnects);
    scene.judge_traffic(&mut figures);
    scene.judge_end(&mut figures)?;
    Ok(figures)
}

/// How many times as long it takes others; not judged in the short form, which runs beside other tests.
fn judge_p99(figures: &mut Figures, effort: &Effort, times: f64) {
    if effort.short {
        println!("  p99 is {times:.2} times as long: not judged, in the short form");
    } else {
        figures.add("p99, as a multiple of that in quiet", times, "", Bound::AtMost(2.0));
    }
}
