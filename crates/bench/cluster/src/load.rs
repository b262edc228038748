//! One broadcast a second, and who has got it.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bench_load::{Crowd, Driver, Histogram, Latency, Message, Process};

use crate::broker::Broker;
use crate::nodes::Nodes;
use crate::options::Options;

/// How many clients connect at once.
const WINDOW: usize = 64;

const PERIOD: Duration = Duration::from_secs(1);

/// Broadcasts that are not counted: connections settle, and Node compiles.
const WARM_UP: usize = 5;

/// What is said: a number, so that a delivery says what was delivered, and as many bytes as make it 100.
const DIGITS: usize = 80;
const PREFIX: &str = r#"42["broadcast",""#;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figures {
    pub(crate) deliveries: u64,
    pub(crate) latency: Latency,
    /// The CPU time of all nodes, of the broker and of the load.
    pub(crate) nodes: Duration,
    pub(crate) broker: Duration,
    pub(crate) load: Duration,
    /// What all nodes have resident, in bytes, with everybody connected.
    pub(crate) resident: u64,
}

/// Connects everybody, and measures.
///
/// # Errors
///
/// When somebody does not get what was sent, or a node ends.
pub(crate) fn measure(nodes: &Nodes, broker: &Broker, options: &Options) -> io::Result<Figures> {
    let addresses = nodes.addresses();
    let mut crowd = Crowd::of(addresses[0])?;
    let count = addresses.len() * options.sockets;
    let mut arrivals = Arrivals { addresses, count, dialled: 0, arrived: 0 };
    arrivals.complete(&mut crowd)?;

    let mut news = News::new(count);
    news.run(&mut crowd, WARM_UP)?;
    news.latency.clear();
    let load = Process::current()?;
    let before = [nodes.cpu()?, broker.cpu(), load.cpu()?];
    news.run(&mut crowd, options.time.as_secs() as usize)?;
    let [nodes_cpu, broker, load] =
        [nodes.cpu()? - before[0], broker.cpu().saturating_sub(before[1]), load.cpu()? - before[2]];
    let latency = news.latency.latency().ok_or_else(|| io::Error::other("nothing was sent"))?;
    let deliveries = news.latency.count();
    Ok(Figures { deliveries, latency, nodes: nodes_cpu, broker, load, resident: nodes.resident()? })
}

/// Clients that connect, 64 at a time, to one node after the other: the upgrade, Engine.IO's open packet, Socket.IO's CONNECT
/// and its answer.
struct Arrivals {
    addresses: Vec<SocketAddr>,
    count: usize,
    dialled: usize,
    arrived: usize,
}

impl Arrivals {
    fn complete(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        for _ in 0..self.count.min(WINDOW) {
            self.dial(crowd)?;
        }
        crowd.run_until(self, |arrivals| arrivals.arrived == arrivals.count)
    }

    fn dial(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let id = crowd.dial_elsewhere(self.addresses[self.dialled % self.addresses.len()])?;
        self.dialled += 1;
        crowd.send(id, bench_load::upgrade(None).as_bytes())
    }
}

impl Driver for Arrivals {
    fn message(&mut self, crowd: &mut Crowd, id: usize, message: Message<'_>, _: Instant) -> io::Result<()> {
        match message {
            Message::Response(response) if response.status == 101 => Ok(()),
            Message::Text(text) if text.starts_with(b"0{") => crowd.send(id, &bench_load::text("40")),
            Message::Text(text) if text.starts_with(b"40") => {
                self.arrived += 1;
                if self.dialled < self.count { self.dial(crowd) } else { Ok(()) }
            }
            other => Err(other.unexpected()),
        }
    }

    fn awaited(&self) -> usize {
        self.dialled - self.arrived
    }
}

/// The first client says something each second; everybody is to get it, in order.
struct News {
    /// When each was sent.
    sent: Vec<Instant>,
    /// How many each has got.
    got: Vec<usize>,
    awaited: usize,
    /// How many are to be sent.
    end: usize,
    due: Instant,
    latency: Histogram,
}

impl News {
    fn new(receivers: usize) -> Self {
        let (sent, got, latency) = (Vec::new(), vec![0; receivers], Histogram::new());
        Self { sent, got, awaited: 0, end: 0, due: Instant::now(), latency }
    }

    /// Sends so many, and waits until everybody has got them.
    fn run(&mut self, crowd: &mut Crowd, count: usize) -> io::Result<()> {
        self.end += count;
        self.due = Instant::now();
        crowd.run_until(self, |news| news.sent.len() == news.end && news.awaited == 0)?;
        // The second of the last one belongs to it.
        crowd.run_for(self, self.due.saturating_duration_since(Instant::now()))
    }
}

impl Driver for News {
    fn message(&mut self, _: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        let Message::Text(text) = message else { return Err(message.unexpected()) };
        let number = number(text).filter(|number| *number == self.got[id]).ok_or_else(|| message.unexpected())?;
        let sent = self.sent.get(number).ok_or_else(|| message.unexpected())?;
        self.latency.record(now - *sent);
        self.got[id] += 1;
        self.awaited -= 1;
        Ok(())
    }

    fn poll(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<Option<Instant>> {
        if self.sent.len() == self.end {
            return Ok(None);
        }
        if self.due <= now {
            let number = self.sent.len();
            let message = bench_load::text(&format!(r#"{PREFIX}{number:0DIGITS$}"]"#));
            self.due += PERIOD;
            self.sent.push(Instant::now());
            self.awaited += self.got.len();
            crowd.send(0, &message)?;
        }
        Ok(Some(self.due))
    }

    fn awaited(&self) -> usize {
        self.awaited
    }
}

/// The number of the event that `text` delivers.
fn number(text: &[u8]) -> Option<usize> {
    let digits = text.strip_prefix(PREFIX.as_bytes())?.strip_suffix(b"\"]")?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.len() == DIGITS)?;
    digits.trim_start_matches('0').parse().ok().or_else(|| digits.bytes().all(|digit| digit == b'0').then_some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_says_what_was_delivered() {
        for expected in [0, 7, 1200] {
            let text = format!(r#"{PREFIX}{expected:0DIGITS$}"]"#);
            assert_eq!(number(text.as_bytes()), Some(expected));
            assert_eq!(text.len(), 98);
        }
        assert_eq!(number(br#"42["broadcast","7"]"#), None);
    }
}
