//! A server that stands still for a while: its clients have done nothing wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use pintle::{DisconnectReason, SocketIo, SocketIoLayer};
use pintle_tests::{Client, Console, Elsewhere, Endpoint, TestServer, Transport, eventually, pause, resume};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::program;

const PING_INTERVAL: Duration = Duration::from_millis(200);
const PING_TIMEOUT: Duration = Duration::from_millis(1000);
/// How long clients take to answer a ping: at any moment some of them owe an answer.
const ANSWERING: Duration = Duration::from_millis(100);
const STALL: Duration = Duration::from_millis(1800);
const CLIENTS: usize = 30;

struct Stage {
    io: SocketIo,
    server: TestServer,
    elsewhere: Elsewhere,
    timeouts: Arc<AtomicUsize>,
    /// Pings that clients have answered.
    answered: Arc<AtomicUsize>,
}

impl Stage {
    async fn set() -> Self {
        let timeouts = Arc::<AtomicUsize>::default();
        let counted = timeouts.clone();
        let realtime = SocketIoLayer::new()
            .ping_interval(PING_INTERVAL)
            .ping_timeout(PING_TIMEOUT)
            .on("block", async |io: SocketIo| {
                // Has something to do for everybody, and then nobody gets to it.
                io.emit("news", ()).expect("what can be written as JSON");
                std::thread::sleep(STALL);
            })
            .on_disconnect(async move |reason: DisconnectReason| {
                if reason == DisconnectReason::PingTimeout {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            });
        let io = realtime.io();
        let server = TestServer::start(Router::new().layer(realtime)).await;
        Self { io, server, elsewhere: Elsewhere::new(), timeouts, answered: Arc::default() }
    }

    async fn join(&self, transport: Transport) {
        for _ in 0..CLIENTS {
            let client = self.elsewhere.run(Client::join(self.server.socket_io(), transport)).await;
            self.elsewhere.start(answer_at_leisure(client, self.answered.clone()));
        }
    }

    /// Has that many handlers block a thread each.
    async fn block(&self, workers: usize) {
        for _ in 0..workers {
            let endpoint: Endpoint = self.server.socket_io();
            self.elsewhere.start(async move {
                let mut client = Client::join(endpoint, Transport::WebSocket).await;
                client.send(r#"42["block"]"#).await;
                client.closed().await;
            });
        }
    }

    async fn nobody_is_blamed(&self, clients: usize) {
        // Each is pinged a few times more.
        let enough = self.answered.load(Ordering::Relaxed) + 3 * clients;
        eventually("clients to be pinged", || self.answered.load(Ordering::Relaxed) >= enough).await;
        assert_eq!(self.timeouts.load(Ordering::Relaxed), 0, "clients were thrown out");
        assert!(self.io.sockets().len() >= clients);
    }
}

async fn answer_at_leisure(mut client: Client, answered: Arc<AtomicUsize>) {
    loop {
        let asked = match &mut client {
            Client::Polling(session) => session.poll().await.iter().any(|packet| packet == "2"),
            Client::WebSocket(socket) => socket.text().await == "2",
        };
        if asked {
            sleep(ANSWERING).await;
            client.send("3").await;
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn h180_a_server_that_is_stopped_for_a_while_times_nobody_out_and_loses_nothing() {
    let server = program::start(None).await;
    let endpoint = program::socket_io(&server);
    let answered = Arc::<AtomicUsize>::default();
    for number in 0..CLIENTS {
        let client = Client::join(endpoint, Transport::BOTH[number % 2]).await;
        tokio::spawn(answer_at_leisure(client, answered.clone()));
    }
    let (say_done, done) = watch::channel(false);
    let client = Client::join(endpoint, Transport::WebSocket).await;
    let counting = tokio::spawn(program::count(client, done));
    for _ in 0..2 {
        let enough = answered.load(Ordering::Relaxed) + 2 * CLIENTS;
        eventually("clients to be pinged", || answered.load(Ordering::Relaxed) >= enough).await;
        pause(server.pid());
        sleep(2 * program::PING_TIMEOUT).await;
        let before = answered.load(Ordering::Relaxed);
        resume(server.pid());
        // At most the ping that was due, for each, and one that comes in the meantime: those of the pause are not made up for.
        sleep(program::PING_INTERVAL / 2).await;
        let burst = answered.load(Ordering::Relaxed) - before;
        assert!(burst <= 2 * CLIENTS, "{burst} pings at once");
    }
    let enough = answered.load(Ordering::Relaxed) + 3 * CLIENTS;
    eventually("clients to be pinged", || answered.load(Ordering::Relaxed) >= enough).await;
    say_done.send_replace(true);
    assert!(counting.await.expect("nothing lost, doubled or out of order") > 0);
    assert_eq!(program::timeouts(&server).await, 0, "clients were thrown out");
}

#[tokio::test]
async fn h181_clients_that_are_stopped_are_thrown_out_and_come_back() {
    let stage = Stage::set().await;
    let Some(mut console) = Console::open(stage.server.address()).await else { return };
    let open = "kept.sockets = [];
        for (const ways of [['polling'], ['websocket'], ['polling', 'websocket']])
            for (let number = 0; number < 5; number++) kept.sockets.push(await connect('/', { transports: ways }));";
    console.run(open).await;
    assert_eq!(stage.io.sockets().len(), 15);
    pause(console.pid());
    eventually("all to be thrown out", || stage.timeouts.load(Ordering::Relaxed) == 15).await;
    assert_eq!(stage.io.sockets().len(), 0);
    resume(console.pid());
    console.run("for (const socket of kept.sockets) { await life(socket); await back(socket); }").await;
    assert_eq!(stage.io.sockets().len(), 15);
    assert_eq!(stage.timeouts.load(Ordering::Relaxed), 15);
}

#[tokio::test]
async fn h172_a_handler_that_blocks_the_only_thread_times_nobody_out() {
    for transport in Transport::BOTH {
        let stage = Stage::set().await;
        stage.join(transport).await;
        for _ in 0..2 {
            stage.block(1).await;
            stage.nobody_is_blamed(CLIENTS).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h172_handlers_that_block_all_workers_time_nobody_out() {
    for transport in Transport::BOTH {
        let stage = Stage::set().await;
        stage.join(transport).await;
        for _ in 0..2 {
            stage.block(2).await;
            stage.nobody_is_blamed(CLIENTS).await;
        }
    }
}
