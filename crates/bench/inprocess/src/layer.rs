//! A whole server, and its clients on pipes.

use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

use bench_pipe::{Client, Expected, Server, UPGRADE, frame};
use futures_util::FutureExt as _;
use pintle::SocketIoLayer;
use tokio::io::DuplexStream;
use tokio::runtime::{Builder, Runtime};

use crate::meter::{cpu_of, resident};
use crate::report::{Row, Rows};

/// Clients that connect at a time.
const AT_ONCE: usize = 64;
/// Clients that talk, and the messages that each sends with one write.
const ACTIVE: usize = 100;
const BATCH: usize = 4;
/// Rounds of their conversation that are measured, and those before.
const ROUNDS: usize = 250;
const WARM_UP: usize = 25;
/// Deliveries of broadcasts to measure, at least.
const DELIVERIES: usize = 400_000;
/// The default, which every client is told.
const PING_INTERVAL: Duration = Duration::from_secs(25);
/// The shortest time that the runtime knows. All that can be done is done before it is over, as the clock stands still.
const MOMENT: Duration = Duration::from_millis(1);
/// How long memory may take to come back, and after what time without getting less it has, by the real clock.
const RETURN: Duration = Duration::from_secs(20);
const QUIET: Duration = Duration::from_secs(4);

pub(crate) fn measure(sessions: usize) -> Vec<Row> {
    let mut rows = Rows::new("layer", sessions);
    let mut house = House::new();
    // So that what everybody shares is not put down to the sessions.
    house.open(AT_ONCE);
    house.empty();
    let before = resident();

    let opening = house.open(sessions);
    let open = resident();
    rows.memory("resident for each session, with its pipe", before, open);
    rows.value("resident in all", "MiB", mebibytes(open));
    rows.cpu("opening and joining, for each session", opening, sessions);

    let (time, messages) = house.echo();
    rows.cpu("echo on 100 connections, for each message", time, messages);
    let (time, deliveries) = house.broadcast();
    rows.cpu("broadcast to all, for each delivery", time, deliveries);

    let idle = house.idle();
    rows.cpu("idle for a ping interval, for each session", idle, sessions);
    rows.value("idle, of a core", "%", 100.0 * idle.as_secs_f64() / PING_INTERVAL.as_secs_f64());
    rows.memory("resident for each session after all that", before, resident());

    rows.cpu("leaving, for each session", house.empty(), sessions);
    rows.value("resident before anybody came", "MiB", mebibytes(before));
    rows.value("resident when all have left", "MiB", mebibytes(house.settled()));
    rows.finish()
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// A server and its clients. The server runs only when it is told to.
struct House {
    runtime: Runtime,
    server: Server,
    clients: Vec<Client<DuplexStream>>,
}

impl House {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.expect("a runtime can be had");
        Self { runtime, server: Server::new(SocketIoLayer::new()), clients: Vec::new() }
    }

    /// Lets the server run until there is nothing more to do in this time. Gives the CPU time that it took.
    fn serve(&self, time: Duration) -> Duration {
        cpu_of(|| self.runtime.block_on(async { tokio::time::sleep(time).await }))
    }

    /// Has so many more clients come.
    fn open(&mut self, count: usize) -> Duration {
        let join = frame::text("40");
        let mut time = Duration::ZERO;
        let mut left = count;
        self.clients.reserve_exact(count);
        while left > 0 {
            let first = self.clients.len();
            let many = left.min(AT_ONCE);
            left -= many;
            let context = self.runtime.enter();
            self.clients.extend((0..many).map(|_| self.server.dial()));
            drop(context);
            let new = first..first + many;
            self.each(new.clone(), |client| now(client.send(UPGRADE)));
            time += self.serve(MOMENT);
            self.each(new.clone(), |client| {
                now(client.opened());
                now(client.send(&join));
            });
            time += self.serve(MOMENT);
            self.each(new, |client| now(client.joined()));
        }
        time
    }

    /// Some clients talk with the server. Gives the messages, too.
    fn echo(&mut self) -> (Duration, usize) {
        let messages = frame::text(r#"42["message","0123456789abcdef"]"#).repeat(BATCH);
        let answers = frame::answer(r#"42["message-back","0123456789abcdef"]"#).repeat(BATCH);
        let mut answers = Expected::new(answers);
        // Not those that came one after another: their memory would be side by side.
        let active = ACTIVE.min(self.clients.len());
        let step = self.clients.len() / active;
        let mut time = Duration::ZERO;
        for round in 0..WARM_UP + ROUNDS {
            let talkers = || (0..active).map(|index| index * step);
            talkers().for_each(|index| now(self.clients[index].send(&messages)));
            let taken = self.serve(MOMENT);
            talkers().for_each(|index| now(self.clients[index].expect(&mut answers)));
            if round >= WARM_UP {
                time += taken;
            }
        }
        (time, ROUNDS * active * BATCH)
    }

    /// One client has all get something, again and again. Gives the deliveries, too.
    fn broadcast(&mut self) -> (Duration, usize) {
        let message = frame::text(r#"42["broadcast","0123456789abcdef"]"#);
        let mut delivery = Expected::new(frame::answer(r#"42["broadcast","0123456789abcdef"]"#));
        let rounds = DELIVERIES.div_ceil(self.clients.len());
        let mut time = Duration::ZERO;
        for round in 0..=rounds {
            now(self.clients[0].send(&message));
            let taken = self.serve(MOMENT);
            self.each(0..self.clients.len(), |client| now(client.expect(&mut delivery)));
            // The first is to warm up.
            if round > 0 {
                time += taken;
            }
        }
        (time, rounds * self.clients.len())
    }

    /// Nobody says anything, until each client has been asked once whether it is there, and has said so.
    fn idle(&mut self) -> Duration {
        let mut ping = Expected::new(frame::answer("2"));
        let pong = frame::text("3");
        let second = Duration::from_secs(1);
        let mut time = Duration::ZERO;
        let mut pings = 0;
        let mut seconds = 0;
        while pings < self.clients.len() {
            assert!(seconds * second < 2 * PING_INTERVAL, "{pings} clients have been asked");
            seconds += 1;
            time += self.serve(second);
            for client in &mut self.clients {
                if client.expect(&mut ping).now_or_never().is_some() {
                    now(client.send(&pong));
                    pings += 1;
                }
            }
        }
        time + self.serve(MOMENT)
    }

    /// All clients leave.
    fn empty(&mut self) -> Duration {
        self.clients = Vec::new();
        let time = self.serve(MOMENT);
        assert_eq!(self.server.io().engine().clients_count(), 0, "all have left");
        time
    }

    /// Resident memory, once it gets no less.
    fn settled(&mut self) -> u64 {
        let begin = Instant::now();
        let mut least = (resident(), begin);
        while begin.elapsed() < RETURN && least.1.elapsed() < QUIET {
            thread::sleep(Duration::from_millis(100));
            // The allocator gives back when it is asked for something, and a server is never quite without work.
            self.open(AT_ONCE);
            self.empty();
            least = [least, (resident(), Instant::now())].into_iter().min().expect("there are two");
        }
        least.0
    }

    fn each(&mut self, which: Range<usize>, mut what: impl FnMut(&mut Client<DuplexStream>)) {
        self.clients[which].iter_mut().for_each(&mut what);
    }
}

/// What a client does need never wait: its pipe is large enough, and the server has had its turn.
fn now(what: impl Future<Output = ()>) {
    what.now_or_never().expect("the server has done what it was to do");
}
