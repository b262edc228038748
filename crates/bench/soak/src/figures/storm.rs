//! F10: everybody is cut off at once, and comes back as the official client does.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::time::{Duration, Instant};

use bench_load::{Crowd, Driver, Farewell, Histogram, Message};

use crate::figure::{Bound, Figures};
use crate::figures::idle::CONNECTIONS;
use crate::options::Effort;
use crate::random::Random;
use crate::server::{Refused, Server};

/// The official client's: `reconnectionDelay`, `reconnectionDelayMax`, `randomizationFactor` and `timeout`.
const DELAY: Duration = Duration::from_secs(1);
const MAX_DELAY: Duration = Duration::from_secs(5);
const RANDOMIZATION: f64 = 0.5;
const TIMEOUT: Duration = Duration::from_secs(20);
/// How fast they come at first, and at what intervals.
const RAMP: f64 = 2000.0;
const TICK: Duration = Duration::from_millis(5);
/// How long is waited for the last.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn storm(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F10");
    let count = effort.connections(CONNECTIONS);
    let mut server = Server::start(effort.server(&[]))?;
    let mut crowd = Crowd::of(server.address())?;
    let mut storm = Storm::new(count, effort.seed);
    storm.come(&mut crowd)?;

    let refused = Refused::read()?;
    storm.cut(&mut crowd);
    storm.judge(&mut crowd, &mut figures, "the network is cut")?;
    // The sessions of before have been noticed to be over, too.
    let deadline = Instant::now() + PATIENCE;
    while server.gauges()?.sessions != count && Instant::now() < deadline {
        crowd.run_for(&mut storm, TICK * 20)?;
    }
    figures.count("the network is cut: sessions", server.gauges()?.sessions as u64, count as u64);

    storm.begin();
    server.replace()?;
    // All notice it, before it is looked who is back.
    crowd.run_until(&mut storm, |storm| storm.noticed == storm.clients.len())?;
    storm.judge(&mut crowd, &mut figures, "the server is killed")?;
    figures.count("the server is killed: sessions", server.gauges()?.sessions as u64, count as u64);
    let refused = Refused::read()?.since(refused);
    figures.none("connections that found the queue of the listener full", refused.overflows);
    figures.none("connections that the listener dropped", refused.drops);
    Ok(figures)
}

/// A client that comes back.
#[derive(Clone, Debug, Default)]
struct Returning {
    connection: Option<usize>,
    connected: bool,
    attempts: u32,
    /// When the last attempt was begun.
    dialled: Option<Instant>,
    /// When it is looked at next.
    due: Option<Instant>,
}

#[derive(Debug)]
struct Storm {
    clients: Vec<Returning>,
    owners: Vec<usize>,
    dials: BinaryHeap<Reverse<(Instant, usize)>>,
    random: Random,
    upgrade: Vec<u8>,
    connect: Vec<u8>,
    connected: usize,
    /// When all were cut off.
    start: Instant,
    /// When they were back.
    back: Histogram,
    last: Duration,
    failed: u64,
    /// How many have been cut off.
    noticed: usize,
}

impl Storm {
    fn new(count: usize, seed: u64) -> Self {
        Self {
            clients: vec![Returning::default(); count],
            owners: Vec::new(),
            dials: BinaryHeap::new(),
            random: Random::new(seed),
            upgrade: bench_load::upgrade(None).into(),
            connect: bench_load::text("40"),
            connected: 0,
            start: Instant::now(),
            back: Histogram::new(),
            last: Duration::ZERO,
            failed: 0,
            noticed: 0,
        }
    }

    /// All come, one after the other.
    fn come(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let start = Instant::now();
        for nth in 0..self.clients.len() {
            self.look(nth, start + Duration::from_secs_f64(nth as f64 / RAMP));
        }
        self.all_back(crowd)
    }

    fn all_back(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        crowd.run_until(self, |storm| storm.connected == storm.clients.len() || Instant::now() > deadline)
    }

    /// From now on it is counted who is back when.
    fn begin(&mut self) {
        (self.start, self.last) = (Instant::now(), Duration::ZERO);
        (self.failed, self.noticed) = (0, 0);
        self.back.clear();
    }

    /// Cuts all connections.
    fn cut(&mut self, crowd: &mut Crowd) {
        self.begin();
        for nth in 0..self.clients.len() {
            if let Some(id) = self.clients[nth].connection {
                crowd.hang_up(id, Farewell::Reset);
            }
            self.retry(nth);
        }
    }

    /// Waits until all are back, and judges how long that took.
    fn judge(&mut self, crowd: &mut Crowd, figures: &mut Figures, what: &str) -> io::Result<()> {
        self.all_back(crowd)?;
        let (all, count) = (self.connected, self.clients.len());
        let p99 = self.back.latency().map_or(Duration::ZERO, |latency| latency.p99);
        println!("  {what}: {all} of {count} are back; p99 {p99:?}, {} attempts failed", self.failed);
        figures.count(&format!("{what}: clients that are back"), all as u64, count as u64);
        figures.add(&format!("{what}: until the last is back"), self.last.as_secs_f64(), "s", Bound::AtMost(10.0));
        Ok(())
    }

    /// A client is cut off, or has failed to connect: it will try again, later each time.
    fn retry(&mut self, nth: usize) {
        let client = &mut self.clients[nth];
        if std::mem::take(&mut client.connected) {
            self.connected -= 1;
            self.noticed += 1;
            client.attempts = 0;
        }
        (client.connection, client.dialled) = (None, None);
        let delay = DELAY.as_secs_f64() * f64::from(2_u32.saturating_pow(client.attempts));
        client.attempts += 1;
        let chance = self.random.next() as f64 / u64::MAX as f64 * 2.0 - 1.0;
        let delay = (delay * (1.0 + RANDOMIZATION * chance)).min(MAX_DELAY.as_secs_f64());
        self.look(nth, Instant::now() + Duration::from_secs_f64(delay));
    }

    fn dial(&mut self, crowd: &mut Crowd, nth: usize, now: Instant) -> io::Result<()> {
        let id = crowd.dial()?;
        crowd.send_if_open(id, &self.upgrade);
        if self.owners.len() <= id {
            self.owners.resize(id + 1, 0);
        }
        self.owners[id] = nth;
        let client = &mut self.clients[nth];
        (client.connection, client.dialled) = (Some(id), Some(now));
        // It is looked at again when it must have connected.
        self.look(nth, now + TIMEOUT);
        Ok(())
    }

    /// Looks at a client then, and not before.
    fn look(&mut self, nth: usize, when: Instant) {
        self.clients[nth].due = Some(when);
        self.dials.push(Reverse((when, nth)));
    }

    /// Has a client dial, or give up an attempt that takes too long.
    fn due(&mut self, crowd: &mut Crowd, nth: usize, now: Instant) -> io::Result<()> {
        let client = &self.clients[nth];
        match (client.connection, client.dialled) {
            (None, _) => self.dial(crowd, nth, now),
            (Some(id), Some(dialled)) if !client.connected && now - dialled >= TIMEOUT => {
                crowd.hang_up(id, Farewell::Reset);
                self.failed += 1;
                self.retry(nth);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Driver for Storm {
    fn message(&mut self, crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        match message {
            Message::Response(response) if response.status == 101 => {}
            Message::Text(text) if text.starts_with(b"0{") => crowd.send_if_open(id, &self.connect),
            Message::Text(text) if text.starts_with(b"40") => {
                self.clients[self.owners[id]].connected = true;
                self.connected += 1;
                self.last = now.duration_since(self.start);
                self.back.record(self.last);
            }
            other => return Err(other.unexpected()),
        }
        Ok(())
    }

    fn poll(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<Option<Instant>> {
        while let Some(&Reverse((when, nth))) = self.dials.peek()
            && when <= now
        {
            self.dials.pop();
            if self.clients[nth].due == Some(when) {
                self.due(crowd, nth, now)?;
            }
        }
        Ok(Some(now + TICK))
    }

    fn awaited(&self) -> usize {
        0
    }

    fn closed(&mut self, _crowd: &mut Crowd, id: usize, _error: io::Error) -> io::Result<()> {
        let nth = self.owners[id];
        if self.clients[nth].connection == Some(id) {
            self.failed += u64::from(!self.clients[nth].connected);
            self.retry(nth);
        }
        Ok(())
    }
}
