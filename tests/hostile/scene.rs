//! A server under attack, and a client that behaves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::Router;
use pintle::{Ack, Data, SocketIo, SocketIoLayer};
use pintle_tests::{Client, Elsewhere, Endpoint, TestServer, Transport, alive_tasks, eventually};
use tokio::task::JoinHandle;

/// A server, and a witness that talks to it all the time. Attack from [`elsewhere`](Self::elsewhere), then ask whether it
/// is [`unharmed`](Self::unharmed).
pub(crate) struct Scene {
    pub(crate) io: SocketIo,
    pub(crate) server: TestServer,
    /// Where attackers run, so that the tasks of the test's own runtime are the server's.
    pub(crate) elsewhere: Elsewhere,
    witness: Witness,
    before: Gauges,
}

/// What must be as before when the attackers have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Gauges {
    sessions: usize,
    sockets: usize,
    rooms: usize,
    namespaces: usize,
    tasks: usize,
}

/// A server that notices within three seconds that a client has gone without a word.
pub(crate) fn realtime() -> SocketIoLayer {
    SocketIoLayer::new().ping_interval(Duration::from_millis(500)).ping_timeout(Duration::from_millis(2500))
}

impl Scene {
    /// A server, [`realtime`] or more than that, and the witness.
    pub(crate) async fn set(realtime: SocketIoLayer) -> Self {
        Self::behind(realtime, |router| router).await
    }

    /// The same, with layers of tower-http or others around.
    pub(crate) async fn behind(realtime: SocketIoLayer, wrap: impl FnOnce(Router) -> Router) -> Self {
        watch_panics();
        let realtime = realtime.on("witness", async |Data(number): Data<u64>| Ack(number));
        let io = realtime.io();
        let server = TestServer::start(wrap(Router::new().layer(realtime))).await;
        let elsewhere = Elsewhere::new();
        let witness = Witness::start(&elsewhere, server.socket_io()).await;
        // The server's side of the witness has settled when it has been answered once.
        let before = Gauges::read(&io);
        Self { io, server, elsewhere, witness, before }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.server.socket_io()
    }

    /// Asserts that the witness has noticed nothing, that a newcomer is served, that nothing panicked, and that nothing
    /// stays of the attackers, who must have gone, or be about to.
    pub(crate) async fn unharmed(&self) {
        let endpoint = self.endpoint();
        self.elsewhere.run(serve_newcomer(endpoint)).await;
        self.witness.still_hears().await;
        eventually_as(&self.before, || Gauges::read(&self.io)).await;
        assert_eq!(panics(), 0, "the server panicked");
    }
}

impl Gauges {
    fn read(io: &SocketIo) -> Self {
        Self {
            sessions: io.engine().clients_count(),
            sockets: io.sockets().len(),
            rooms: io.rooms().len(),
            namespaces: io.namespace_names().len(),
            tasks: alive_tasks(),
        }
    }
}

async fn eventually_as(before: &Gauges, read: impl Fn() -> Gauges) {
    // Said in full when it fails: which of them stayed is what one wants to know.
    let same = tokio::time::timeout(pintle_tests::PATIENCE, async {
        while read() != *before {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(same.await.is_ok(), "something stays: {:?}, it was {before:?}", read());
}

/// A new client gets a session, a socket and an answer.
async fn serve_newcomer(endpoint: Endpoint) {
    let mut newcomer = Client::join(endpoint, Transport::WebSocket).await;
    newcomer.send(r#"4217["witness",7]"#).await;
    assert_eq!(newcomer.text().await, "4317[7]");
}

/// A client that counts, and is answered each time. What is lost keeps it waiting; what is doubled or out of order it sees.
struct Witness {
    answered: Arc<AtomicUsize>,
    counting: JoinHandle<()>,
}

impl Witness {
    async fn start(elsewhere: &Elsewhere, endpoint: Endpoint) -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        let counting = elsewhere.start(count_aloud(endpoint, answered.clone()));
        let witness = Self { answered, counting };
        witness.still_hears().await;
        witness
    }

    /// Waits until it has been answered a few more times.
    async fn still_hears(&self) {
        let enough = self.answered.load(Ordering::Relaxed) + 3;
        eventually("an answer for the witness", || {
            assert!(!self.counting.is_finished(), "the witness has stopped: see its panic above");
            self.answered.load(Ordering::Relaxed) >= enough
        })
        .await;
    }
}

async fn count_aloud(endpoint: Endpoint, answered: Arc<AtomicUsize>) {
    let mut client = Client::join(endpoint, Transport::WebSocket).await;
    for number in 0u64.. {
        client.send(&format!(r#"42{number}["witness",{number}]"#)).await;
        assert_eq!(client.text().await, format!("43{number}[{number}]"), "what the witness hears");
        answered.fetch_add(1, Ordering::Relaxed);
        // Not as fast as it can: it is not the load.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Panics of the server's own code. Those of the tests, and of handlers that panic on purpose, come from their files.
static PANICS: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn panics() -> usize {
    PANICS.load(Ordering::Relaxed)
}

/// Counts [`panics`] from now on.
pub(crate) fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.location().is_none_or(|location| !location.file().starts_with("tests/")) {
                PANICS.fetch_add(1, Ordering::Relaxed);
            }
            print(panic);
        }));
    });
}
