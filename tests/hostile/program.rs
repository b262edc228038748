//! The server in a process of its own, which can be stopped, starved and killed.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use pintle::{Ack, Data, DisconnectReason, SocketIoLayer};
use pintle_tests::{Client, Endpoint, Program, Request};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::sleep;

pub(crate) const PING_INTERVAL: Duration = Duration::from_millis(200);
pub(crate) const PING_TIMEOUT: Duration = Duration::from_millis(1000);

/// Set for the process that is to be the server.
const ROLE: &str = "PINTLE_HOSTILE_PROGRAM";
/// The test that is the server's program.
const NAME: &str = "program::the_program_of_other_tests";

/// The server, and how many files it may have open, if that is to be few.
pub(crate) async fn start(files: Option<usize>) -> Program {
    let suite = std::env::current_exe().expect("the suite runs");
    let limit = files.map_or_else(String::new, |files| format!("ulimit -n {files}; "));
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limit}exec \"$0\" \"$@\"")).arg(suite);
    command.args(["--exact", NAME, "--ignored", "--nocapture"]).env(ROLE, "server");
    Program::start(command).await
}

pub(crate) fn socket_io(program: &Program) -> Endpoint {
    Endpoint::new(program.address(), "/socket.io/")
}

/// How many clients the server has thrown out for their silence.
pub(crate) async fn timeouts(program: &Program) -> usize {
    let response = Request::get("/timeouts").send(program.address()).await;
    response.text().parse().expect("a number")
}

/// A client counts until it is done, and hears each number again. What it says while the server stands still waits in the
/// network.
pub(crate) async fn count(mut client: Client, done: watch::Receiver<bool>) -> u64 {
    let mut number = 0;
    loop {
        for ahead in 0..10 {
            client.send(&format!(r#"42{0}["echo",{0}]"#, number + ahead)).await;
        }
        for _ in 0..10 {
            assert_eq!(client.text().await, format!("43{number}[{number}]"));
            number += 1;
        }
        if *done.borrow() {
            return number;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a program, which other tests start"]
async fn the_program_of_other_tests() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let timeouts = Arc::<AtomicUsize>::default();
    let counted = timeouts.clone();
    let realtime = SocketIoLayer::new()
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .on("echo", async |Data(number): Data<u64>| Ack(number))
        .on_disconnect(async move |reason: DisconnectReason| {
            if reason == DisconnectReason::PingTimeout {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
    let count = get(async move || timeouts.load(Ordering::Relaxed).to_string());
    let app = Router::new().route("/timeouts", count).layer(realtime);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    writeln!(std::io::stdout(), "listening on http://{address}").expect("somebody reads");
    axum::serve(listener, app).await.expect("axum serves until it is stopped");
}
