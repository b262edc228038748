//! HTTP/2, which axum's server speaks where its feature `http2` is on.

use pintle_tests::Endpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::attack::withstand;
use crate::scene::realtime;

const OPEN: &str = "/socket.io/?EIO=4&transport=polling";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A connection by hand, no more of it than the tests need.
struct Http2(TcpStream);

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Http2 {
    async fn open(endpoint: Endpoint) -> Self {
        let mut stream = TcpStream::connect(endpoint.address()).await.expect("the server accepts");
        stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("it is open");
        let mut connection = Self(stream);
        connection.0.write_all(&frame(SETTINGS, 0, 0, &[])).await.expect("it is open");
        connection
    }

    /// The next frame; `None` at the end.
    async fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame { kind, flags, stream: u32::from_be_bytes(stream), payload })
    }

    /// The answer on a stream: the first byte of its head, which is the status if that is a usual one, and its body.
    async fn answer(&mut self, stream: u32) -> (u8, String) {
        let (mut head, mut body) = (None, Vec::new());
        loop {
            let frame = pintle_tests::within("a frame", self.frame()).await.expect("an answer before the end");
            if frame.stream != stream {
                continue;
            }
            match frame.kind {
                HEADERS => head = frame.payload.first().copied(),
                DATA => body.extend(&frame.payload),
                kind => panic!("a frame of kind {kind}"),
            }
            if frame.flags & END_STREAM != 0 {
                return (head.expect("a head"), String::from_utf8(body).expect("text"));
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// HPACK without its tables: each field as it is. Those of the static table that have a value are given by their index.
fn get(path: &str) -> Vec<u8> {
    [&[0x82, 0x86][..], &named(4, path), &named(1, "localhost")].concat()
}

fn named(index: u8, value: &str) -> Vec<u8> {
    [&[index, value.len() as u8], value.as_bytes()].concat()
}

fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0, name.len() as u8], name.as_bytes(), &[value.len() as u8], value.as_bytes()].concat()
}

const OK: u8 = 0x88;
const BAD_REQUEST: u8 = 0x8c;

/// A hundred thousand in a row is what took servers down: h2 ends the connection after some.
#[tokio::test]
async fn a56_requests_that_are_taken_back_at_once_end_the_connection() {
    withstand(realtime(), async |endpoint| {
        let mut connection = Http2::open(endpoint).await;
        let mut rapid = Vec::new();
        for stream in (1..20_001).step_by(2) {
            rapid.extend(frame(HEADERS, END_STREAM | END_HEADERS, stream, &get(OPEN)));
            rapid.extend(frame(RST_STREAM, 0, stream, &CANCEL));
        }
        // The server may hang up before it has read all.
        let _ = connection.0.write_all(&rapid).await;
        let mut refused = false;
        while let Some(frame) = pintle_tests::within("a frame or the end", connection.frame()).await {
            refused |= frame.kind == GOAWAY;
        }
        assert!(refused || connection.0.write_all(&frame(SETTINGS, 0, 0, &[])).await.is_err());
    })
    .await;
}

/// Long-polling needs nothing of HTTP/1.1.
#[tokio::test]
async fn h014_long_polling_works_over_http_2_and_a_connect_opens_nothing() {
    withstand(realtime(), async |endpoint| {
        let mut connection = Http2::open(endpoint).await;
        connection.0.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &get(OPEN))).await.expect("it is open");
        let (status, opened) = connection.answer(1).await;
        assert_eq!(status, OK);
        let sid = opened.split('"').nth(3).expect("an id");
        let session = format!("{OPEN}&sid={sid}");
        let post = [&[0x83, 0x86][..], &named(4, &session), &named(1, "localhost")].concat();
        let post = [frame(HEADERS, END_HEADERS, 3, &post), frame(DATA, END_STREAM, 3, b"40")].concat();
        connection.0.write_all(&post).await.expect("it is open");
        assert_eq!(connection.answer(3).await, (OK, "ok".to_owned()));
        connection.0.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 5, &get(&session))).await.expect("it is open");
        assert!(connection.answer(5).await.1.starts_with("40{"));

        // RFC 8441, a WebSocket on a stream.
        for (stream, protocol, path) in [
            (7, "websocket", "/socket.io/?EIO=4&transport=websocket"),
            (9, "websocket", OPEN),
            (11, "webtransport", "/socket.io/?EIO=4&transport=websocket"),
        ] {
            let connect = [
                &named(2, "CONNECT")[..],
                &[0x86],
                &named(4, path),
                &named(1, "localhost"),
                &field(":protocol", protocol),
                &field("sec-websocket-version", "13"),
            ]
            .concat();
            connection.0.write_all(&frame(HEADERS, END_HEADERS, stream, &connect)).await.expect("it is open");
            let (status, body) = connection.answer(stream).await;
            assert_eq!((status, &*body), (BAD_REQUEST, r#"{"code":2,"message":"Bad handshake method"}"#), "{protocol}");
        }
    })
    .await;
}
