//! HTTP/2, which axum's server speaks where its feature `http2` is on.

use pintle_tests::{Endpoint, Opcode, encode_frame, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::attack::withstand;
use crate::scene::realtime;

const OPEN: &str = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

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

    /// Asks for a WebSocket on a stream.
    async fn connect(&mut self, stream: u32, path: &str, headers: &[(&str, &str)]) {
        let mut head = [&named(2, "CONNECT")[..], &[0x86], &named(4, path), &named(1, "localhost")].concat();
        head.extend(field(":protocol", "websocket"));
        head.extend(headers.iter().flat_map(|(name, value)| field(name, value)));
        self.0.write_all(&frame(HEADERS, END_HEADERS, stream, &head)).await.expect("it is open");
    }

    /// Sends a text message on a stream that is a WebSocket.
    async fn say(&mut self, stream: u32, text: &str) {
        let message = encode_frame(true, Opcode::Text, text.as_bytes());
        self.0.write_all(&frame(DATA, 0, stream, &message)).await.expect("it is open");
    }

    /// The next frame of a stream.
    async fn next(&mut self, stream: u32) -> Frame {
        loop {
            let frame = within("a frame", self.frame()).await.expect("more before the end");
            if frame.stream == stream {
                return frame;
            }
        }
    }

    /// The first byte of the head on a stream: the status, if that is a usual one.
    async fn head(&mut self, stream: u32) -> u8 {
        let frame = self.next(stream).await;
        assert_eq!((frame.kind, frame.flags & END_STREAM), (HEADERS, 0));
        frame.payload[0]
    }

    /// The next data on a stream; `None` at its end.
    async fn data(&mut self, stream: u32) -> Option<Vec<u8>> {
        let frame = self.next(stream).await;
        (frame.kind == DATA && frame.flags & END_STREAM == 0).then_some(frame.payload)
    }

    /// The next text message on a stream; heartbeats are passed over. One message is in one frame of either kind.
    async fn text(&mut self, stream: u32) -> String {
        loop {
            let data = self.data(stream).await.expect("a message before the end");
            assert_eq!(data[0], 0x81, "a text: {data:?}");
            let payload = if data[1] < 126 { &data[2..] } else { &data[4..] };
            if payload != b"2" {
                return String::from_utf8(payload.to_vec()).expect("text");
            }
        }
    }

    /// The answer on a stream: the first byte of its head, which is the status if that is a usual one, and its body.
    async fn answer(&mut self, stream: u32) -> (u8, String) {
        let (mut head, mut body) = (None, Vec::new());
        loop {
            let frame = self.next(stream).await;
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
        while let Some(frame) = within("a frame or the end", connection.frame()).await {
            refused |= frame.kind == GOAWAY;
        }
        assert!(refused || connection.0.write_all(&frame(SETTINGS, 0, 0, &[])).await.is_err());
    })
    .await;
}

/// Long-polling needs nothing of HTTP/1.1.
#[tokio::test]
async fn h014_long_polling_works_over_http_2() {
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
    })
    .await;
}

/// RFC 8441: the stream is the WebSocket, and the server says of itself that it can.
#[tokio::test]
async fn h014_a_stream_of_http_2_is_a_websocket() {
    withstand(realtime(), async |endpoint| {
        let mut connection = Http2::open(endpoint).await;
        connection.connect(1, WEBSOCKET, &[("sec-websocket-version", "13")]).await;
        assert_eq!(connection.head(1).await, OK);
        assert!(connection.text(1).await.starts_with("0{"));
        connection.say(1, "40").await;
        assert!(connection.text(1).await.starts_with("40{"));
        connection.say(1, r#"427["witness",7]"#).await;
        assert_eq!(connection.text(1).await, "437[7]");

        // A session that began on long-polling comes over.
        connection.0.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 3, &get(OPEN))).await.expect("it is open");
        let opened = connection.answer(3).await.1;
        let sid = opened.split('"').nth(3).expect("an id");
        connection.connect(5, &format!("{WEBSOCKET}&sid={sid}"), &[("sec-websocket-version", "13")]).await;
        assert_eq!(connection.head(5).await, OK);
        connection.say(5, "2probe").await;
        assert_eq!(connection.text(5).await, "3probe");
        connection.say(5, "5").await;
        connection.say(5, "40").await;
        assert!(connection.text(5).await.starts_with("40{"));
        // One stream may end and the other go on.
        connection.say(5, "1").await;
        while connection.data(5).await.is_some() {}
        connection.say(1, r#"428["witness",8]"#).await;
        assert_eq!(connection.text(1).await, "438[8]");
    })
    .await;
}

#[tokio::test]
async fn h014_a_stream_is_refused_as_any_request_for_a_websocket() {
    withstand(realtime(), async |endpoint| {
        let mut connection = Http2::open(endpoint).await;
        let (version, old) = (("sec-websocket-version", "13"), ("sec-websocket-version", "8"));
        let cases = [
            (WEBSOCKET, vec![], "Bad handshake method"),
            (WEBSOCKET, vec![old], "Missing or invalid Sec-WebSocket-Version header"),
            (OPEN, vec![version], "Bad request"),
            ("/socket.io/?EIO=3&transport=websocket", vec![version], "Unsupported protocol version"),
            ("/socket.io/?EIO=4&transport=websocket&sid=nobody", vec![version], "Session ID unknown"),
            (WEBSOCKET, vec![version, ("origin", "https://evil.example")], "Origin not allowed"),
        ];
        for (nth, (path, headers, message)) in (0_u32..).zip(cases) {
            let stream = 2 * nth + 1;
            connection.connect(stream, path, &headers).await;
            let (status, body) = connection.answer(stream).await;
            assert!(status != OK && body.contains(message), "{path} {headers:?}: {body}");
        }
    })
    .await;
}
