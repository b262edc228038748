//! Many clients that are cut off again and again, while much is said.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle::{Auth, ClientError, Socket, SocketIo, StateRecovery};
use pintle_tests::{Endpoint, Frame, PATIENCE, TestServer, WebSocket, within};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Barrier, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, sleep, timeout_at};

use crate::stage::realtime;

const CLIENTS: usize = 200;
const ROOMS: usize = 10;
/// What is said: each 10 ms so many events to all, to a room, and to one, which are 1,000 in a second.
const TICKS: u32 = 400;
const TICK: Duration = Duration::from_millis(10);
const TO_ONE: usize = 8;

/// How many events each kind had, when all is said.
#[derive(Clone, Debug)]
struct Said {
    all: u32,
    rooms: Vec<u32>,
    own: Vec<u32>,
}

#[derive(Deserialize)]
struct Who {
    who: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_08_of_200_clients_that_are_cut_at_random_none_loses_doubles_or_reorders_an_event() {
    let handles: Arc<Mutex<Vec<Option<Socket>>>> = Arc::new(Mutex::new(vec![None; CLIENTS]));
    let recovery = StateRecovery::new().max_packets(100_000);
    let realtime = realtime().recovery(recovery).middleware(ask_somewhere).on_connect({
        let handles = handles.clone();
        async move |socket: Socket, Auth(Who { who }): Auth<Who>| {
            if socket.is_recovered() {
                return Ok(());
            }
            // The handle of the first connection: it is to reach the client in all later ones.
            handles.lock().expect("no panic")[who] = Some(socket.clone());
            socket.join(room(who % ROOMS))
        }
    });
    let io = realtime.io();
    let server = TestServer::start(axum::Router::new().layer(realtime)).await;

    let seed = seed();
    let cuts = Arc::new(AtomicU32::new(0));
    let (done, all_said) = watch::channel(None);
    let all_there = Arc::new(Barrier::new(CLIENTS + 1));
    let mut clients = JoinSet::new();
    for who in 0..CLIENTS {
        let client = Client {
            who,
            endpoint: server.socket_io(),
            random: Random(seed ^ (who as u64 + 1) << 32),
            next: [0; 3],
            place: None,
        };
        clients.spawn(client.run(all_there.clone(), all_said.clone(), cuts.clone()));
    }
    let known = || handles.lock().expect("no panic").iter().flatten().cloned().collect::<Vec<_>>();
    within("all to be there", all_there.wait()).await;
    assert_eq!(known().len(), CLIENTS);

    let (all, rooms, own) = tokio::join!(
        tokio::spawn(say_to_all(io.clone())),
        tokio::spawn(say_to_rooms(io.clone())),
        tokio::spawn(say_to_each(known())),
    );
    let (all, rooms, own) = (all.expect("no panic"), rooms.expect("no panic"), own.expect("no panic"));
    done.send_replace(Some(Said { all: all + 1, rooms, own }));
    // The last word: whoever hears it looks whether that was all.
    io.emit("0", all).expect("it is kept");
    within("everybody to have heard everything", async {
        while let Some(heard) = clients.join_next().await {
            heard.unwrap_or_else(|error| panic!("{error}, with PINTLE_SEED={seed}"));
        }
    })
    .await;
    assert!(cuts.load(Ordering::Relaxed) > 3 * CLIENTS as u32, "{cuts:?} cuts");
}

/// A middleware that takes its time: events are emitted while it runs, and clients are cut.
async fn ask_somewhere() -> Result<(), ClientError> {
    sleep(Duration::from_millis(3)).await;
    Ok(())
}

fn seed() -> u64 {
    let given = std::env::var("PINTLE_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        use std::hash::{BuildHasher as _, Hasher as _};
        std::hash::RandomState::new().build_hasher().finish()
    })
}

fn room(number: usize) -> String {
    format!("room {number}")
}

async fn say_to_all(io: SocketIo) -> u32 {
    let mut said = 0;
    let mut tick = interval(TICK);
    for _ in 0..TICKS {
        tick.tick().await;
        io.emit("0", said).expect("it is kept");
        said += 1;
    }
    said
}

async fn say_to_rooms(io: SocketIo) -> Vec<u32> {
    let mut said = vec![0; ROOMS];
    let mut tick = interval(TICK);
    for turn in 0..TICKS as usize {
        tick.tick().await;
        let number = turn % ROOMS;
        io.to(room(number)).emit("1", said[number]).expect("it is kept");
        said[number] += 1;
    }
    said
}

async fn say_to_each(sockets: Vec<Socket>) -> Vec<u32> {
    let mut said = vec![0; CLIENTS];
    let mut tick = interval(TICK);
    for turn in 0..TICKS as usize {
        tick.tick().await;
        for nth in 0..TO_ONE {
            let who = (turn * TO_ONE + nth) % CLIENTS;
            sockets[who].emit("2", said[who]).expect("it is kept");
            said[who] += 1;
        }
    }
    said
}

struct Client {
    who: usize,
    endpoint: Endpoint,
    random: Random,
    /// The number that comes next, of each kind.
    next: [u32; 3],
    place: Option<Place>,
}

/// What a client keeps while it is away.
struct Place {
    sid: String,
    pid: String,
    offset: Option<String>,
}

impl Client {
    async fn run(mut self, all_there: Arc<Barrier>, all_said: watch::Receiver<Option<Said>>, cuts: Arc<AtomicU32>) {
        let mut socket = self.open().await;
        while self.place.is_none() {
            self.hear(&socket.text().await);
        }
        all_there.wait().await;
        loop {
            // Not any more when all is said.
            let cut =
                if all_said.borrow().is_some() { PATIENCE } else { Duration::from_millis(self.random.below(700)) };
            let cut = Instant::now() + cut;
            while let Ok(frame) = timeout_at(cut, socket.frame()).await {
                // The server closes when it comes late to a CONNECT from before the last cut, which takes the socket over.
                let Some(packet) = frame.as_ref().and_then(Frame::text) else { break };
                self.hear(packet);
                if self.has_heard(all_said.borrow().as_ref()) {
                    return;
                }
            }
            cuts.fetch_add(1, Ordering::Relaxed);
            // With a reset or without, and back at once or later. What was under way is lost, as in any cut.
            if self.random.below(2) == 0 {
                socket.abort();
            } else {
                drop(socket);
            }
            if self.random.below(3) > 0 {
                sleep(Duration::from_millis(self.random.below(200))).await;
            }
            socket = self.open().await;
        }
    }

    async fn open(&self) -> WebSocket {
        let (mut socket, _) = WebSocket::open(self.endpoint).await;
        socket.send(self.connect()).await;
        socket
    }

    fn connect(&self) -> String {
        let mut auth = serde_json::json!({ "who": self.who });
        if let Some(place) = &self.place {
            auth["pid"] = place.pid.clone().into();
            auth["offset"] = place.offset.clone().into();
        }
        format!("40{auth}")
    }

    fn hear(&mut self, packet: &str) {
        if let Some(identity) = packet.strip_prefix("40") {
            let said: Value = serde_json::from_str(identity).expect("JSON");
            let text = |key: &str| said[key].as_str().expect("an id").to_owned();
            let (sid, pid) = (text("sid"), text("pid"));
            let place = self.place.get_or_insert_with(|| Place { sid: sid.clone(), pid: pid.clone(), offset: None });
            assert!(place.sid == sid && place.pid == pid, "{} has lost its socket", self.who);
            return;
        }
        let event = packet.strip_prefix("42").unwrap_or_else(|| panic!("an event, not {packet}"));
        let (kind, number, offset): (String, u32, String) = serde_json::from_str(event).expect("an event of ours");
        let kind: usize = kind.parse().expect("a kind");
        assert_eq!(number, self.next[kind], "of kind {kind}, to {}", self.who);
        self.next[kind] += 1;
        self.place.as_mut().expect("a CONNECT before").offset = Some(offset);
    }

    fn has_heard(&self, said: Option<&Said>) -> bool {
        said.is_some_and(|said| self.next == [said.all, said.rooms[self.who % ROOMS], said.own[self.who]])
    }
}

/// A small generator (splitmix64): a seed repeats what it says.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
