//! The works, done against a host in this process: those that need no more than a thousand files.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use pintle::{Ack, Args, Data, EmitError, JoinError, Namespace, Socket, SocketIo, SocketIoLayer};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::echo::Exchange;
use super::{Effort, Feature, Figures, Target, WORKS, arrival, echo};
use bench_load::Process;

const EFFORT: Effort = Effort { measure: Duration::from_millis(200), warm_up: Duration::from_millis(10) };

/// How many messages the host answers before it loses one.
type Answered = Arc<AtomicUsize>;
const ALL: usize = usize::MAX;

/// A host that runs until it is dropped.
struct Host {
    target: Target,
    _runtime: Runtime,
}

impl Host {
    /// A host that loses a message when it has answered as many as `answered`.
    fn start(answered: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let app = Router::new().layer(realtime(Arc::new(AtomicUsize::new(answered))));
        runtime.spawn(async { axum::serve(listener, app).await });
        let process = Process::current().unwrap();
        let features = &[Feature::Polling, Feature::Rooms, Feature::Namespaces];
        Self { target: Target { address, process, features }, _runtime: runtime }
    }
}

fn realtime(answered: Answered) -> SocketIoLayer {
    SocketIoLayer::new()
        .on("message", message)
        .on("message-with-ack", async |args: Args| Ack(args))
        .on("broadcast", async |io: SocketIo, args: Args| io.emit("broadcast", args))
        .on("join", join)
        .on("leave", leave)
        .namespace("/ns/{id}", Namespace::new().on("message", message))
        .with_state(answered)
}

async fn message(State(answered): State<Answered>, socket: Socket, args: Args) -> Result<(), EmitError> {
    if answered.fetch_sub(1, Ordering::Relaxed) == 0 { Ok(()) } else { socket.emit("message-back", args) }
}

async fn join(socket: Socket, Data(rooms): Data<Vec<String>>) -> Result<Ack<()>, JoinError> {
    socket.join(rooms).map(Ack)
}

async fn leave(socket: Socket, Data(rooms): Data<Vec<String>>) -> Ack<()> {
    socket.leave(rooms);
    Ack(())
}

#[track_caller]
fn measure(name: &str) -> Figures {
    let host = Host::start(ALL);
    let work = WORKS.iter().find(|work| work.name == name).unwrap();
    let figures = work.measure(&host.target, &EFFORT).unwrap();
    assert!(figures.units > 0 && !figures.cpu.is_zero());
    let latency = figures.latency.unwrap();
    assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.p999);
    figures
}

#[test]
fn messages_are_echoed_and_acknowledged() {
    for name in ["echo-16", "echo-4096", "echo-binary", "ack-16", "ack-4096", "ack-binary"] {
        measure(name);
    }
}

#[test]
fn messages_are_echoed_over_polling() {
    measure("polling-echo");
}

#[test]
fn rooms_are_joined_and_left() {
    measure("churn");
    measure("growth-rooms-100");
}

#[test]
fn namespaces_are_talked_to() {
    measure("growth-namespaces-100");
}

#[test]
fn each_broadcast_is_delivered_to_each() {
    measure("growth-broadcast-100");
}

#[test]
fn a_message_that_is_lost_is_an_error() {
    // While all others go on being answered.
    let host = Host::start(250);
    let mut crowd = arrival::connect(&host.target, echo::TALKERS).unwrap();
    crowd.set_patience(Duration::from_millis(100));
    let lost = echo::measure(&host.target, &EFFORT, &mut crowd, vec![Exchange::echo("", 16)]);
    assert_eq!(lost.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn an_answer_to_something_else_is_an_error() {
    let host = Host::start(ALL);
    let mut crowd = arrival::connect(&host.target, echo::TALKERS).unwrap();
    let asked = bench_load::text(r#"42["message","x"]"#);
    let exchange = Exchange::in_turn(&[asked], vec![r#"42["message-back","y"]"#.to_owned()]);
    let error = echo::measure(&host.target, &EFFORT, &mut crowd, vec![exchange]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn what_a_host_cannot_do_is_not_tried() {
    let host = Host::start(ALL);
    let target = Target { features: &[Feature::Polling], ..host.target };
    let work = WORKS.iter().find(|work| work.name == "churn").unwrap();
    let error = work.measure(&target, &EFFORT).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string()),
        (io::ErrorKind::Unsupported, "churn: the host has no rooms".to_owned())
    );
}
