//! When handlers start, and how many run at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use pintle::{Ack, Data, Namespace, SocketIoLayer};
use pintle_tests::{Client, Transport, WebSocket, eventually};
use tokio::sync::Semaphore;

use crate::serve;

/// What the design allows a connection.
const MOST_AT_ONCE: usize = 64;

/// Handlers that note when they start, and wait for a permit before they end.
#[derive(Clone, Default)]
struct Gate {
    started: Arc<Mutex<Vec<u32>>>,
    running: Arc<AtomicUsize>,
    open: Arc<Permits>,
}

struct Permits(Semaphore);

impl Default for Permits {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Gate {
    fn started(&self) -> Vec<u32> {
        self.started.lock().expect("no panic").clone()
    }

    fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    fn let_through(&self, handlers: usize) {
        self.open.0.add_permits(handlers);
    }
}

async fn pass(State(gate): State<Gate>, Data(number): Data<u32>) -> Ack<u32> {
    gate.started.lock().expect("no panic").push(number);
    gate.running.fetch_add(1, Ordering::SeqCst);
    gate.open.0.acquire().await.expect("never closed").forget();
    gate.running.fetch_sub(1, Ordering::SeqCst);
    Ack(number)
}

/// The padding makes events large enough to fill the buffers of the operating system.
fn event(number: u32, padding: usize) -> String {
    format!(r#"42{number}["pass",{number},"{}"]"#, "x".repeat(padding))
}

fn numbers(count: u32) -> Vec<u32> {
    (0..count).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_start_in_order_of_arrival() {
    for transport in Transport::BOTH {
        let gate = Gate::default();
        gate.let_through(1000);
        let (server, _) = serve(SocketIoLayer::new().on("pass", pass).with_state(gate.clone())).await;
        let mut client = Client::join(server.socket_io(), transport).await;
        for number in 0..500 {
            client.send(&event(number, 0)).await;
        }
        eventually("every event to start", || gate.started().len() == 500).await;
        assert_eq!(gate.started(), numbers(500));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_connection_run_at_once_up_to_a_bound() {
    let gate = Gate::default();
    let (server, _) = serve(SocketIoLayer::new().on("pass", pass).with_state(gate.clone())).await;
    let mut client = Client::join(server.socket_io(), Transport::WebSocket).await;
    for number in 0..200 {
        client.send(&event(number, 0)).await;
    }
    eventually("as many handlers as may run", || gate.running() == MOST_AT_ONCE).await;
    // Another connection has a bound of its own, and by the time of its answers the first has had its chance, too.
    let mut other = Client::join(server.socket_io(), Transport::WebSocket).await;
    other.send(&event(1000, 0)).await;
    eventually("the other's handler", || gate.running() == MOST_AT_ONCE + 1).await;
    assert_eq!(gate.started().len(), MOST_AT_ONCE + 1);
    for through in 1..MOST_AT_ONCE {
        gate.let_through(1);
        eventually("another to start", || gate.started().len() == MOST_AT_ONCE + 1 + through).await;
        assert!(gate.running() <= MOST_AT_ONCE + 1);
    }
    gate.let_through(200);
    eventually("every event to end", || gate.running() == 0).await;
    let mut started = gate.started();
    started.retain(|number| *number != 1000);
    assert_eq!(started, numbers(200));
}

/// The client is held up by TCP, not by a queue that grows.
#[tokio::test]
async fn beyond_the_bound_nothing_more_is_read() {
    const PADDING: usize = 100_000;
    let gate = Gate::default();
    let layer = SocketIoLayer::new().on("pass", pass).with_state(gate.clone());
    let (server, _) = serve(layer).await;
    let (mut socket, _) = WebSocket::open(server.socket_io()).await;
    socket.send("40").await;
    assert!(socket.text().await.starts_with("40"));
    let sent = Arc::new(AtomicUsize::new(0));
    let progress = Arc::clone(&sent);
    let sending = tokio::spawn(async move {
        // Far more than the buffers of the operating system hold.
        for number in 0..400 {
            socket.send(event(number, PADDING)).await;
            progress.fetch_add(1, Ordering::SeqCst);
        }
        socket
    });
    eventually("as many handlers as may run", || gate.running() == MOST_AT_ONCE).await;
    // That the client gets no further can only be seen by giving it time to.
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let now = sent.load(Ordering::SeqCst);
        if now == last {
            break;
        }
        last = now;
    }
    assert!(last < 400, "the client was never held up");
    assert_eq!(gate.running(), MOST_AT_ONCE);
    gate.let_through(400);
    eventually("every event to be handled", || gate.started().len() == 400 && gate.running() == 0).await;
    assert_eq!(gate.started(), numbers(400));
    sending.await.expect("all was sent").assert_open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequential_namespace_runs_one_event_after_another() {
    let gate = Gate::default();
    let sequential = Namespace::new().on("pass", pass).sequential();
    let layer = SocketIoLayer::new().namespace("/one-by-one", sequential).with_state(gate.clone());
    let (server, _) = serve(layer).await;
    let mut client = Client::open(server.socket_io(), Transport::WebSocket).await;
    client.send("40/one-by-one,").await;
    client.connected("/one-by-one,").await;
    for number in 0..20 {
        client.send(&format!(r#"42/one-by-one,{number}["pass",{number}]"#)).await;
    }
    for number in 0..20 {
        eventually("the next to start", || gate.started() == numbers(number + 1)).await;
        assert_eq!(gate.running(), 1);
        gate.let_through(1);
        assert_eq!(client.text().await, format!("43/one-by-one,{number}[{number}]"));
    }
}
