//! `upgrade`: clients arrive over long-polling and change to WebSockets, as the JavaScript client does.

use std::io;
use std::time::{Duration, Instant};

use crate::works::meter::{self, Meter};
use crate::works::opening::{Opening, SEPARATOR};
use crate::works::{Effort, Figures, Target};
use bench_load::{Crowd, Driver, Histogram, Message};

const COUNT: usize = 1_000;
/// How many connect at once.
const WINDOW: usize = 32;
/// As many come and go, again and again, until the host is warm.
const WARM_UP: usize = 100;
const REST: Duration = Duration::from_secs(3);

pub(super) fn upgrade(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let warm = Instant::now() + effort.warm_up;
    while Instant::now() < warm {
        Upgrades::new(WARM_UP).complete(&mut Crowd::of(target.address)?)?;
    }
    // The host still has to see them off.
    meter::rest(&target.process, REST)?;

    let mut crowd = Crowd::of(target.address)?;
    let mut upgrades = Upgrades::new(COUNT);
    let meter = Meter::start(target)?;
    upgrades.complete(&mut crowd)?;
    let figures = meter.read(COUNT as u64)?;
    // The last packet of an upgrade is ours, and is not answered. The host may still have to read it.
    meter::rest(&target.process, REST)?;
    let latency = upgrades.latency.latency();
    Ok(Figures { cpu: meter.read(COUNT as u64)?.cpu, latency, ..figures })
}

/// A client that is on its way.
#[derive(Debug)]
struct Upgrade {
    begun: Instant,
    opening: Opening,
    polling: usize,
    /// The connection of the WebSocket, from when there is one.
    websocket: Option<usize>,
    /// A GET has not been answered.
    polls: bool,
    /// The server has answered the probe.
    probed: bool,
    /// A ping is to be answered.
    ping: bool,
    upgraded: bool,
}

#[derive(Debug)]
struct Upgrades {
    count: usize,
    clients: Vec<Upgrade>,
    /// Whose each connection is.
    owners: Vec<usize>,
    done: usize,
    latency: Histogram,
}

impl Upgrades {
    fn new(count: usize) -> Self {
        Self { count, clients: Vec::new(), owners: Vec::new(), done: 0, latency: Histogram::new() }
    }

    fn complete(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        for _ in 0..self.count.min(WINDOW) {
            self.begin(crowd)?;
        }
        crowd.run_until(self, |upgrades| upgrades.done == upgrades.count)
    }

    fn begin(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let begun = Instant::now();
        let polling = self.dial(crowd, self.clients.len())?;
        let opening = Opening::begin(crowd, polling)?;
        self.clients.push(Upgrade {
            begun,
            opening,
            polling,
            websocket: None,
            polls: false,
            probed: false,
            ping: false,
            upgraded: false,
        });
        Ok(())
    }

    fn dial(&mut self, crowd: &mut Crowd, owner: usize) -> io::Result<usize> {
        self.owners.push(owner);
        crowd.dial()
    }

    /// Polls on, and asks for a WebSocket beside it.
    fn probe(&mut self, crowd: &mut Crowd, owner: usize) -> io::Result<()> {
        let websocket = self.dial(crowd, owner)?;
        let client = &mut self.clients[owner];
        client.websocket = Some(websocket);
        client.poll(crowd)?;
        crowd.send(websocket, bench_load::upgrade(Some(client.opening.sid())).as_bytes())
    }
}

impl Upgrade {
    fn poll(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        self.polls = true;
        crowd.send(self.polling, bench_load::get(Some(self.opening.sid())).as_bytes())
    }

    /// Something has come after the session was connected. Says whether the upgrade is complete.
    fn heard(&mut self, crowd: &mut Crowd, websocket: usize, message: Message<'_>) -> io::Result<bool> {
        match message {
            Message::Response(response) if response.status == 101 => {
                crowd.send(websocket, &bench_load::text("2probe"))?;
            }
            Message::Text(b"3probe") => self.probed = true,
            // A noop, which ends the poll so that polling can be given up, or the first ping of a server that is early.
            Message::Response(ref response) if response.status == 200 => {
                for packet in response.body.split(|&byte| byte == SEPARATOR) {
                    match packet {
                        b"6" => {}
                        b"2" => self.ping = true,
                        _ => return Err(message.unexpected()),
                    }
                }
                self.polls = false;
                if !self.probed {
                    self.poll(crowd)?;
                }
            }
            other => return Err(other.unexpected()),
        }
        self.upgraded = self.probed && !self.polls;
        if self.upgraded {
            crowd.send(websocket, &bench_load::text("5"))?;
            if self.ping {
                crowd.send(websocket, &bench_load::text("3"))?;
            }
        }
        Ok(self.upgraded)
    }
}

impl Driver for Upgrades {
    fn message(&mut self, crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        let owner = self.owners[id];
        let client = &mut self.clients[owner];
        let Some(websocket) = client.websocket else {
            let Message::Response(response) = message else { return Err(message.unexpected()) };
            let connected = client.opening.proceed(crowd, id, &response)?;
            return if connected { self.probe(crowd, owner) } else { Ok(()) };
        };
        if client.upgraded {
            return Err(message.unexpected());
        }
        if client.heard(crowd, websocket, message)? {
            self.latency.record(now - client.begun);
            self.done += 1;
            if self.clients.len() < self.count {
                self.begin(crowd)?;
            }
        }
        Ok(())
    }

    fn awaited(&self) -> usize {
        self.clients.len() - self.done
    }

    /// A connection that was polled on is of no more use.
    fn closed(&mut self, _crowd: &mut Crowd, id: usize, error: io::Error) -> io::Result<()> {
        let client = &self.clients[self.owners[id]];
        if client.upgraded && id == client.polling { Ok(()) } else { Err(error) }
    }
}
