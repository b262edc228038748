//! Much to carry, and clients that are slow to take or to bring it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use pintle::{Ack, Data, DisconnectReason, JoinError, Socket};
use pintle_tests::{
    Client, Endpoint, HttpConnection, Opcode, Packet, Polling, Request, Transport, WebSocket, encode_frame, eventually,
    split, within,
};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::scene::{Scene, realtime};

async fn join_room(socket: Socket) -> Result<Ack<()>, JoinError> {
    socket.join("room").map(Ack)
}

/// A client that is in the room.
async fn enter(endpoint: Endpoint, transport: Transport) -> Client {
    let mut client = Client::join(endpoint, transport).await;
    client.send(r#"420["enter"]"#).await;
    assert_eq!(client.text().await, "430[]");
    client
}

/// What the members of a room cannot take is nobody's concern but theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h153_a_few_that_do_not_read_cost_the_others_of_their_room_nothing() {
    const MEMBERS: usize = 40;
    const STUCK: usize = 10;
    /// More than the buffers of the operating system and the outbox hold together.
    const EVENTS: u64 = 300;
    /// So many events may be on their way to who reads. They are less than what may wait.
    const WINDOW: u64 = 10;
    let reasons = Arc::<Mutex<Vec<DisconnectReason>>>::default();
    let noted = reasons.clone();
    let realtime = realtime()
        .ping_timeout(Duration::from_secs(20))
        .on("enter", join_room)
        .on_disconnect(async move |reason: DisconnectReason| noted.lock().expect("no panic").push(reason));
    let scene = Scene::set(realtime).await;
    let endpoint = scene.endpoint();
    let heard: Arc<[AtomicU64]> = (0..MEMBERS).map(|_| AtomicU64::new(0)).collect();
    let hear = heard.clone();
    let (stuck, mut others) = scene
        .elsewhere
        .run(async move {
            let mut stuck = Vec::new();
            for number in 0..STUCK {
                stuck.push(enter(endpoint, Transport::BOTH[number % 2]).await);
            }
            let mut others = JoinSet::new();
            for member in 0..MEMBERS {
                let mut client = enter(endpoint, Transport::BOTH[usize::from(member % 10 != 0)]).await;
                let hear = hear.clone();
                others.spawn(async move {
                    for number in 0..EVENTS {
                        let event = client.text().await;
                        assert!(event.starts_with(&format!(r#"42["news",{number},"#)), "number {number} is missing");
                        hear[member].store(number + 1, Ordering::Relaxed);
                    }
                    client.offend("1").await;
                });
            }
            (stuck, others)
        })
        .await;
    let text = "x".repeat(20_000);
    for number in 0..EVENTS {
        scene.io.to("room").emit("news", (number, &text)).expect("what can be written as JSON");
        let soon = number.saturating_sub(WINDOW);
        let all_heard = || heard.iter().all(|heard| heard.load(Ordering::Relaxed) >= soon);
        eventually("the others to hear what came before", all_heard).await;
    }
    within("the others to hear all of it", async {
        while others.join_next().await.transpose().expect("all").is_some() {}
    })
    .await;
    let overflows = || {
        let reasons = reasons.lock().expect("no panic");
        reasons.iter().filter(|reason| **reason == DisconnectReason::Overflow).count()
    };
    eventually("those that do not read to be gone", || overflows() == STUCK).await;
    drop(stuck);
    scene.unharmed().await;
}

#[tokio::test]
async fn h154_a_large_broadcast_reaches_all_who_wait_for_it() {
    const CLIENTS: usize = 300;
    const SIZE: usize = 900_000;
    let scene = Scene::set(realtime().ping_timeout(Duration::from_secs(20)).on("enter", join_room)).await;
    let endpoint = scene.endpoint();
    let clients = async move {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            clients.push(enter(endpoint, Transport::Polling).await);
        }
        clients
    };
    let clients = scene.elsewhere.run(clients).await;
    scene.io.to("room").emit("news", Bytes::from(vec![7; SIZE])).expect("what can be written");
    scene
        .elsewhere
        .run(async move {
            for mut client in clients {
                let _ = client.receive().await;
                assert!(matches!(client.receive().await, Packet::Binary(data) if data.len() == SIZE));
                client.offend("1").await;
            }
        })
        .await;
    scene.unharmed().await;
}

/// Of pongs that cannot be written the latest are kept, as RFC 6455 allows. `memory` counts what they take.
#[tokio::test]
async fn a36_pings_without_end_of_who_does_not_read_harm_nobody() {
    const PINGS: usize = 400_000;
    const BATCH: usize = 1000;
    let scene = Scene::set(realtime().write_timeout(Duration::from_secs(20))).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let mut client = Client::join(endpoint, Transport::WebSocket).await;
        let Client::WebSocket(socket) = &mut client else { unreachable!("as opened") };
        let pings = encode_frame(true, Opcode::Ping, &[b'x'; 125]).repeat(BATCH);
        for _ in 0..PINGS / BATCH {
            if socket.try_send_raw(&pings).await.is_err() {
                break;
            }
        }
        client
    };
    let client = scene.elsewhere.run(attack).await;
    drop(client);
    scene.unharmed().await;
}

/// A message that takes longer than the time for a pong, which waits behind it.
#[tokio::test]
async fn h157_a_client_that_uploads_for_long_is_not_silent() {
    const PIECES: usize = 30;
    const PIECE: Duration = Duration::from_millis(100);
    let realtime = realtime()
        .ping_interval(Duration::from_millis(200))
        .ping_timeout(Duration::from_secs(2))
        .on("count", async |Data(text): Data<String>| Ack(text.len()));
    let scene = Scene::set(realtime).await;
    let endpoint = scene.endpoint();
    let event = format!(r#"421["count","{}"]"#, "x".repeat(100_000));
    let answer = "431[100000]";

    let packet = event.clone();
    let over_websocket = async move {
        let (mut socket, _) = WebSocket::open(endpoint).await;
        socket.send("40").await;
        let frame = encode_frame(true, Opcode::Text, packet.as_bytes());
        for piece in frame.chunks(frame.len().div_ceil(PIECES)) {
            socket.send_raw(piece).await;
            sleep(PIECE).await;
        }
        while socket.receive().await.text() != Some(answer) {}
        socket.send("1").await;
    };
    scene.elsewhere.run(over_websocket).await;

    let over_polling = async move {
        let session = Polling::open(endpoint).await;
        session.push("40").await;
        session.poll().await;
        let mut get = session.start_get().await;
        let mut post = HttpConnection::open(endpoint.address()).await;
        post.request(&Request::post(session.target(), "").header("content-length", &event.len().to_string())).await;
        for piece in event.as_bytes().chunks(event.len().div_ceil(PIECES)) {
            post.send(piece).await;
            sleep(PIECE).await;
        }
        assert_eq!(post.response().await.status, 200);
        let mut heard: Vec<_> = split(get.response().await.text()).collect();
        assert_eq!(heard[0], "2");
        session.push("3").await;
        while !heard.iter().any(|packet| packet == answer) {
            heard = session.poll().await;
        }
        session.push("1").await;
    };
    scene.elsewhere.run(over_polling).await;
    scene.unharmed().await;
}
