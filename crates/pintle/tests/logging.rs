//! What the log does to the server, and the client to the log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use axum::extract::State;
use pintle::{ClientError, Data, Namespace, Socket, SocketIo, SocketIoLayer, StateRecovery};
use support::{Server, Written, settle, until};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// Sends warnings to a room, as an administrator's page would have it.
struct Forward {
    io: Arc<OnceLock<SocketIo>>,
    namespace: &'static str,
}

impl<S: Subscriber> Layer<S> for Forward {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() <= Level::WARN
            && let Some(io) = self.io.get()
        {
            io.of(self.namespace).to("admins").emit("log", event.metadata().target()).unwrap();
        }
    }
}

/// Runs `scenario` under a subscriber that sends warnings to `namespace`. A deadlock stops the thread that is in it, so
/// this one keeps watch.
fn no_deadlock<F: Future<Output = ()>>(
    namespace: &'static str,
    scenario: impl FnOnce(Arc<OnceLock<SocketIo>>) -> F + Send + 'static,
) {
    let (done, wait) = mpsc::channel();
    let running = thread::spawn(move || {
        let io = Arc::<OnceLock<SocketIo>>::default();
        let subscriber = tracing_subscriber::registry().with(Forward { io: io.clone(), namespace });
        let _guard = tracing::subscriber::set_default(subscriber);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(scenario(io));
        done.send(()).unwrap();
    });
    match wait.recv_timeout(Duration::from_secs(60)) {
        Ok(()) => {}
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the log and the server wait for each other"),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(running.join().unwrap_err()),
    }
}

/// A middleware joins a room that there cannot be.
fn a_room_is_not_joined(layer: SocketIoLayer) {
    no_deadlock("/", async |io| {
        let join_too_long = async |socket: Socket| {
            socket.join("admins")?;
            socket.join("r".repeat(300))
        };
        let server = Server::new(layer.middleware(join_too_long));
        io.set(server.io().clone()).unwrap();
        let mut client = server.open().await;
        client.send("0").await;
        assert!(client.hear().await.starts_with(r#"0{"sid":"#));
        assert!(client.hear().await.starts_with(r#"2["log","pintle::socket::life""#));
    });
}

#[test]
fn a_room_that_is_not_joined_can_be_logged_to_a_room() {
    a_room_is_not_joined(SocketIoLayer::new());
}

#[test]
fn a_room_that_is_not_joined_can_be_logged_where_events_are_kept() {
    a_room_is_not_joined(SocketIoLayer::new().recovery(StateRecovery::new()));
}

/// A client is sent more than it reads.
fn an_outbox_overflows(layer: SocketIoLayer) {
    no_deadlock("/a", async |io| {
        let join = async |socket: Socket| socket.join("admins");
        let layer = layer.max_queued(1000, 10).namespace("/a", Namespace::new().on_connect(join));
        let server = Server::new(layer);
        io.set(server.io().clone()).unwrap();
        let mut client = server.open().await;
        client.send("0/a,").await;
        assert!(client.hear().await.starts_with(r#"0/a,{"sid":"#));
        let admins = || server.io().of("/a").to("admins");
        assert_eq!(admins().sockets().len(), 1);
        for _ in 0..100 {
            admins().emit("event", "y".repeat(500)).unwrap();
        }
        until(|| admins().sockets().is_empty()).await;
    });
}

#[test]
fn an_outbox_that_overflows_can_be_logged_to_its_own_room() {
    an_outbox_overflows(SocketIoLayer::new());
}

#[test]
fn an_outbox_that_overflows_can_be_logged_where_events_are_kept() {
    an_outbox_overflows(SocketIoLayer::new().recovery(StateRecovery::new()));
}

/// Panics at errors.
struct Fragile;

impl<S: Subscriber> Layer<S> for Fragile {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        assert_ne!(*event.metadata().level(), Level::ERROR, "on purpose");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_the_log_makes_panic_leaves_no_socket_and_no_cycle() {
    async fn fall(_: State<Arc<()>>) {
        panic!("on purpose");
    }
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(Fragile));
    let state = Arc::<()>::default();
    let layer = SocketIoLayer::new().on("fall", fall).namespace("/a", Namespace::new());
    let server = Server::new(layer.with_state(state.clone()));
    let mut client = server.join().await;
    client.join("/a").await;
    client.send(r#"2["fall"]"#).await;
    client.closed().await;
    settle().await;
    assert!(server.io().sockets().is_empty());
    assert!(server.io().of("/a").sockets().is_empty());
    drop(server);
    assert_eq!(Arc::strong_count(&state), 1, "the state has no other owner left");
}

#[tokio::test(start_paused = true)]
async fn a_client_cannot_forge_a_line_of_the_log() {
    #[derive(serde::Deserialize)]
    enum Choice {
        Only,
    }
    async fn choose(Data(choice): Data<Choice>) {
        let Choice::Only = choice;
    }
    async fn repeat(Data(text): Data<String>) -> Result<(), ClientError> {
        Err(ClientError::new(text))
    }
    async fn fall(Data(text): Data<String>) {
        panic!("{text}");
    }
    let (written, _guard) = Written::collect(Level::TRACE);
    let layer = SocketIoLayer::new().on("choose", choose).on("repeat", repeat).on("fall", fall);
    let server = Server::new(layer);
    let mut client = server.join().await;
    for event in ["choose", "repeat", "fall"] {
        client.send(&format!(r#"2["{event}","{event}\nforged"]"#)).await;
    }
    settle().await;
    let log = written.text();
    assert!(log.lines().all(|line| !line.starts_with("forged")), "{log}");
    for event in ["choose", "repeat", "fall"] {
        assert!(log.contains(&format!(r"{event}\nforged")), "{event}: {log}");
    }
}
