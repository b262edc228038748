//! What may happen at the same time, in thousands of orders.
//!
//! shuttle plays the threads of a test on one thread, and at each lock and each atomic says which of them goes on. A wake-up
//! that is lost shows as a deadlock. The clock stands still: nothing here comes right because a timeout has.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;
use std::time::Instant;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use pintle_engine::Frame;
use shuttle::future::block_on;
use shuttle::thread;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{
    CloseReason, Config, Connection, EngineHandle, EngineLayer, Message, Protocol, ResponseBody, SendError,
    SessionHandle,
};

/// Orders of each test.
const ORDERS: usize = 1000;
const MESSAGES: usize = 4;

#[test]
fn a68_h186_what_is_sent_from_everywhere_comes_once_and_in_order() {
    explore(|server| {
        let client = server.open();
        let senders = [0, 1].map(|sender| {
            let session = server.session();
            thread::spawn(move || {
                for number in 0..MESSAGES {
                    session.send([Frame::text(&format!("{sender}{number}"))]).unwrap();
                }
            })
        });
        let mut heard = Vec::new();
        while heard.len() < 2 * MESSAGES {
            heard.extend(messages(&client.poll().1));
        }
        join(senders);
        for sender in ["0", "1"] {
            let of_one: Vec<&str> = heard.iter().filter_map(|message| message.strip_prefix(sender)).collect();
            assert_eq!(of_one, numbers(), "{heard:?}");
        }
        server.session().abort(CloseReason::ForcedClose);
        server.assert_ended_once();
    });
}

#[test]
fn h186_a_session_that_is_closed_from_everywhere_ends_once() {
    explore(|server| {
        let client = server.open();
        let closing: [fn(&SessionHandle); 4] = [
            SessionHandle::close,
            |session| session.abort(CloseReason::Overflow),
            // Whether it is taken depends on who was first.
            |session| _ = session.send([Frame::text("0")]),
            |session| _ = session.send_volatile([Frame::text("0")]),
        ];
        let closing = closing.map(|close| {
            let session = server.session();
            thread::spawn(move || close(&session))
        });
        // Whoever waits is told, and whoever comes later is told that there is nothing.
        while client.poll().0 == StatusCode::OK {}
        join(closing);
        server.assert_ended_once();
        assert_eq!(server.handle().session_count(), 0);
        assert_eq!(server.session().send([Frame::text("0")]), Err(SendError::Closed));
    });
}

#[test]
fn what_was_sent_before_a_graceful_close_comes() {
    explore(|server| {
        let client = server.open();
        let session = server.session();
        let sender = thread::spawn(move || {
            for number in 0..MESSAGES {
                session.send([Frame::text(&number.to_string())]).unwrap();
            }
            session.close();
        });
        let mut heard = Vec::new();
        loop {
            let (status, payload) = client.poll();
            if status != StatusCode::OK {
                break;
            }
            heard.extend(messages(&payload));
        }
        sender.join().unwrap();
        assert_eq!(heard, numbers());
        server.assert_ended_once();
    });
}

#[test]
fn h041_two_posts_at_a_time_end_the_session_and_are_never_mixed() {
    explore(|server| {
        let client = server.open();
        let posts = ["4a\u{1e}4b", "4c\u{1e}4d"].map(|body| {
            let client = client.clone();
            thread::spawn(move || client.push(body).0 == StatusCode::OK)
        });
        let done = join(posts);
        let heard = server.heard().concat();
        let both = ["abcd", "cdab"].contains(&heard.as_str());
        if done == [true, true] {
            assert!(both, "one after the other: {heard}");
        } else {
            assert!(both || ["", "ab", "cd"].contains(&heard.as_str()), "one and not the other: {heard}");
        }
        server.session().abort(CloseReason::ForcedClose);
        server.assert_ended_once();
    });
}

#[test]
fn h041_a_post_that_is_given_up_ends_the_session_once() {
    explore(|server| {
        let client = server.open();
        let session = server.session();
        let closing = thread::spawn(move || session.close());
        let pushing = {
            let client = client.clone();
            thread::spawn(move || drop(client.push("4a")))
        };
        while client.poll().0 == StatusCode::OK {}
        closing.join().unwrap();
        pushing.join().unwrap();
        server.assert_ended_once();
    });
}

#[test]
fn h092_a68_an_upgrade_under_fire_loses_nothing() {
    explore(|server| {
        let client = server.open();
        let session = server.session();
        let sender = thread::spawn(move || {
            for number in 0..MESSAGES {
                session.send([Frame::text(&number.to_string())]).unwrap();
            }
        });
        let polling = {
            let client = client.clone();
            // One GET waits while the probe is answered: it is let go, with something or with nothing.
            thread::spawn(move || client.poll())
        };
        let mut websocket = server.websocket(&client.sid);
        websocket.send("2probe");
        assert_eq!(websocket.receive(), "3probe");
        let (status, payload) = polling.join().unwrap();
        assert_eq!(status, StatusCode::OK);
        let mut heard = messages(&payload);
        websocket.send("5");
        websocket.send("4hello");
        while heard.len() < MESSAGES {
            heard.extend(messages(&websocket.receive()));
        }
        assert_eq!(heard, numbers());
        sender.join().unwrap();
        websocket.hang_up();
        server.assert_ended_once();
        assert_eq!(server.heard(), ["hello"]);
    });
}

#[test]
fn h092_a_post_in_flight_comes_before_the_websocket_or_not_at_all() {
    explore(|server| {
        let client = server.open();
        let mut websocket = server.websocket(&client.sid);
        websocket.send("2probe");
        assert_eq!(websocket.receive(), "3probe");
        let pushing = thread::spawn(move || client.push("4a\u{1e}4b").0);
        websocket.send("5");
        websocket.send("4c");
        let pushed = pushing.join().unwrap();
        websocket.hang_up();
        server.assert_ended_once();
        let expected: &[&str] = if pushed == StatusCode::OK { &["a", "b", "c"] } else { &["c"] };
        assert_eq!(server.heard(), expected, "{pushed}");
    });
}

#[test]
fn h186_a_session_that_ends_while_it_upgrades_ends_once() {
    explore(|server| {
        let client = server.open();
        let session = server.session();
        let closing = thread::spawn(move || session.abort(CloseReason::ForcedClose));
        let mut websocket = server.websocket(&client.sid);
        websocket.try_send("2probe");
        websocket.try_send("5");
        websocket.hang_up();
        closing.join().unwrap();
        server.assert_ended_once();
        assert_eq!(server.handle().session_count(), 0);
    });
}

#[test]
fn who_closes_a_server_sees_every_session_that_was_let_in() {
    explore(|server| {
        let opening = {
            let server = server.clone();
            thread::spawn(move || server.try_open().is_some())
        };
        server.handle().close();
        let seen = server.handle().sessions();
        for session in &seen {
            session.abort(CloseReason::ForcedClose);
        }
        let opened = opening.join().unwrap();
        assert!(!opened || seen.len() == 1, "nobody would ever close it");
        block_on(server.handle().idle());
        assert_eq!((server.ends(), server.handle().session_count()), (usize::from(opened), 0));
    });
}

fn join<T, const N: usize>(threads: [thread::JoinHandle<T>; N]) -> [T; N] {
    threads.map(|thread| thread.join().unwrap())
}

/// What is sent, in order.
fn numbers() -> Vec<String> {
    (0..MESSAGES).map(|number| number.to_string()).collect()
}

/// Plays a test in many orders, each with a server of its own.
fn explore(test: impl Fn(Server) + Send + Sync + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    // Not dropped: an order that fails leaves tasks behind, which nobody can wake any more.
    let runtime = Box::leak(Box::new(runtime));
    let _clock = runtime.enter();
    shuttle::check_random(move || test(Server::new()), ORDERS);
}

type Service = BoxCloneSyncService<Request<Full<Bytes>>, Response<ResponseBody<Full<Bytes>>>, Infallible>;

/// A server, and a book of what happens on its sessions.
#[derive(Clone)]
struct Server {
    layer: EngineLayer<Noted>,
    service: Service,
    book: Arc<Book>,
}

#[derive(Default)]
struct Book {
    // Not shuttle's: what a test writes down is no place where threads may meet.
    session: std::sync::Mutex<Option<SessionHandle>>,
    heard: std::sync::Mutex<Vec<String>>,
    ends: AtomicUsize,
}

/// Writes down what happens.
#[derive(Clone)]
struct Noted(Arc<Book>);

impl Protocol for Noted {
    type Connection = Self;

    fn connect(&self, session: SessionHandle, _: Instant) -> Self {
        *self.0.session.lock().unwrap() = Some(session);
        self.clone()
    }
}

impl Connection for Noted {
    fn handle_message(&mut self, _: &mut Context<'_>, _: Instant, message: Message<'_>) {
        if let Message::Text(text) = message {
            self.0.heard.lock().unwrap().push(text.to_owned());
        }
    }

    fn handle_close(&mut self, _: &mut Context<'_>, _: Instant, _: CloseReason) {
        self.0.ends.fetch_add(1, Ordering::SeqCst);
    }
}

impl Server {
    fn new() -> Self {
        let book = Arc::<Book>::default();
        let layer = EngineLayer::new(Config::new("/engine.io"), Noted(book.clone()));
        let nobody = service_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(Response::new(Full::default())));
        let service = BoxCloneSyncService::new(layer.layer(nobody));
        Self { layer, service, book }
    }

    fn handle(&self) -> EngineHandle {
        self.layer.engine().handle().clone()
    }

    fn open(&self) -> Client {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Option<Client> {
        let client = Client { server: self.clone(), sid: String::new() };
        let (status, open) = client.ask("GET", "/engine.io/?EIO=4&transport=polling", "");
        let sid = open.strip_prefix(r#"0{"sid":""#)?[..20].to_owned();
        assert_eq!(status, StatusCode::OK);
        Some(Client { sid, ..client })
    }

    /// The session, which there has been.
    fn session(&self) -> SessionHandle {
        self.book.session.lock().unwrap().clone().unwrap()
    }

    fn heard(&self) -> Vec<String> {
        self.book.heard.lock().unwrap().clone()
    }

    fn ends(&self) -> usize {
        self.book.ends.load(Ordering::SeqCst)
    }

    /// Waits for the end of the session and its task.
    fn assert_ended_once(&self) {
        block_on(self.handle().idle());
        assert_eq!(self.ends(), 1);
    }

    /// A WebSocket that may take over a session.
    fn websocket(&self, sid: &str) -> WebSocket {
        let (client, server) = tokio::io::duplex(4096);
        let nobody = service_fn(async |_: Request<_>| Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())));
        let service = TowerToHyperService::new(self.layer.layer(nobody));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(server), service);
        drop(shuttle::future::spawn(connection.with_upgrades()));
        let mut websocket = WebSocket(client);
        websocket.write(
            format!(
                "GET /engine.io/?EIO=4&transport=websocket&sid={sid} HTTP/1.1\r\nConnection: Upgrade\r\n\
                 Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            .as_bytes(),
        );
        block_on(async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(websocket.0.read_u8().await.unwrap());
            }
        });
        websocket
    }
}

/// A client that polls.
#[derive(Clone)]
struct Client {
    server: Server,
    sid: String,
}

impl Client {
    fn poll(&self) -> (StatusCode, String) {
        self.ask("GET", &self.uri(), "")
    }

    fn push(&self, body: &'static str) -> (StatusCode, String) {
        self.ask("POST", &self.uri(), body)
    }

    fn uri(&self) -> String {
        format!("/engine.io/?EIO=4&transport=polling&sid={}", self.sid)
    }

    fn ask(&self, method: &str, uri: &str, body: &'static str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(uri).body(Full::from(body)).unwrap();
        block_on(async {
            let response = self.server.service.clone().oneshot(request).await.unwrap();
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        })
    }
}

/// A client's end of a WebSocket.
struct WebSocket(DuplexStream);

impl WebSocket {
    /// Sends a packet, masked with zeros.
    fn send(&mut self, packet: &str) {
        assert!(self.try_send(packet));
    }

    fn try_send(&mut self, packet: &str) -> bool {
        let head = [0x81, 0x80 | packet.len() as u8, 0, 0, 0, 0];
        self.write(&[&head[..], packet.as_bytes()].concat())
    }

    fn write(&mut self, bytes: &[u8]) -> bool {
        block_on(self.0.write_all(bytes)).is_ok()
    }

    /// The next packet.
    fn receive(&mut self) -> String {
        block_on(async {
            assert_eq!(self.0.read_u8().await.unwrap(), 0x81);
            let length = usize::from(self.0.read_u8().await.unwrap());
            let mut packet = vec![0; length];
            self.0.read_exact(&mut packet).await.unwrap();
            String::from_utf8(packet).unwrap()
        })
    }

    /// Hangs up, and reads to the end.
    fn hang_up(mut self) {
        block_on(async {
            // Whoever was first, it is over.
            let _ = self.0.shutdown().await;
            let _ = self.0.read_to_end(&mut Vec::new()).await;
        });
    }
}

/// The messages of a payload.
fn messages(payload: &str) -> Vec<String> {
    payload.split('\u{1e}').filter_map(|packet| packet.strip_prefix('4').map(str::to_owned)).collect()
}
