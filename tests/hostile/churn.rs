//! Clients that come and go in crowds, and in all ways.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use pintle::{Ack, Args};
use pintle_tests::{
    Client, Console, Elsewhere, Endpoint, HttpConnection, Polling, Proxy, Request, TestServer, Transport, WebSocket,
    eventually, within,
};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::scene::{Scene, realtime};

/// Comes and goes in one of several ways.
async fn visit(endpoint: Endpoint, number: usize) {
    match number % 8 {
        0 => Client::join(endpoint, Transport::WebSocket).await.offend("1").await,
        1 => Client::join(endpoint, Transport::Polling).await.offend("1").await,
        // With a reset.
        2 => {
            let Client::WebSocket(socket) = Client::join(endpoint, Transport::WebSocket).await else { unreachable!() };
            socket.abort();
        }
        // Without a word, ever: the heartbeat finds out.
        3 => drop(Client::join(endpoint, Transport::Polling).await),
        // In the middle of the handshake.
        4 => {
            let mut connection = HttpConnection::open(endpoint.address()).await;
            connection.send("GET /socket.io/?EIO=4&transport=webs").await;
            connection.abort();
        }
        // With the answer under way.
        5 => {
            let mut connection = HttpConnection::open(endpoint.address()).await;
            connection.request(&Request::get(endpoint.target("EIO=4&transport=polling"))).await;
            connection.abort();
        }
        // In the middle of an upgrade.
        6 => {
            let session = Polling::open(endpoint).await;
            let mut socket = WebSocket::connect(endpoint, &session.upgrade_query()).await;
            socket.send("2probe").await;
            socket.abort();
        }
        // In the middle of a frame.
        _ => {
            let (mut socket, _) = WebSocket::open(endpoint).await;
            socket.send_raw(&[0x81, 0xff, 0, 0]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h162_who_comes_and_goes_leaves_nothing() {
    const VISITS: usize = 2000;
    let scene = Scene::set(realtime().on("echo", async |args: Args| Ack(args))).await;
    let endpoint = scene.endpoint();
    let files = open_files();
    for _ in 0..2 {
        let attack = async move {
            let places = Arc::new(Semaphore::new(50));
            let mut visits = JoinSet::new();
            for number in 0..VISITS / 2 {
                let places = places.clone();
                visits.spawn(async move {
                    let _place = places.acquire().await.expect("never closed");
                    visit(endpoint, number).await;
                });
            }
            visits.join_all().await;
        };
        scene.elsewhere.run(attack).await;
        scene.unharmed().await;
    }
    // Other tests of the suite have some open too, and come and go.
    eventually("the files to be closed", || open_files() < files + VISITS / 4).await;
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("Linux").count()
}

/// A crowd of official clients.
struct Crowd {
    console: Console,
    size: usize,
}

impl Crowd {
    async fn gather(console: Console, size: usize) -> Self {
        let mut crowd = Self { console, size };
        let open = format!(
            "const options = {{ reconnectionDelay: 1000, reconnectionDelayMax: 5000 }};
            kept.sockets = await Promise.all(Array.from({{ length: {size} }}, (_, number) =>
                connect('/', {{ ...options, transports: [['websocket'], ['polling'], ['polling', 'websocket']][number % 3] }})));
            return kept.sockets.length"
        );
        assert_eq!(crowd.console.run(&open).await, json!(size));
        crowd
    }

    /// Waits until all have lost their connection and have a new one, and are answered over it. They try with the client's own
    /// delays, which let it take some seconds.
    async fn returns(&mut self) {
        let back = "return (await Promise.all(kept.sockets.map(async (socket, number) => {
                const [what] = await life(socket);
                if (what !== 'disconnect') throw new Error(what);
                await back(socket);
                return await socket.emitWithAck('echo', number) === number;
            }))).filter(Boolean).length";
        assert_eq!(self.console.run(back).await, json!(self.size));
    }
}

const CROWD: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h164_a_crowd_that_is_cut_off_at_once_is_back_soon() {
    let scene = Scene::set(realtime().on("echo", async |args: Args| Ack(args))).await;
    let network = scene.elsewhere.run(Proxy::start(scene.server.address())).await;
    let Some(console) = Console::open(network.address()).await else { return };
    let mut crowd = Crowd::gather(console, CROWD).await;
    for _ in 0..2 {
        network.part();
        eventually("all but the witness to be gone", || scene.io.sockets().len() == 1).await;
        network.restore();
        crowd.returns().await;
    }
    drop(crowd);
    scene.unharmed().await;
}

/// What the old server knew the new one does not: each client gets a session of its own again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h184_a_crowd_finds_a_server_that_was_started_again_on_its_port() {
    let start = async |listener| {
        let realtime = realtime().on("echo", async |args: Args| Ack(args));
        let io = realtime.io();
        (TestServer::start_on(listener, Router::new().layer(realtime)), io)
    };
    let elsewhere = Elsewhere::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    let (mut server, mut io) = start(listener).await;
    let Some(console) = Console::open(address).await else { return };
    let mut crowd = Crowd::gather(console, CROWD).await;
    let old = elsewhere.run(Polling::open(server.socket_io())).await;
    drop(server);
    io.close().await;
    let listener = eventually_bound(address).await;
    (server, io) = start(listener).await;
    crowd.returns().await;
    assert_eq!(io.sockets().len(), CROWD);
    elsewhere.run(async move { old.assert_gone().await }).await;
    drop(server);
}

async fn eventually_bound(address: SocketAddr) -> TcpListener {
    let bind = async {
        loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                // Connections of before are not over.
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    within("the port to be free", bind).await
}
