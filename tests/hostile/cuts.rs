//! The upgrade over a network that fails, at each byte of the dialogue and in each way, while both sides talk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle::{Ack, Data, DisconnectReason, Socket, SocketIoLayer};
use pintle_tests::{Console, Direction, Endpoint, Fault, Line, Polling, Proxy, WebSocket, eventually};
use serde::Deserialize;
use tokio::sync::{Mutex as AsyncMutex, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::scene::{Scene, realtime};

/// So many events go each way.
const EVENTS: u64 = 40;
/// After this time without the next step of the dialogue the client takes the network for dead.
const STEP: Duration = Duration::from_millis(500);
/// How many clients there are at a time.
const AT_ONCE: usize = 32;

const FAULTS: [Fault; 4] = [Fault::Cut, Fault::Reset, Fault::HalfClose, Fault::Swallow];

/// What the server has heard of each socket, by its id.
type Books = Arc<Mutex<HashMap<String, Book>>>;

#[derive(Default)]
struct Book {
    heard: Vec<u64>,
    ends: Vec<DisconnectReason>,
}

/// What became of a client.
#[derive(Deserialize)]
struct Journey {
    id: String,
    heard: Vec<u64>,
    sent: u64,
    /// It has said that it goes on over the WebSocket.
    moved: bool,
    /// All that was said has arrived.
    complete: bool,
}

fn layer(books: &Books) -> SocketIoLayer {
    let (heard, counted, ended) = (books.clone(), books.clone(), books.clone());
    let with = |books: &Books, socket: &Socket, enter: &mut dyn FnMut(&mut Book)| {
        enter(books.lock().expect("no panic").entry(socket.id().to_string()).or_default());
    };
    realtime()
        .upgrade_timeout(2 * STEP)
        .on("talk", async |socket: Socket| {
            tokio::spawn(async move {
                for number in 0..EVENTS {
                    // When the session is over there is nobody to be told.
                    let _ = socket.emit("down", number);
                    sleep(Duration::from_millis(1)).await;
                }
            });
        })
        .on("up", async move |socket: Socket, Data(number): Data<u64>| {
            with(&heard, &socket, &mut |book| book.heard.push(number));
        })
        .on("count", async move |socket: Socket| {
            let mut count = 0;
            with(&counted, &socket, &mut |book| count = book.heard.len());
            Ack(count)
        })
        .on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
            with(&ended, &socket, &mut |book| book.ends.push(reason));
        })
}

/// Polls as long as it is wanted, and puts what it hears into the list.
fn poll(session: Arc<Session>, wanted: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while *wanted.borrow() {
            let response = session.polling.get().await;
            if response.status != 200 {
                return;
            }
            for packet in pintle_tests::split(response.text()) {
                session.hear(&packet).await;
            }
        }
    })
}

/// A session over polling, and what it has heard on whichever transport.
struct Session {
    polling: Polling,
    /// One POST at a time.
    posting: AsyncMutex<()>,
    heard: Mutex<Vec<u64>>,
    counted: Mutex<Option<u64>>,
}

impl Session {
    async fn hear(&self, packet: &str) {
        if packet == "2" {
            let _turn = self.posting.lock().await;
            // It may have closed meanwhile.
            self.polling.offend("3").await;
        } else {
            self.note(packet);
        }
    }

    fn note(&self, packet: &str) {
        if let Some(number) = packet.strip_prefix(r#"42["down","#) {
            let number = number.trim_end_matches(']').parse().expect("a number");
            self.heard.lock().expect("no panic").push(number);
        } else if let Some(count) = packet.strip_prefix("431[") {
            let count = count.trim_end_matches(']').parse().expect("a number");
            *self.counted.lock().expect("no panic") = Some(count);
        }
    }

    async fn post(&self, packet: &str) {
        let _turn = self.posting.lock().await;
        self.polling.push(packet).await;
    }

    fn is_complete(&self, sent: u64) -> bool {
        let all = self.heard.lock().expect("no panic").last() == Some(&(EVENTS - 1));
        all && *self.counted.lock().expect("no panic") == Some(sent)
    }

    /// Reads a WebSocket until it ends, or says nothing for too long, or all has been heard.
    async fn hear_all(&self, socket: &mut WebSocket, sent: u64) {
        while !self.is_complete(sent) {
            let Ok(Some(frame)) = timeout(STEP, socket.frame()).await else { return };
            match frame.text() {
                Some("2") => drop(socket.try_send("3").await),
                Some(packet) => self.note(packet),
                None => return,
            }
        }
    }
}

fn event(number: u64) -> String {
    format!(r#"42["up",{number}]"#)
}

/// Goes through the upgrade as the official client does: it gives up the WebSocket, and not the session, as long as it has
/// not said that it goes on there.
async fn travel(direct: Endpoint, faulty: Endpoint) -> Journey {
    let mut polling = Polling::open(direct).await;
    polling.push("40").await;
    let welcome = polling.receive().await;
    let id = welcome.split('"').nth(3).expect("the id of the socket").to_owned();
    polling.push(r#"42["talk"]"#).await;
    let query = polling.upgrade_query();
    let session = Arc::new(Session {
        polling,
        posting: AsyncMutex::default(),
        heard: Mutex::default(),
        counted: Mutex::default(),
    });
    let (want, wanted) = watch::channel(true);
    let polls = poll(session.clone(), wanted);
    let mut sent = 0;
    let mut moved = false;

    let posts = async {
        for _ in 0..EVENTS / 4 {
            session.post(&event(sent)).await;
            sent += 1;
        }
    };
    let probe = async {
        let mut socket = timeout(STEP, WebSocket::reach(faulty, &query)).await.ok()??;
        socket.try_send("2probe").await.ok()?;
        let answer = timeout(STEP, socket.frame()).await.ok()??;
        (answer.text() == Some("3probe")).then_some(socket)
    };
    let ((), socket) = tokio::join!(posts, probe);
    if let Some(mut socket) = socket {
        // The GET that waits is answered, so that it can go on.
        want.send_replace(false);
        polls.await.expect("no panic");
        moved = true;
        let mut alive = socket.try_send("5").await.is_ok();
        while alive && sent < EVENTS {
            alive = socket.try_send(&event(sent)).await.is_ok();
            sent += 1;
        }
        let _ = socket.try_send(r#"421["count"]"#).await;
        session.hear_all(&mut socket, sent).await;
    } else {
        while sent < EVENTS {
            session.post(&event(sent)).await;
            sent += 1;
        }
        session.post(r#"421["count"]"#).await;
        eventually("everything to arrive over polling", || session.is_complete(sent)).await;
        session.post("1").await;
        want.send_replace(false);
        polls.await.expect("no panic");
    }
    let complete = session.is_complete(sent);
    let heard = std::mem::take(&mut *session.heard.lock().expect("no panic"));
    Journey { id, heard, sent, moved, complete }
}

/// Where to fail: here and there in the heads, at each byte of the dialogue, and a little after it.
fn points(direction: Direction) -> Vec<u64> {
    // The request has 215 bytes and the answer 166; then come 12 and 7 bytes one way, and 8 the other.
    let (heads, bytes) = match direction {
        Direction::Up => ([0, 1, 100], 213..240),
        Direction::Down => ([0, 1, 60], 164..190),
    };
    heads.into_iter().chain(bytes).collect()
}

fn is_beginning(numbers: &[u64]) -> bool {
    numbers.iter().copied().eq(0..numbers.len() as u64)
}

/// What the official client does at such a network: each of `kept.ports` leads through another one to the server.
const OFFICIAL: &str = "
    const { NodeWebSocket, NodeXHR } = await import('socket.io-client');
    const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
    return Promise.all(kept.ports.map(async (port, number) => {
        await pause(number * 20);
        class Elsewhere extends NodeWebSocket {
            // When both sides talk already.
            doOpen() { setTimeout(() => super.doOpen(), 60); }
            uri() { return super.uri().replace(/:\\d+/, `:${port}`); }
        }
        const socket = idle('/', { transports: [NodeXHR, Elsewhere], reconnection: false });
        const heard = [];
        let sent = 0, moved = false, lost = false, count;
        socket.on('down', (number) => heard.push(number));
        socket.on('disconnect', () => (lost = true));
        socket.connect();
        await connected(socket);
        const { id } = socket;
        socket.io.engine.once('upgrading', () => (moved = true));
        socket.emit('talk');
        for (; sent < EVENTS; sent++) {
            socket.emit('up', sent);
            await pause(2);
        }
        socket.emit('count', (sum) => (count = sum));
        while (!lost && !(count === sent && heard.at(-1) === EVENTS - 1)) await pause(10);
        const complete = !lost;
        socket.disconnect();
        return { id, heard, sent, moved, complete };
    }));";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h086_h091_h099_an_upgrade_of_the_official_client_that_fails_anywhere_loses_nothing_and_closes_nothing() {
    let books = Books::default();
    let scene = Scene::set(layer(&books)).await;
    let Some(mut console) = Console::open(scene.server.address()).await else { return };
    let mut cases = Vec::new();
    for (direction, mut points) in
        [(Direction::Up, (200..340).step_by(9).collect::<Vec<_>>()), (Direction::Down, (160..200).step_by(3).collect())]
    {
        points.extend([0, 100]);
        for (bytes, fault) in points.into_iter().flat_map(|at| FAULTS.map(|fault| (at, fault))) {
            let proxy = scene.elsewhere.run(Proxy::start(scene.server.address())).await;
            proxy.set(direction, Line::new().fails_after(bytes, fault));
            cases.push((format!("{fault:?} {direction:?} after {bytes} bytes"), proxy));
        }
    }
    let ports: Vec<_> = cases.iter().map(|(_, proxy)| proxy.address().port()).collect();
    console.run(&format!("kept.ports = {ports:?}; globalThis.EVENTS = {EVENTS};")).await;
    let told: Vec<Journey> = serde_json::from_value(console.run(OFFICIAL).await).expect("a journey each");
    let journeys: Vec<_> = cases.into_iter().map(|(what, _)| what).zip(told).collect();
    drop(console);
    all_ended(&books, &journeys).await;
    judge(&journeys, &books.lock().expect("no panic"));
    scene.unharmed().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h086_h091_h099_an_upgrade_that_fails_at_any_byte_loses_nothing_and_closes_nothing() {
    let books = Books::default();
    let scene = Scene::set(layer(&books)).await;
    let direct = scene.endpoint();
    let journeys = scene.elsewhere.run(async move {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut journeys = JoinSet::new();
        for direction in [Direction::Up, Direction::Down] {
            for (bytes, fault) in points(direction).into_iter().flat_map(|at| FAULTS.map(|fault| (at, fault))) {
                let places = places.clone();
                journeys.spawn(async move {
                    let _place = places.acquire().await.expect("never closed");
                    let proxy = Proxy::start(direct.address()).await;
                    proxy.set(direction, Line::new().fails_after(bytes, fault));
                    let journey = travel(direct, Endpoint::new(proxy.address(), "/socket.io/")).await;
                    (format!("{fault:?} {direction:?} after {bytes} bytes"), journey)
                });
            }
        }
        journeys.join_all().await
    });
    let journeys = journeys.await;
    all_ended(&books, &journeys).await;
    judge(&journeys, &books.lock().expect("no panic"));
    scene.unharmed().await;
}

async fn all_ended(books: &Books, journeys: &[(String, Journey)]) {
    eventually("all sockets to be told that it is over", || {
        let books = books.lock().expect("no panic");
        journeys.iter().all(|(_, journey)| books[&journey.id].ends.len() == 1)
    })
    .await;
}

fn judge(journeys: &[(String, Journey)], books: &HashMap<String, Book>) {
    for (what, Journey { id, heard, sent, moved, complete }) in journeys {
        let Book { heard: arrived, ends } = &books[id];
        assert!(is_beginning(heard), "{what}: the client heard {heard:?}");
        assert!(is_beginning(arrived), "{what}: the server heard {arrived:?}");
        assert!(*complete || *moved, "{what}: not all arrived, though the session stayed on polling");
        if *complete {
            assert_eq!((heard.len() as u64, arrived.len() as u64), (EVENTS, *sent), "{what}");
        } else {
            let gone = matches!(ends[..], [DisconnectReason::TransportClose | DisconnectReason::PingTimeout]);
            assert!(gone, "{what}: {ends:?}");
        }
    }
    let count = |is: fn(&Journey) -> bool| journeys.iter().filter(|(_, journey)| is(journey)).count();
    let (stayed, moved, lost) = (count(|j| !j.moved), count(|j| j.moved), count(|j| !j.complete));
    assert!(stayed > 20 && moved > 20 && lost > 20, "{stayed} stayed, {moved} moved, {lost} were lost");
}
