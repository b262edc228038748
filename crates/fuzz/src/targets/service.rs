//! The whole tower service: any requests, in any order, at any time, to the sessions they open.
//!
//! `h` opens a session on long-polling, and what follows is about that one. `g` is a GET, which is left to wait. `p…` is a
//! POST of that body, `c…` has the bodies of the following ones come in pieces of so many bytes, `x…` is a body that breaks
//! off, `s…` one that never ends. `r…` is any request: a method, a query in which `$` is the session's id, headers, each
//! after a tab. `q` gives up the requests that wait. `w…` lets milliseconds pass, `e…` tells everybody something, and `k`
//! closes the server.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use pintle::{Ack, Args, NotFound, Socket, SocketIo, SocketIoLayer, SocketIoService};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::steps::{number, steps};
use crate::virtual_time::{all_gone, pass, run as on_virtual_time, settle, within};

pub(crate) const SEEDS: &[&[u8]] = &[
    b"h\ng\np40\ng\np42[\"echo\",1]\ng\nw25000\np3\ng\np1",
    b"h\np40\x1e40/admin,\x1e42[\"x\"]\ng",
    b"h\np40\np451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID\ng\ng",
    b"h\nc1\np40\np421[\"echo\",{}]\ng",
    b"h\ng\ng\nh\np4\np",
    b"h\nx40\ng",
    b"h\ns40\np40\nw61000",
    b"h\ng\nq\ng",
    b"h\ng\nw45000\ng",
    b"h\np40\ne1\ne\xc3\xa9\ng\nk\ng\nh",
    b"rGET EIO=3&transport=polling",
    b"h\nrGET EIO=4&transport=websocket&sid=$\tconnection: upgrade\tupgrade: websocket\tsec-websocket-version: 13\tsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\ng",
    b"h\nrPOST EIO=4&transport=polling&sid=$\tcontent-type: application/octet-stream\torigin: https://evil.example",
    b"h\nrDELETE EIO=4&transport=polling&sid=$\nrOPTIONS EIO=4&transport=polling\nrGET EIO=4&transport=polling&sid=nope",
    b"h\np40\np42[\"leave\"]\np42[\"close\"]\np42[\"unknown\"]\ng\ng",
];

const MAX_PAYLOAD: usize = 1000;
/// The longest wait, in milliseconds.
const LONGEST: u64 = 60_000;
/// What a server and its runtime ask for before anybody has come.
const FLOOR: usize = 256 * 1024;
/// What a request and its task ask for; the shortest that opens a session is a byte and the end of its line.
const EACH: usize = 16 * 1024;

/// Every request is answered, and when the clients have gone nothing of them is left.
pub(crate) fn run(data: &[u8]) {
    crate::meter::bounded(data.len(), EACH, FLOOR, || on_virtual_time(converse(data)));
}

async fn converse(data: &[u8]) {
    let mut scene = Scene::new();
    for step in steps(data) {
        scene.step(step).await;
        settle().await;
    }
    // A server that is closed has told everybody; from others the clients are gone, and are found out.
    let Scene { io, service, mut waiting, .. } = scene;
    while let Some(answered) = within("the answer to a request", waiting.join_next()).await {
        assert!(answered.map_or_else(|error| error.is_cancelled(), |()| true), "see the panic above");
    }
    drop(service);
    all_gone().await;
    assert_eq!((io.engine().clients_count(), io.sockets().len()), (0, 0));
}

struct Scene {
    io: SocketIo,
    service: SocketIoService<NotFound>,
    sid: String,
    waiting: JoinSet<()>,
    /// Bytes of a piece of a body; 0 for bodies in one piece.
    piece: usize,
}

impl Scene {
    fn new() -> Self {
        let layer = SocketIoLayer::new()
            .max_payload(MAX_PAYLOAD)
            .on("echo", async |socket: Socket, args: Args| socket.emit("echo", &args).map(|()| Ack(args)))
            .on("leave", async |socket: Socket| socket.disconnect())
            .on("close", async |socket: Socket| socket.close())
            .on_disconnect(async |socket: Socket| socket.join("ghosts"))
            .namespace("/admin", pintle::Namespace::new());
        let io = layer.io();
        Self { io, service: layer.into_service(), sid: String::new(), waiting: JoinSet::new(), piece: 0 }
    }

    async fn step(&mut self, (step, rest): (u8, &[u8])) {
        let (whole, piece) = (Bytes::copy_from_slice(rest), self.piece);
        match step {
            b'h' => self.open().await,
            b'g' => self.ask("GET", &[], Pieces::of(Bytes::new(), 0)),
            b'p' => self.ask("POST", &[], Pieces::of(whole, piece)),
            b'x' => self.ask("POST", &[], Pieces { end: End::Break, ..Pieces::of(whole, piece) }),
            b's' => self.ask("POST", &[], Pieces { end: End::Never, ..Pieces::of(whole, piece) }),
            b'c' => self.piece = number(rest, MAX_PAYLOAD as u64) as usize,
            b'r' => self.raw(rest),
            b'q' => self.waiting.abort_all(),
            b'w' => pass(Duration::from_millis(number(rest, LONGEST))).await,
            b'e' => {
                let sent = self.io.emit("said", String::from_utf8_lossy(rest));
                assert!(sent.is_ok() || self.io.is_closed());
            }
            b'k' => {
                let io = self.io.clone();
                self.waiting.spawn(async move { io.close().await });
            }
            _ => {}
        }
    }

    async fn open(&mut self) {
        let request = request("GET", "EIO=4&transport=polling", &[], Pieces::of(Bytes::new(), 0));
        let (status, body) = answer(self.service.clone(), request.expect("it is a proper one")).await;
        if status == StatusCode::OK {
            let open: serde_json::Value = serde_json::from_slice(&body[1..]).expect("an open packet is JSON");
            open["sid"].as_str().expect("it has an id").clone_into(&mut self.sid);
        } else {
            assert!(self.io.is_closed(), "{status}");
        }
    }

    fn ask(&mut self, method: &str, headers: &[(&str, &[u8])], body: Pieces) {
        let query = format!("EIO=4&transport=polling&sid={}", self.sid);
        self.start(request(method, &query, headers, body));
    }

    fn raw(&mut self, line: &[u8]) {
        let mut parts = line.split(|byte| *byte == b'\t');
        let Some((method, query)) = parts
            .next()
            .and_then(|line| str::from_utf8(line).ok()?.split_once(' '))
            .filter(|(method, _)| method.len() < 20)
        else {
            return;
        };
        let headers: Vec<_> = parts
            .filter_map(|header| {
                let colon = header.iter().position(|byte| *byte == b':')?;
                Some((str::from_utf8(&header[..colon]).ok()?, header[colon + 1..].trim_ascii()))
            })
            .collect();
        self.start(request(method, &query.replace('$', &self.sid), &headers, Pieces::of(Bytes::new(), 0)));
    }

    fn start(&mut self, request: Option<Request<Pieces>>) {
        if let Some(request) = request {
            let service = self.service.clone();
            self.waiting.spawn(async move {
                let known = matches!(request.method().as_str(), "GET" | "POST");
                let (status, _) = answer(service, request).await;
                let status = status.as_u16();
                assert!(matches!(status, 101 | 200 | 400 | 403 | 405 | 408 | 413 | 503) || status == 500 && !known);
            });
        }
    }
}

/// A request, if it is one at all.
fn request(method: &str, query: &str, headers: &[(&str, &[u8])], body: Pieces) -> Option<Request<Pieces>> {
    let mut request = Request::builder().method(method).uri(format!("/socket.io/?{query}")).body(body).ok()?;
    for (name, value) in headers {
        let (name, value) = (HeaderName::try_from(*name).ok()?, HeaderValue::from_bytes(value).ok()?);
        request.headers_mut().append(name, value);
    }
    Some(request)
}

async fn answer(service: SocketIoService<NotFound>, request: Request<Pieces>) -> (StatusCode, Bytes) {
    let response = service.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap_or_else(|never| match never {});
    (parts.status, body.to_bytes())
}

/// A body that comes piece by piece, each after a pause.
struct Pieces {
    rest: Bytes,
    piece: usize,
    paused: bool,
    end: End,
}

enum End {
    Proper,
    Break,
    Never,
}

impl Pieces {
    const fn of(rest: Bytes, piece: usize) -> Self {
        Self { rest, piece, paused: false, end: End::Proper }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if !self.rest.is_empty() {
            self.paused = self.piece > 0 && !self.paused;
            if self.paused {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let all = self.rest.len();
            let length = if self.piece == 0 { all } else { self.piece.min(all) };
            return Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))));
        }
        match self.end {
            End::Proper => Poll::Ready(None),
            End::Break => Poll::Ready(Some(Err("the client has hung up"))),
            // Who reads it gives up some time.
            End::Never => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && matches!(self.end, End::Proper)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
