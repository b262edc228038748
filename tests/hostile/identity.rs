//! Who a session belongs to, and what a stranger can make of what it learns or guesses.

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use pintle::{Namespace, Socket, SocketIoLayer, StateRecovery};
use pintle_tests::{Client, HttpConnection, Polling, Request, Transport, WebSocket, eventually};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::MakeWriter;

use crate::attack::{leave, withstand};
use crate::scene::{Scene, realtime};

const OPEN: &str = "/socket.io/?EIO=4&transport=polling";

/// Of 20,000 ids none is there twice, and each of their 120 bits is set in about half of them: nothing in them counts, and
/// nothing stays. The bound is eight times what chance makes likely.
#[tokio::test]
async fn a01_ids_are_random_in_every_bit() {
    const IDS: usize = 20_000;
    let service = SocketIoLayer::new().into_service();
    let mut ids = HashSet::new();
    let mut set = [0_usize; 120];
    for _ in 0..IDS {
        let request = HttpRequest::get(OPEN).body(Body::empty()).expect("a request");
        let Ok(response) = service.clone().oneshot(request).await;
        let body = to_bytes(Body::new(response.into_body()), 1_000).await.expect("a short body");
        let open: Value = serde_json::from_slice(&body[1..]).expect("an open packet");
        let sid = open["sid"].as_str().expect("an id");
        let bytes = URL_SAFE.decode(sid).expect("base64");
        assert_eq!(bytes.len(), 15);
        for (bit, count) in set.iter_mut().enumerate() {
            *count += usize::from(bytes[bit / 8] >> (bit % 8) & 1);
        }
        assert!(ids.insert(sid.to_owned()), "{sid} twice");
    }
    for (bit, count) in set.into_iter().enumerate() {
        assert!(count.abs_diff(IDS / 2) < 566, "bit {bit} is set {count} times");
    }
}

/// What is logged, printed, or sent to anybody else never holds it. Who has it all the same speaks for the client: it is a
/// bearer secret, as in Node.
#[tokio::test]
async fn h140_h142_h068_the_id_of_a_session_is_its_clients_secret() {
    let (log, _guard) = Log::start();
    let printed = Arc::<Mutex<String>>::default();
    let note = printed.clone();
    let print = async move |socket: Socket| {
        let io = socket.io();
        let handshake = (socket.handshake(), socket.handshake_details());
        let others = io.sockets().iter().map(|other| (other.id(), other.clone(), other.rooms())).collect::<Vec<_>>();
        let text = format!("{socket:?} {io:?} {handshake:?} {:?} {:?} {others:?}", socket.conn(), io.engine());
        note.lock().expect("no panic").push_str(&text);
        socket.to("listeners").emit("who", (socket.id().as_str(), socket.handshake_details()))
    };
    let listen = async |socket: Socket| socket.join("listeners");
    let scene = Scene::set(realtime().on("print", print).on("listen", listen)).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let mut other = Client::join(endpoint, Transport::WebSocket).await;
        other.send(r#"42["listen"]"#).await;
        other.assert_open().await;
        let mut victim = Polling::open(endpoint).await;
        victim.push("40").await;
        let connected = victim.receive().await;
        victim.push(r#"42["print"]"#).await;
        let heard = other.text().await;
        assert!(heard.starts_with(r#"42["who""#), "{heard}");
        // Everything that goes wrong is logged, too.
        let sid = victim.sid().to_owned();
        let stranger = Request::post(victim.target(), "3").header("cookie", "another=user");
        assert_eq!(stranger.send(endpoint.address()).await.text(), "ok");
        let mut candidate = WebSocket::connect(endpoint, &victim.upgrade_query()).await;
        candidate.send("nonsense").await;
        candidate.ended().await;
        assert_eq!(victim.post("nonsense").await.status, 400);
        victim.vanished().await;
        (sid, connected + &heard)
    };
    let (sid, told) = scene.elsewhere.run(attack).await;
    eventually("what was logged", || log.text().contains("session closed")).await;
    assert!(log.text().contains(&format!("Sid({}…)", &sid[..4])), "{}", log.text());
    for (what, text) in [("logged", log.text()), ("printed", printed.lock().expect("no panic").clone()), ("told", told)]
    {
        assert!(!text.is_empty() && !text.contains(&sid), "{what}: {text}");
    }
    scene.unharmed().await;
}

/// Each guess costs a look into a table, and says nothing of how near it was.
#[tokio::test]
async fn h141_guesses_learn_nothing_and_cost_nothing() {
    withstand(realtime(), async |endpoint| {
        let victim = Polling::open(endpoint).await;
        let guesses = tokio::task::JoinSet::from_iter((0..8).map(|part| {
            let sid = victim.sid().to_owned();
            async move {
                let mut connection = HttpConnection::open(endpoint.address()).await;
                for number in 0..500 {
                    // All but its end.
                    let guess = format!("{}{part}{number:03}", &sid[..16]);
                    if guess == sid {
                        continue;
                    }
                    connection.request(&Request::get(format!("{OPEN}&sid={guess}"))).await;
                    let refused = connection.response().await;
                    let unknown = r#"{"code":1,"message":"Session ID unknown"}"#;
                    assert_eq!((refused.status, refused.text()), (400, unknown));
                }
            }
        }));
        guesses.join_all().await;
        leave(&victim).await;
    })
    .await;
}

/// The ids of acknowledgements are easy to guess, and count for the socket that was asked.
#[tokio::test]
async fn h144_who_was_not_asked_cannot_answer() {
    let realtime = realtime().on("join", async |socket: Socket| socket.join("asked"));
    let scene = Scene::set(realtime).await;
    let (endpoint, io) = (scene.endpoint(), scene.io.clone());
    let attack = async move {
        let mut asked = Client::join(endpoint, Transport::WebSocket).await;
        asked.send(r#"42["join"]"#).await;
        asked.assert_open().await;
        let mut liar = Client::join(endpoint, Transport::WebSocket).await;
        let answers = io.to("asked").timeout(Duration::from_secs(10)).emit_with_ack::<String>("secret?", ());
        let answers = tokio::spawn(answers);
        let question = asked.text().await;
        let id = question.strip_prefix("42").and_then(|rest| rest.split('[').next()).expect("an id").to_owned();
        for guess in 0..100 {
            liar.send(&format!(r#"43{guess}["lies"]"#)).await;
        }
        liar.send(&format!(r#"43{id}["lies"]"#)).await;
        liar.assert_open().await;
        // Once is enough.
        for word in ["truth", "lies"] {
            asked.send(&format!(r#"43{id}["{word}"]"#)).await;
        }
        let answers = answers.await.expect("no panic").expect("an answer in time");
        assert_eq!(answers, ["truth"]);
        asked.assert_open().await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

/// The private id of recovery is as good as a session's: whole, in its namespace, and for one at a time.
#[tokio::test]
async fn h145_what_a_stranger_brings_recovers_nothing() {
    let realtime = realtime()
        .recovery(StateRecovery::new())
        .on("enter", async |socket: Socket| socket.join("members"))
        .namespace("/other", Namespace::new());
    let scene = Scene::set(realtime).await;
    let (endpoint, io) = (scene.endpoint(), scene.io.clone());
    let attack = async move {
        let mut victim = Client::open(endpoint, Transport::WebSocket).await;
        victim.send("40").await;
        let told = connected(&victim.text().await);
        victim.send(r#"42["enter"]"#).await;
        victim.assert_open().await;
        io.to("members").emit("news", "members only").expect("it is open");
        let news: Value = serde_json::from_str(&victim.text().await[2..]).expect("an event");
        let offset = &news[2];
        let pid = told["pid"].as_str().expect("a private id");
        assert_ne!(told["sid"], told["pid"]);
        drop(victim);
        eventually("the victim to be gone", || io.sockets().len() == 1).await;
        io.to("members").emit("news", "missed").expect("it is open");

        let shifted = format!("{}A", &pid[1..]);
        for (namespace, pid, offset) in [
            ("", &told["sid"], offset),
            ("", &json!(&pid[..19]), offset),
            ("", &json!(format!("{pid}A")), offset),
            ("", &json!(shifted), offset),
            ("", &json!(pid.to_lowercase() + "!"), offset),
            ("", &json!(7), offset),
            ("", &json!([pid]), offset),
            ("", &json!(""), offset),
            ("", &json!("x".repeat(10_000)), offset),
            ("/other,", &told["pid"], offset),
        ] {
            let mut stranger = Client::open(endpoint, Transport::WebSocket).await;
            stranger.send(&format!("40{namespace}{}", json!({ "pid": pid, "offset": offset }))).await;
            let said = stranger.text().await;
            let new = connected(&said.replacen(namespace, "", 1));
            assert_ne!(new["sid"], told["sid"], "{namespace} {pid}");
        }
        // It was not used up by that.
        let auth = json!({ "pid": told["pid"], "offset": offset });
        let mut back = Client::open(endpoint, Transport::WebSocket).await;
        back.send(&format!("40{auth}")).await;
        let missed = back.text().await;
        assert!(missed.starts_with(r#"42["news","missed""#), "{missed}");
        assert_eq!(connected(&back.text().await)["sid"], told["sid"]);
        // Whoever has it all the same is the client, and the other one is not any more: there are never two.
        let mut thief = Client::open(endpoint, Transport::WebSocket).await;
        thief.send(&format!("40{auth}")).await;
        back.closed().await;
        assert!(thief.text().await.starts_with(r#"42["news","missed""#));
        assert_eq!(connected(&thief.text().await)["sid"], told["sid"]);
        eventually("the witness and one more", || io.sockets().len() == 2).await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

/// What a CONNECT was answered with.
fn connected(packet: &str) -> Value {
    let json = packet.strip_prefix("40").unwrap_or_else(|| panic!("a CONNECT, not {packet}"));
    serde_json::from_str(json).expect("JSON")
}

/// What was logged on this thread, and with it all of a server that runs there.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> (Self, impl Sized) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = || tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false);
        // As long as there is but one, what another test's thread traces first is off for everybody: nobody collects there.
        let second = Dispatch::new(subscriber().finish());
        (log, (second, tracing::subscriber::set_default(subscriber().with_writer(writer).finish())))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
