//! Clients that talk while a middleware is still thinking about them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pintle::{Namespace, Socket, SocketIo, SocketIoLayer};
use pintle_tests::{Client, Endpoint, Transport, eventually};
use tokio::sync::Semaphore;

use crate::scene::{Scene, realtime};

/// A namespace `/slow` whose middleware waits for a permit, and counts who waits; it counts what it hears, too.
#[derive(Clone)]
struct Door {
    gate: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    heard: Arc<AtomicUsize>,
}

impl Door {
    fn new() -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), waiting: Arc::default(), heard: Arc::default() }
    }

    fn layer(&self) -> SocketIoLayer {
        let (thinking, hearing) = (self.clone(), self.clone());
        let think = move |_: Socket| {
            let Self { gate, waiting, .. } = thinking.clone();
            async move {
                waiting.fetch_add(1, Ordering::Relaxed);
                gate.acquire().await.expect("the gate stays").forget();
            }
        };
        let hear = move || {
            hearing.heard.fetch_add(1, Ordering::Relaxed);
            std::future::ready(())
        };
        realtime().namespace("/slow", Namespace::new().middleware(think).on("x", hear))
    }

    async fn knocked(&self, times: usize) {
        eventually("a middleware that runs", || self.waiting.load(Ordering::Relaxed) == times).await;
    }

    /// Asks to be let in, and says something that ends the connection while the middleware runs, for the `times`th time.
    async fn offend(self, endpoint: Endpoint, transport: Transport, times: usize, packet: &str) {
        let mut client = Client::open(endpoint, transport).await;
        client.send("40/slow,").await;
        self.knocked(times).await;
        client.offend(packet).await;
        client.closed().await;
    }
}

#[tokio::test]
async fn h118_an_event_of_one_who_is_not_in_yet_ends_the_connection() {
    let door = Door::new();
    let scene = Scene::set(door.layer()).await;
    for (transport, times) in [(Transport::Polling, 1), (Transport::WebSocket, 2)] {
        let attack = door.clone().offend(scene.endpoint(), transport, times, r#"42/slow,["x"]"#);
        scene.elsewhere.run(attack).await;
    }
    door.gate.add_permits(2);
    scene.unharmed().await;
    assert_eq!(door.heard.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn h120_a_second_connect_while_the_first_is_pending_ends_the_connection() {
    let door = Door::new();
    let scene = Scene::set(door.layer()).await;
    for (transport, times) in [(Transport::Polling, 1), (Transport::WebSocket, 2)] {
        let attack = door.clone().offend(scene.endpoint(), transport, times, "40/slow,");
        scene.elsewhere.run(attack).await;
        assert_eq!(slow_sockets(&scene.io), 0);
    }
    // What runs is not interrupted: it ends by itself.
    door.gate.add_permits(2);
    scene.unharmed().await;
}

#[tokio::test]
async fn h118_nobody_hears_a_broadcast_before_he_is_in() {
    let door = Door::new();
    let scene = Scene::set(door.layer()).await;
    for (transport, times) in [(Transport::Polling, 1), (Transport::WebSocket, 2)] {
        let endpoint = scene.endpoint();
        let knock = async move {
            let mut client = Client::open(endpoint, transport).await;
            client.send("40/slow,").await;
            client
        };
        let mut client = scene.elsewhere.run(knock).await;
        door.knocked(times).await;
        scene.io.of("/slow").emit("news", "for those who are in").expect("a text is JSON");
        door.gate.add_permits(1);
        eventually("a socket", || slow_sockets(&scene.io) == 1).await;
        scene.io.of("/slow").emit("news", "for all").expect("a text is JSON");
        let listen = async move {
            client.connected("/slow,").await;
            assert_eq!(client.text().await, r#"42/slow,["news","for all"]"#);
            if let Client::Polling(session) = &client {
                session.push("1").await;
            }
        };
        scene.elsewhere.run(listen).await;
        eventually("its end", || slow_sockets(&scene.io) == 0).await;
    }
    scene.unharmed().await;
}

fn slow_sockets(io: &SocketIo) -> usize {
    io.of("/slow").sockets().len()
}
