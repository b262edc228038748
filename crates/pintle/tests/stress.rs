//! Everything at once, for a moment: whatever happens, each socket arrives once, ends once, and leaves nothing behind.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::HashMap;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use pintle::{Ack, ClientError, Data, Socket, SocketId, SocketIo, SocketIoLayer};
use support::{Server, text, until, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::sleep;

/// How many clients there are at a time, and how often each of them comes.
const CLIENTS: u64 = 50;
const VISITS: u64 = 80;

const MOMENT: Duration = Duration::from_millis(1);

/// What the panics of this test say.
const ON_PURPOSE: &str = "on purpose";

/// How often each socket came and went.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<HashMap<SocketId, Visits>>>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Visits {
    arrivals: usize,
    ends: usize,
}

impl Seen {
    fn with(&self, socket: &Socket, enter: impl FnOnce(&mut Visits)) {
        enter(self.0.lock().unwrap().entry(socket.id()).or_default());
    }
}

/// One number of eight, another for each socket and each `nth`.
fn die(socket: &Socket, nth: usize) -> u8 {
    socket.id().as_str().as_bytes()[nth] % 8
}

async fn let_in(socket: Socket) -> Result<(), ClientError> {
    socket.join("all")?;
    match die(&socket, 0) {
        0 => return Err(ClientError::new("not you")),
        1 => panic_any(ON_PURPOSE),
        2..5 => sleep(MOMENT).await,
        _ => {}
    }
    Ok(())
}

async fn arrive(State(seen): State<Seen>, socket: Socket) -> Result<(), ClientError> {
    seen.with(&socket, |visits| visits.arrivals += 1);
    match die(&socket, 1) {
        0 => socket.disconnect(),
        1 => panic_any(ON_PURPOSE),
        2 => return Err(ClientError::new("not now")),
        3..6 => sleep(2 * MOMENT).await,
        _ => {}
    }
    Ok(socket.join("arrived")?)
}

async fn act(socket: Socket, io: SocketIo, Data(n): Data<u64>) -> Result<Ack<u64>, ClientError> {
    match n % 8 {
        0 => socket.join("some")?,
        1 => socket.leave("some"),
        2 => io.to("some").emit("said", n)?,
        3 => tokio::task::yield_now().await,
        4 => drop(socket.emit_with_ack::<u8>("asked", ()).await),
        5 => panic_any(ON_PURPOSE),
        6 => sleep(MOMENT).await,
        _ => drop(socket.rooms()),
    }
    Ok(Ack(n))
}

async fn end(State(seen): State<Seen>, socket: Socket) -> Result<(), ClientError> {
    seen.with(&socket, |visits| visits.ends += 1);
    // After the end this does nothing.
    socket.join("ghosts")?;
    if die(&socket, 2) == 0 {
        panic_any(ON_PURPOSE);
    }
    tokio::task::yield_now().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_each_socket_arrives_once_and_ends_once() {
    keep_quiet_about_what_is_on_purpose();
    let seen = Seen::default();
    let layer = SocketIoLayer::new()
        .max_running(8)
        .ack_timeout(20 * MOMENT)
        .ping_interval(200 * MOMENT)
        .ping_timeout(200 * MOMENT)
        .middleware(let_in)
        .on_connect(arrive)
        .on("act", act)
        .on("leave", async |socket: Socket| socket.disconnect())
        .on("close", async |socket: Socket| socket.close())
        .on_disconnect(end)
        .with_state(seen.clone());
    let server = Arc::new(Server::new(layer));
    let calm = Arc::new(AtomicBool::new(false));
    let meddler = tokio::task::spawn_blocking({
        let (io, calm) = (server.io().clone(), calm.clone());
        move || meddle(&io, &calm)
    });
    let clients: Vec<_> = (0..CLIENTS).map(|nth| tokio::spawn(visit(server.clone(), Random(nth + 1)))).collect();
    for client in clients {
        within(client).await.unwrap();
    }
    calm.store(true, Ordering::Relaxed);
    meddler.await.unwrap();

    let io = server.io();
    let is_over = |visits: &Visits| *visits == Visits { arrivals: 1, ends: 1 };
    until(|| io.sockets().is_empty() && seen.0.lock().unwrap().values().all(is_over)).await;
    assert!(seen.0.lock().unwrap().len() > 100, "many have been let in");
    for room in ["all", "arrived", "some", "moved", "ghosts"] {
        assert!(io.to(room).sockets().is_empty(), "{room}");
    }
}

/// A client that comes again and again, says what comes to its mind, and goes as it likes.
async fn visit(server: Arc<Server>, mut random: Random) {
    for _ in 0..VISITS {
        let (mut reader, mut writer) = tokio::io::split(server.open().await.into_inner());
        let reading = tokio::spawn(async move {
            let mut read = [0; 4096];
            while reader.read(&mut read).await.is_ok_and(|length| length > 0) {}
        });
        let mut said = vec!["40".to_owned()];
        for id in 0..random.below(30) {
            said.push(match random.below(20) {
                0 => "41".to_owned(),
                1 => "40".to_owned(),
                2 => r#"42["leave"]"#.to_owned(),
                3 => r#"42["close"]"#.to_owned(),
                4 => format!("43{id}[1]"),
                _ => format!(r#"42{id}["act",{}]"#, random.below(1000)),
            });
        }
        for message in said {
            if writer.write_all(&text(&message)).await.is_err() {
                break;
            }
            if random.below(4) == 0 {
                sleep(MOMENT).await;
            }
        }
        if random.below(2) == 0 {
            // The server may have gone first.
            let _ = writer.shutdown().await;
        }
        reading.abort();
    }
}

/// Does from outside what may be done to sockets.
fn meddle(io: &SocketIo, calm: &AtomicBool) {
    let mut random = Random(99);
    while !calm.load(Ordering::Relaxed) {
        match random.below(6) {
            0 => io.to("some").join("moved"),
            1 => io.to("moved").leave("moved"),
            2 => io.emit("said", ()).unwrap(),
            3 => drop(io.to("arrived").emit_with_ack::<u8>("asked", ())),
            4 => io.sockets().iter().take(1).for_each(Socket::disconnect),
            _ => io.sockets().iter().take(1).for_each(Socket::close),
        }
        std::thread::sleep(MOMENT / 2);
    }
}

fn keep_quiet_about_what_is_on_purpose() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload().downcast_ref::<&str>() != Some(&ON_PURPOSE) {
            hook(panic);
        }
    }));
}

/// Numbers at random, but always the same ones.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
