//! F18: everything at once, for long. What grows, leaks; what is missing at the end, was lost.

use std::io;
use std::time::{Duration, Instant};

use crate::figure::{Bound, Figures};
use crate::figures::slope::Slope;
use crate::options::Effort;
use crate::scene::Scene;
use crate::server::Launch;
use crate::traffic::Mix;

const TIME: Duration = Duration::from_secs(20 * 60);
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// What comes to be in the beginning is no growth: this long, and at most so much of the whole.
const WARM_UP: Duration = Duration::from_secs(5 * 60);
const WARM_UP_PART: f64 = 0.4;
const MIB: f64 = (1 << 20) as f64;
/// A slope of less time than that says nothing: one page in a second is 2 MiB in ten minutes.
const ENOUGH: Duration = Duration::from_secs(10 * 60);

pub(super) fn soak(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F18");
    let time = effort.time(TIME, Duration::from_secs(6));
    let (launch, mix) = setting(effort);
    let mut scene = Scene::set(launch, mix)?;
    scene.settle()?;

    let period = effort.or_short(Duration::from_secs(10), Duration::from_secs(1));
    let (start, warm) = (Instant::now(), WARM_UP.min(time.mul_f64(WARM_UP_PART)));
    let (mut resident, mut most_files, mut unexpected) = (Slope::default(), 0, 0);
    println!("  {HEAD}");
    while start.elapsed() < time {
        scene.run_for(period)?;
        let at = start.elapsed();
        let (bytes, files, gauges) =
            (scene.server.process().resident()? as f64, scene.server.process().files()?, scene.server.gauges()?);
        let (sure, more) = scene.traffic.sessions();
        let as_expected = (sure..=sure + more).contains(&gauges.sessions);
        unexpected += u64::from(!as_expected);
        most_files = most_files.max(files);
        if at > warm {
            resident.add(at, bytes);
        }
        let (totals, faults) = (scene.traffic.totals(), scene.traffic.faults(false));
        println!(
            "  {:>6.0} {:>10} {:>10} {:>5} {:>5} {:>5} {:>8.1} {:>9.2} {:>6} {:>6} {:>6} {:>5}..{:<5} {:>6}",
            at.as_secs_f64(),
            totals.sent,
            totals.heard,
            faults.lost,
            faults.doubled,
            faults.reordered,
            bytes / MIB,
            resident.in_time(TEN_MINUTES) / MIB,
            files,
            gauges.tasks,
            gauges.sessions,
            sure,
            sure + more,
            gauges.panics,
        );
    }
    scene.drain()?;
    let totals = scene.traffic.totals();
    println!(
        "  died clean, by reset, silently, in the handshake: {:?}; {} upgrades, {} attacks; {most_files} files",
        totals.deaths, totals.upgraded, totals.attacks
    );
    figures.add("clients that died", totals.deaths.iter().sum::<u64>() as f64, "", Bound::AtLeast(1.0));
    let gauges = scene.server.gauges()?;
    let put_out = gauges.disconnected("write timeout") + gauges.disconnected("outbox overflow");
    figures.add("clients that did not read", totals.unread as f64, "", Bound::AtLeast(1.0));
    figures.add("clients that were closed for it", put_out as f64, "", Bound::AtLeast(totals.unread as f64));
    figures.none("looks at a number of sessions that cannot be", unexpected);
    let grown = resident.in_time(TEN_MINUTES) / MIB;
    if time >= ENOUGH {
        figures.add("growth of the resident memory in 10 min", grown, "MiB", Bound::AtMost(1.0));
    } else {
        println!(
            "  growth of the resident memory: {grown:.1} MiB in 10 min; so short a time says nothing, it is not judged"
        );
    }
    scene.judge_traffic(&mut figures);
    scene.judge_end(&mut figures)?;
    Ok(figures)
}

const HEAD: &str =
    "     s       sent      heard  lost  twice order     MiB   +/10min  files  tasks sessions, expected    panics";

fn setting(effort: &Effort) -> (Launch, Mix) {
    if effort.short {
        let launch = effort.server(&["--write-timeout", "1000", "--send-buffer", "65536"]);
        let mix = Mix {
            polling: 50,
            upgrade_within: Duration::from_secs(4),
            ups: 400.0,
            rooms: 2,
            says: 100.0,
            say_bytes: 4096,
            churn: 50.0,
            hostile: 5,
            slow: 2,
            stuck: 2,
            stuck_for: Duration::from_secs(3),
            ..Mix::idle(effort, effort.connections(50))
        };
        return (launch, mix);
    }
    let mix = Mix {
        polling: 50,
        upgrade_within: Duration::from_secs(600),
        ups: 500.0,
        rooms: 8,
        says: 40.0,
        // Enough for the kernel to be full of it before those are looked at that do not read.
        say_bytes: 4096,
        churn: 200.0,
        hostile: 20,
        slow: 10,
        stuck: 10,
        ..Mix::idle(effort, effort.connections(400))
    };
    (effort.server(&["--send-buffer", "65536"]), mix)
}
