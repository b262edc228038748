//! A server, the traffic it has, and how both are when that is over.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use bench_load::{Crowd, Histogram};

use crate::figure::{Bound, Figures};
use crate::server::{Gauges, Launch, Server};
use crate::traffic::{Mix, Traffic};

/// What may come after the last has been sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is done at once before the server is looked at again.
const STEP: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) crowd: Crowd,
    pub(crate) traffic: Traffic,
    before: Gauges,
    files: usize,
    lingering: Duration,
}

impl Scene {
    /// A server, and nobody yet.
    pub(crate) fn set(server: Launch, mix: Mix) -> io::Result<Self> {
        let server = Server::start(server)?;
        // The first request is not like the others, and its connection is still there for a moment.
        server.gauges()?;
        thread::sleep(STEP);
        let (before, files) = (server.gauges()?, server.process().files()?);
        let (crowd, lingering) = (Crowd::of(server.address())?, mix.heartbeat.lingering());
        Ok(Self { server, crowd, traffic: Traffic::new(mix), before, files, lingering })
    }

    /// Has all come who stay.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        let settled = self.traffic.settle(&mut self.crowd);
        if settled.is_err() {
            self.tell();
        }
        settled
    }

    pub(crate) fn run_for(&mut self, time: Duration) -> io::Result<()> {
        self.crowd.run_for(&mut self.traffic, time)
    }

    /// Lets what is on its way arrive.
    pub(crate) fn drain(&mut self) -> io::Result<()> {
        self.traffic.drain(&mut self.crowd, PATIENCE)
    }

    /// Tells the first errors.
    pub(crate) fn tell(&self) {
        self.traffic.totals().errors.iter().for_each(|error| println!("  {error}"));
    }

    /// Judges what the traffic says: nothing lost, doubled or reordered, nobody dropped.
    pub(crate) fn judge_traffic(&self, figures: &mut Figures) {
        let (faults, totals) = (self.traffic.faults(true), self.traffic.totals());
        let down = totals.faults_down;
        if down.lost + down.doubled + down.reordered > 0 {
            println!("  of the server's answers to those who left: {down:?}");
        }
        self.tell();
        figures.add("messages that were heard", totals.heard as f64, "", Bound::AtLeast(1.0));
        figures.none("lost", faults.lost);
        figures.none("doubled", faults.doubled);
        figures.none("reordered", faults.reordered);
        figures.none("attachments and events at the wrong place", totals.mixed_up);
        figures.none("clients dropped", totals.dropped);
    }

    /// Has everybody leave, and judges what stays of them.
    pub(crate) fn judge_end(&mut self, figures: &mut Figures) -> io::Result<()> {
        self.traffic.leave(&mut self.crowd);
        let deadline = Instant::now() + self.lingering + PATIENCE;
        let (mut gauges, mut files) = (self.server.gauges()?, self.server.process().files()?);
        while !self.is_over(&gauges, files) && Instant::now() < deadline {
            self.run_for(STEP)?;
            (gauges, files) = (self.server.gauges()?, self.server.process().files()?);
        }
        let before = &self.before;
        if !self.is_over(&gauges, files) {
            println!("  something stays: {gauges:?}, {files} files; it was {before:?}, {} files", self.files);
        }
        for (what, now, before) in [
            ("sessions left", gauges.sessions, before.sessions),
            ("sockets left", gauges.sockets, before.sockets),
            ("rooms left", gauges.rooms, before.rooms),
            ("namespaces left", gauges.namespaces, before.namespaces),
            ("tasks left", gauges.tasks, before.tasks),
            ("files left", files, self.files),
        ] {
            figures.add(what, now.saturating_sub(before) as f64, "", Bound::Exactly(0.0));
        }
        figures.count("disconnect handlers that ran", gauges.all_disconnects(), gauges.connects);
        figures.none("disconnect handlers that ran twice", gauges.twice);
        figures.none("panics", gauges.panics);
        println!("  disconnects: {:?}", gauges.disconnects);
        Ok(())
    }

    fn is_over(&self, now: &Gauges, files: usize) -> bool {
        let before = &self.before;
        now.sessions <= before.sessions
            && now.sockets <= before.sockets
            && now.rooms <= before.rooms
            && now.namespaces <= before.namespaces
            && now.tasks <= before.tasks
            && files <= self.files
    }
}

/// What 99 % did not exceed, in milliseconds; infinite if there is nothing.
pub(crate) fn p99(histogram: &Histogram) -> f64 {
    histogram.latency().map_or(f64::INFINITY, |latency| latency.p99.as_secs_f64() * 1e3)
}
