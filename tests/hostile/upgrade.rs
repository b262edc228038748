//! Upgrades that are begun and not ended, begun too often, or by somebody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pintle::{Ack, Args, JoinError, Socket, SocketIoLayer};
use pintle_tests::{
    Client, Console, Direction, Endpoint, Fault, Line, Polling, Proxy, Request, Transport, WebSocket, alive_tasks,
    eventually,
};
use serde_json::json;
use tokio::time::sleep;

use crate::scene::{Scene, realtime};

fn layer() -> SocketIoLayer {
    realtime()
        .ping_interval(Duration::from_millis(200))
        .on("echo", async |args: Args| Ack(args))
        .on("enter", async |socket: Socket| -> Result<Ack<()>, JoinError> { socket.join("room").map(Ack) })
}

async fn join(endpoint: Endpoint) -> Polling {
    let Client::Polling(session) = Client::join(endpoint, Transport::Polling).await else { unreachable!("as opened") };
    session
}

/// A WebSocket that the session knows of, and has answered.
async fn probe(endpoint: Endpoint, session: &Polling) -> WebSocket {
    let mut socket = WebSocket::connect(endpoint, &session.upgrade_query()).await;
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");
    socket
}

async fn assert_echo(session: &mut Polling, number: u64) {
    session.push(format!(r#"42{number}["echo",{number}]"#)).await;
    while session.receive().await != format!("43{number}[{number}]") {}
}

/// The advisory is of a server that let the heartbeat rest meanwhile, for ever.
#[tokio::test]
async fn a44_h085_a_websocket_that_says_nothing_is_closed_and_the_session_goes_on_meanwhile() {
    let scene = Scene::set(layer().upgrade_timeout(Duration::from_secs(1))).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let session = join(endpoint).await;
        let mut silent = WebSocket::connect(endpoint, &session.upgrade_query()).await;
        let closed = tokio::spawn(async move { silent.closed().await });
        let (mut pings, mut answers) = (0, Vec::new());
        for number in 0u64.. {
            session.push(format!(r#"42{number}["echo",{number}]"#)).await;
            while answers.last() != Some(&number) {
                for packet in session.poll().await {
                    match packet.strip_prefix(&format!("43{number}[")) {
                        Some(_) => answers.push(number),
                        None => assert_eq!(packet, "2"),
                    }
                    if packet == "2" {
                        pings += 1;
                        session.push("3").await;
                    }
                }
            }
            if closed.is_finished() {
                break;
            }
            sleep(Duration::from_millis(10)).await;
        }
        assert!(pings >= 2, "{pings} pings in a second");
        assert!(answers.iter().copied().eq(0..answers.len() as u64), "{answers:?}");
        session.push("1").await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn a47_h093_a_ping_that_is_due_during_the_upgrade_is_sent_on_the_transport_that_there_is() {
    let scene = Scene::set(layer()).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let mut session = join(endpoint).await;
        let mut socket = probe(endpoint, &session).await;
        // Who goes on polling gets it there, among the noops.
        let mut pings = 0;
        while pings < 3 {
            for packet in session.poll().await {
                assert!(packet == "2" || packet == "6", "{packet}");
                if packet == "2" {
                    pings += 1;
                    session.push("3").await;
                }
            }
        }
        assert_echo(&mut session, 1).await;
        // Who has stopped gets it on the WebSocket.
        sleep(Duration::from_millis(500)).await;
        socket.send("5").await;
        for _ in 0..3 {
            assert_eq!(socket.text().await, "2");
            socket.send("3").await;
        }
        socket.send("1").await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn h094_a_session_that_the_server_ends_during_its_upgrade_ends_on_both_transports_and_once() {
    let ends = Arc::<AtomicUsize>::default();
    let ended = ends.clone();
    let layer = layer().on_disconnect(async move || {
        ended.fetch_add(1, Ordering::Relaxed);
    });
    let scene = Scene::set(layer).await;
    let endpoint = scene.endpoint();
    let in_the_middle = async move {
        let mut session = join(endpoint).await;
        session.push(r#"420["enter"]"#).await;
        assert_eq!(session.receive().await, "430[]");
        let socket = probe(endpoint, &session).await;
        (session, socket)
    };
    let (session, mut socket) = scene.elsewhere.run(in_the_middle).await;
    scene.io.to("room").close_connections();
    scene
        .elsewhere
        .run(async move {
            tokio::join!(session.closed(), socket.closed());
        })
        .await;
    eventually("the end to be told", || ends.load(Ordering::Relaxed) == 1).await;
    scene.unharmed().await;
    eventually("the end of the newcomer to be told", || ends.load(Ordering::Relaxed) >= 2).await;
    assert_eq!(ends.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn h095_attempts_without_end_take_one_place() {
    const ATTEMPTS: usize = 200;
    let scene = Scene::set(layer().upgrade_timeout(Duration::from_secs(20))).await;
    let endpoint = scene.endpoint();
    let before = alive_tasks();
    let attack = async move {
        let session = join(endpoint).await;
        let mut sockets = Vec::new();
        for _ in 0..ATTEMPTS {
            sockets.extend(WebSocket::reach(endpoint, &session.upgrade_query()).await);
        }
        (session, sockets)
    };
    let (mut session, sockets) = scene.elsewhere.run(attack).await;
    // Its task, and the one attempt, if that has a task at all.
    eventually("attempts to be turned away", || alive_tasks() <= before + 2).await;
    let attack = async move {
        let turned_away = sockets.into_iter().skip(1);
        for mut socket in turned_away {
            socket.ended().await;
        }
        assert_echo(&mut session, 1).await;
        session.push("1").await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn h097_the_origin_is_looked_at_again_with_each_request() {
    let scene = Scene::set(layer()).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let mut session = join(endpoint).await;
        let foreign = |request: Request| request.header("origin", "https://evil.example");
        let upgrade = foreign(WebSocket::request(endpoint.target(&session.upgrade_query())));
        assert_eq!(WebSocket::ask(endpoint, &upgrade).await.expect_err("refused").status, 403);
        for request in [Request::get(session.target()), Request::post(session.target(), r#"42["echo"]"#)] {
            assert_eq!(foreign(request).send(endpoint.address()).await.status, 403);
        }
        assert_echo(&mut session, 1).await;
        session.push("1").await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

/// Some proxies know nothing of WebSockets, and never pass on the server's consent.
#[tokio::test]
async fn h099_a_client_that_never_hears_the_101_stays_on_polling() {
    let scene = Scene::set(layer().upgrade_timeout(Duration::from_millis(500))).await;
    let address = scene.server.address();
    let proxy = scene.elsewhere.run(Proxy::start(address)).await;
    proxy.set(Direction::Down, Line::new().fails_at_101(Fault::Swallow));
    let Some(mut console) = Console::open(proxy.address()).await else { return };
    let talk = "kept.socket = idle('/', { reconnection: false }).connect();
        await connected(kept.socket);
        for (let number = 0; number < 100; number++) {
            if (await kept.socket.emitWithAck('echo', number) !== number) throw new Error(number);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
        return [kept.socket.connected, kept.socket.io.engine.transport.name];";
    assert_eq!(console.run(talk).await, json!([true, "polling"]));
    // Through a better one the next client finds its way.
    proxy.set(Direction::Down, Line::new());
    let name = "const socket = await connect(); const { name } = socket.io.engine.transport;
        socket.disconnect(); kept.socket.disconnect();
        return name";
    assert_eq!(console.run(name).await, "websocket");
    drop(console);
    scene.unharmed().await;
}

#[tokio::test]
async fn h091_on_a_slow_network_an_upgrade_takes_its_time_and_loses_nothing() {
    let scene = Scene::set(layer()).await;
    let proxy = scene.elsewhere.run(Proxy::start(scene.server.address())).await;
    for direction in [Direction::Up, Direction::Down] {
        proxy.set(direction, Line::new().delayed(Duration::from_millis(50)).in_pieces(1));
    }
    let Some(mut console) = Console::open(proxy.address()).await else { return };
    let begun = Instant::now();
    let talk = "const socket = idle('/', { reconnection: false }).connect();
        await connected(socket);
        const answers = await Promise.all(Array.from({ length: 50 }, (_, number) => socket.emitWithAck('echo', number)));
        await settled(socket);
        answers.push(await socket.emitWithAck('echo', 50));
        socket.disconnect();
        return answers;";
    assert_eq!(console.run(talk).await, json!((0..=50).collect::<Vec<_>>()));
    assert!(begun.elapsed() > Duration::from_millis(500), "the network is not slow");
    drop(console);
    scene.unharmed().await;
}
