//! A client's connection and the server's side of it: texts, attachments, joins, leaves, and the time that passes.
//!
//! `t…` and `b…` are what the client sends. `a` accepts the namespace that was announced last, `r` refuses it, `l` takes
//! note that the client left the first one that it is in, `d` has the server leave that. `w…` lets milliseconds pass.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pintle_proto::{Args, Config, Connection, Incoming, Slot, Violation};

use crate::clock;
use crate::steps::{number, steps};

pub(crate) const SEEDS: &[&[u8]] = &[
    b"t0\na\nt2[\"x\",1]\nt1",
    b"t0/a,{\"token\":1}\na\nt217[\"x\"]",
    b"t0/a,\nr\nt2/a,[\"x\"]",
    b"t0\na\nt52-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]\nb\x01\x02\nb",
    b"t0\na\nt61-3[{\"_placeholder\":true,\"num\":0}]\nbx\nbx",
    b"t0\na\nt51-[\"x\"]\nw9999\nw1",
    b"t0\na\nt51-[\"x\"]\nt2[\"x\"]",
    b"t0\na\nd\nt2[\"x\"]\nt0\na",
    b"t0\na\nt1\nl\nw45000",
    b"t0\nt0\n",
    b"t0/a,\nt0/b,\nt0/c,\nt0/d,\nt0/e,",
    b"w44999\nt0\na\nw100000\nt1\nl\nw44999\nw1",
];

/// The most namespaces of a connection: few, so that the limit is met.
const NAMESPACES: usize = 4;
/// The longest wait, in milliseconds.
const LONGEST: u64 = 100_000;

/// Only who has joined is heard, a deadline that was met is past, and each namespace's state comes back exactly once.
pub(crate) fn run(data: &[u8]) {
    let alive = Rc::default();
    let mut client = Client::new(&alive);
    // Frames of at most ten attachments, and a namespace in each, are what a step can ask for at once. Then a tree of the
    // data: `[],` are three bytes, and a place in a vector that has grown to twice what it needs.
    let done = crate::meter::bounded(data.len(), 64, 16 * 1024, || steps(data).try_for_each(|step| client.step(step)));
    // A violation is final, and the caller closes the connection.
    let _ = done;
    let kept = alive.get();
    assert_eq!(client.connection.drain().count(), kept, "what is kept comes back");
    assert_eq!(alive.get(), 0, "and nothing else is kept");
}

struct Client<'a> {
    connection: Connection<State<'a>>,
    now: Instant,
    alive: &'a Rc<Cell<usize>>,
    announced: Option<Slot>,
}

/// What is kept for a namespace, and counts for as long as it is.
struct State<'a>(&'a Rc<Cell<usize>>);

impl<'a> State<'a> {
    fn new(alive: &'a Rc<Cell<usize>>) -> Self {
        alive.set(alive.get() + 1);
        Self(alive)
    }
}

impl Drop for State<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<'a> Client<'a> {
    fn new(alive: &'a Rc<Cell<usize>>) -> Self {
        let mut config = Config::default();
        config.set_max_namespaces(NAMESPACES);
        let now = clock::start();
        Self { connection: Connection::new(Arc::new(config), now), now, alive, announced: None }
    }

    fn step(&mut self, (step, rest): (u8, &[u8])) -> Result<(), Violation> {
        match step {
            b't' => {
                if let Ok(text) = str::from_utf8(rest) {
                    let incoming = self.connection.handle_text(self.now, text)?;
                    self.handle(incoming);
                }
            }
            b'b' => {
                let incoming = self.connection.handle_binary(self.now, rest)?;
                self.handle(incoming);
            }
            b'a' => self.accept(),
            b'r' => self.refuse(),
            b'l' => drop(self.first().and_then(|slot| self.connection.leave(slot))),
            b'd' => drop(self.first().and_then(|slot| self.connection.dismiss(slot))),
            b'w' => self.wait(Duration::from_millis(number(rest, LONGEST)))?,
            _ => {}
        }
        assert!(self.connection.slots().count() <= NAMESPACES);
        Ok(())
    }

    fn handle(&mut self, incoming: Option<Incoming<'_>>) {
        match incoming {
            Some(Incoming::Connect { slot, .. }) => {
                assert!(self.connection.get(slot).is_none() && !self.connection.is_joined(slot));
                self.connection.begin(slot, State::new(self.alive));
                self.announced = Some(slot);
            }
            Some(Incoming::Event { slot, args, .. } | Incoming::Ack { slot, args, .. }) => {
                assert!(self.connection.is_joined(slot), "who has not joined is not heard");
                read(&args);
            }
            Some(Incoming::Disconnect { slot }) => assert!(!self.connection.is_joined(slot)),
            _ => {}
        }
    }

    fn accept(&mut self) {
        if let Some(slot) = self.announced.take() {
            let accepted = self.connection.accept(slot);
            assert_eq!(self.connection.is_joined(slot), accepted);
        }
    }

    fn refuse(&mut self) {
        if let Some(slot) = self.announced.take() {
            drop(self.connection.leave(slot));
            assert!(self.connection.get(slot).is_none());
        }
    }

    fn first(&self) -> Option<Slot> {
        self.connection.slots().next().map(|(slot, _)| slot)
    }

    /// Lets time pass, stopping at every deadline on the way.
    fn wait(&mut self, time: Duration) -> Result<(), Violation> {
        let end = self.now + time;
        while let Some(at) = self.connection.poll_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.connection.handle_timeout(self.now)?;
            assert!(self.connection.poll_timeout().is_none_or(|at| at > self.now), "it would be due for ever");
        }
        self.now = end;
        Ok(())
    }
}

/// Whatever the data are, they can be asked for.
fn read(args: &Args) {
    let valid = args.validate().is_ok();
    assert!(args.deserialize::<()>().is_ok() || !valid);
    assert!(args.attachments().is_empty() || valid, "a packet with attachments has been read whole");
}
