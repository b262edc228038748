//! What a client can do to the log, and what the log tells of a client.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::Once;

use pintle::{Ack, ClientError, Data, Namespace, Socket};
use pintle_tests::{Client, Polling, Request, Transport, WebSocket, eventually};
use serde::Deserialize;
use tracing::Level;

use crate::scene::{Scene, realtime};

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What is logged on this thread, of all levels.
///
/// The subscriber is that of the whole program: one of a thread may never hear of what another thread logged first.
#[derive(Clone, Copy)]
struct Log;

impl Log {
    fn start() -> Self {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false);
            subscriber.with_writer(|| Self).init();
        });
        Self
    }

    fn text(self) -> String {
        LOG.with_borrow(|log| String::from_utf8_lossy(log).into_owned())
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Deserialize)]
enum Choice {
    Only,
}

/// Fails with what the client said.
async fn repeat(Data(text): Data<String>) -> Result<(), ClientError> {
    Err(ClientError::new(text))
}

async fn choose(Data(choice): Data<Choice>) {
    let Choice::Only = choice;
}

async fn fall(Data(text): Data<String>) {
    panic!("{text}");
}

async fn wander(socket: Socket, Data(room): Data<String>) {
    socket.io().to(socket.id()).join(room);
}

async fn ask(socket: Socket) {
    // Whatever comes of it: what is logged is what this is about.
    let _ = socket.io().to(socket.id()).emit_with_ack::<Choice>("choose", ()).await;
}

#[tokio::test]
async fn h147_a_client_cannot_forge_a_line_of_the_log_nor_fill_it() {
    let log = Log::start();
    let anything = Namespace::new().middleware(async |socket: Socket| socket.join("r".repeat(1_000_000)));
    let layer = realtime()
        .on("repeat", repeat)
        .on("choose", choose)
        .on("fall", fall)
        .on("wander", wander)
        .on("ask", ask)
        .fallback(async || -> Result<(), ClientError> { Err(ClientError::new("no")) })
        .namespace("/{*any}", anything.on("repeat", repeat));
    let scene = Scene::set(layer).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let evil = "\n2026-01-01 ERROR forged \u{1b}[31m";
        let escaped = r"\n2026-01-01 ERROR forged \u001b[31m";
        for (name, value) in [("user-agent", "\u{1b}[31m"), ("origin", "http://\u{1b}[31m")] {
            let request = Request::get(endpoint.target("EIO=4&transport=polling")).header(name, value);
            let _ = request.send(endpoint.address()).await;
        }
        let mut client = Client::join(endpoint, Transport::WebSocket).await;
        let long = "x".repeat(900_000);
        for said in [escaped, &long] {
            for event in ["repeat", "choose", "fall", "wander"] {
                client.send(&format!(r#"42["{event}","{said}"]"#)).await;
            }
        }
        client.send(&format!(r#"42["{escaped}"]"#)).await;
        client.send(&format!(r#"42["{}"]"#, "x".repeat(256))).await;
        for namespace in [format!("/{evil}"), format!("/{}", "x".repeat(500))] {
            client.send(&format!("40{namespace},")).await;
            client.connected(&format!("{namespace},")).await;
            client.send(&format!(r#"42{namespace},["repeat","{escaped}"]"#)).await;
            client.send(&format!("41{namespace},")).await;
        }
        client.send(r#"42["ask"]"#).await;
        let question = client.text().await;
        let id = question.trim_start_matches("42").split('[').next().expect("an id").to_owned();
        client.send(&format!(r#"43{id}["{escaped}"]"#)).await;
        client.assert_open().await;
    };
    scene.elsewhere.run(attack).await;
    // The witness has a place in the log when it is heard, so what came before it is there.
    eventually("the acknowledgement in the log", || log.text().contains("not of the wanted type")).await;
    let text = log.text();
    for line in text.lines() {
        assert!(line.starts_with("20") && line.contains('Z') && !line.starts_with("2026-01-01 ERROR"), "{line}");
        assert!(line.len() < 2500, "{} bytes: {}", line.len(), &line[..200]);
    }
    assert!(!text.contains('\u{1b}'), "a terminal would obey");
    for told in ["a handler panicked", "a handler failed", "was not joined", "socket disconnected"] {
        assert!(text.contains(told), "{told:?} is not in the log, and so is not tested");
    }
    assert!(text.contains(r"\n2026-01-01 ERROR forged \u{1b}[31m"), "what was said can be read");
}

#[tokio::test]
async fn h142_the_id_of_a_session_is_in_no_log_and_printed_nowhere() {
    let log = Log::start();
    let show = async |socket: Socket| {
        let shown = format!("{socket:?} {:?} {:?} {:?}", socket.io(), socket.conn(), socket.handshake());
        Ack(format!("{shown} {:?} {}", socket.handshake_details(), socket.id()))
    };
    let realtime = realtime().on("show", show);
    let printed = format!("{realtime:?}");
    let scene = Scene::set(realtime).await;
    let endpoint = scene.endpoint();
    let sid = scene.elsewhere.run(async move {
        let session = Polling::open(endpoint).await;
        session.push("40").await;
        let mut polling = Client::Polling(session);
        polling.connected("").await;
        polling.send(r#"421["show"]"#).await;
        let shown = polling.text().await;
        let Client::Polling(session) = polling else { unreachable!("it polls") };
        let sid = session.sid().to_owned();
        assert!(!shown.contains(&sid), "{shown}");
        let mut socket = WebSocket::connect(endpoint, &session.upgrade_query()).await;
        socket.send("2probe").await;
        assert_eq!(socket.text().await, "3probe");
        socket.send("5").await;
        socket.assert_open().await;
        socket.send("1").await;
        socket.closed().await;
        sid
    });
    let sid = sid.await;
    eventually("the end of the session in the log", || log.text().contains("session closed")).await;
    assert!(log.text().contains(&format!("{}…", &sid[..4])), "its beginning, to tell sessions apart");
    assert!(!log.text().contains(&sid), "{}", log.text());
    assert!(!printed.contains(&sid));
}
