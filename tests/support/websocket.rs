//! A WebSocket by hand: frames are cut and read here, so that a test can send wrong ones and see each one it gets.

use std::time::Duration;

use serde_json::Value;

use crate::client::Packet;
use crate::http::{HttpConnection, Request, Response};
use crate::server::Endpoint;
use crate::time::within;

/// RFC 6455's own example, so that the answer is known without computing it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
/// Any mask does; one without a zero byte shows a server that forgets to unmask.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 6455 names them")]
pub enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// A frame as the server wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The first byte: FIN, the reserved bits and the opcode.
    pub head: u8,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Frame {
    const fn is(&self, opcode: Opcode) -> bool {
        // FIN set, no reserved bit: nothing else is ever negotiated here, and messages are small.
        self.head == 0x80 | opcode as u8
    }

    /// The text of a text frame.
    pub fn text(&self) -> Option<&str> {
        self.is(Opcode::Text).then(|| std::str::from_utf8(&self.payload).expect("text frames are UTF-8"))
    }

    /// The data of a binary frame.
    pub fn binary(&self) -> Option<&[u8]> {
        self.is(Opcode::Binary).then_some(&*self.payload)
    }

    /// The close code of a close frame; `Some(None)` when it has none.
    pub fn close(&self) -> Option<Option<u16>> {
        self.is(Opcode::Close).then(|| self.payload.first_chunk().map(|code| u16::from_be_bytes(*code)))
    }
}

/// The client's end of a WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    connection: HttpConnection,
    switched: Response,
}

impl WebSocket {
    /// A request that asks for a WebSocket, correct in everything.
    pub fn request(target: impl Into<String>) -> Request {
        Request::get(target)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", KEY)
    }

    /// Asks for a WebSocket with a request of the test's own; the response when it is refused.
    pub async fn ask(endpoint: Endpoint, request: &Request) -> Result<Self, Response> {
        Self::ask_and_send(endpoint, request, &[]).await
    }

    /// The same, with bytes that leave together with the request: the server has them before it has agreed.
    pub async fn ask_and_send(endpoint: Endpoint, request: &Request, early: &[u8]) -> Result<Self, Response> {
        let mut connection = HttpConnection::open(endpoint.address()).await;
        let head = request.head(endpoint.address());
        connection.send([head.as_bytes(), early].concat()).await;
        let switched = connection.response().await;
        if switched.status != 101 {
            return Err(switched);
        }
        assert_eq!(switched.header("sec-websocket-accept"), Some(ACCEPT));
        assert_eq!(switched.header("sec-websocket-extensions"), None, "none was offered");
        Ok(Self { connection, switched })
    }

    /// Opens a WebSocket with a query; the response when it is refused.
    pub async fn try_connect(endpoint: Endpoint, query: &str) -> Result<Self, Response> {
        Self::ask(endpoint, &Self::request(endpoint.target(query))).await
    }

    /// Opens a WebSocket with a query.
    pub async fn connect(endpoint: Endpoint, query: &str) -> Self {
        match Self::try_connect(endpoint, query).await {
            Ok(socket) => socket,
            Err(response) => panic!("refused with {}: {}", response.status, response.text()),
        }
    }

    /// Opens a WebSocket over a network that may fail: `None` when the connection ends before the server has agreed.
    pub async fn reach(endpoint: Endpoint, query: &str) -> Option<Self> {
        let mut connection = HttpConnection::open(endpoint.address()).await;
        let request = Self::request(endpoint.target(query));
        connection.try_send(request.head(endpoint.address())).await.ok()?;
        let switched = connection.response_or_end().await?;
        (switched.status == 101).then_some(Self { connection, switched })
    }

    /// Opens a session on a WebSocket, and gives what the open packet said.
    pub async fn open(endpoint: Endpoint) -> (Self, Value) {
        let mut socket = Self::connect(endpoint, "EIO=4&transport=websocket").await;
        let open = socket.text().await;
        let open = open.strip_prefix('0').expect("an open packet first");
        (socket, serde_json::from_str(open).expect("an open packet with JSON"))
    }

    /// The response that made the connection a WebSocket.
    pub fn switched(&self) -> &Response {
        &self.switched
    }

    /// Sends a text message in one frame.
    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        self.send_frame(true, Opcode::Text, text.as_ref()).await;
    }

    /// Sends a binary message in one frame.
    pub async fn send_binary(&mut self, data: &[u8]) {
        self.send_frame(true, Opcode::Binary, data).await;
    }

    /// Sends one masked frame.
    pub async fn send_frame(&mut self, fin: bool, opcode: Opcode, payload: &[u8]) {
        self.send_raw(&encode_frame(fin, opcode, payload)).await;
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.connection.send(bytes).await;
    }

    /// Sends a text message in one frame, over a connection that may be gone.
    pub async fn try_send(&mut self, text: &str) -> std::io::Result<()> {
        self.try_send_raw(&encode_frame(true, Opcode::Text, text.as_bytes())).await
    }

    /// Sends bytes as they are, to a server that may already have closed.
    pub async fn try_send_raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.connection.try_send(bytes).await
    }

    /// Sends a close frame without a code, and does not wait for its answer.
    pub async fn send_close(&mut self) {
        self.send_frame(true, Opcode::Close, &[]).await;
    }

    /// The next frame; `None` when the TCP connection has ended.
    pub async fn frame(&mut self) -> Option<Frame> {
        within("a frame", self.read_frame()).await
    }

    async fn read_frame(&mut self) -> Option<Frame> {
        let head = self.connection.take(2).await?;
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let length = match head[1] {
            126 => {
                let length = self.connection.take(2).await?;
                usize::from(u16::from_be_bytes(length.try_into().expect("two bytes")))
            }
            127 => {
                let length = self.connection.take(8).await?;
                let length = u64::from_be_bytes(length.try_into().expect("eight bytes"));
                usize::try_from(length).expect("a length that fits")
            }
            length => usize::from(length),
        };
        Some(Frame { head: head[0], payload: self.connection.take(length).await? })
    }

    /// The next frame, which must be a text message; heartbeats count.
    pub async fn text(&mut self) -> String {
        let frame = self.frame().await.expect("a frame before the end");
        match frame.text() {
            Some(text) => text.to_owned(),
            None => panic!("a text message, not {frame:?}"),
        }
    }

    /// The next frame that is not a heartbeat, which must be there; heartbeats are answered on the way.
    pub async fn receive(&mut self) -> Frame {
        loop {
            let frame = self.frame().await.expect("a frame before the end");
            if frame.text() != Some("2") {
                return frame;
            }
            self.send("3").await;
        }
    }

    /// Waits for the server to close, and gives the code of its close frame, if there was one with a code. What it said
    /// before is dropped; heartbeats are answered, so that it is not their lack that closes.
    pub async fn closed(&mut self) -> Option<u16> {
        within("the server to close", self.read_until_closed()).await
    }

    async fn read_until_closed(&mut self) -> Option<u16> {
        while let Some(frame) = self.read_frame().await {
            if let Some(code) = frame.close() {
                return code;
            }
            if frame.text() == Some("2") {
                // The server may be gone by now, which is what this waits for.
                let _ = self.try_send("3").await;
            }
        }
        None
    }

    /// Whether the server says nothing and keeps the connection open for `time`. To show that something does not happen.
    pub async fn stays_silent(&mut self, time: Duration) -> bool {
        self.connection.stays_silent(time).await
    }

    /// Waits for the end of the TCP connection.
    pub async fn ended(&mut self) {
        self.connection.ended().await;
    }

    /// Asserts that the session is open and reads: a WebSocket ping comes back, behind whatever else there was.
    pub async fn assert_open(&mut self) {
        self.send_frame(true, Opcode::Ping, b"still there?").await;
        loop {
            let frame = self.frame().await.expect("a pong before the end");
            assert_eq!(frame.close(), None, "the server closed");
            if frame.is(Opcode::Pong) {
                assert_eq!(frame.payload, b"still there?");
                return;
            }
        }
    }

    /// Ends this side of the TCP connection, without a close frame.
    pub async fn half_close(&mut self) {
        self.connection.half_close().await;
    }

    /// Ends the TCP connection with a reset, as a client does that dies.
    pub fn abort(self) {
        self.connection.abort();
    }
}

/// The bytes of one masked frame.
pub fn encode_frame(fin: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    encode_masked(u8::from(fin) << 7 | opcode as u8, payload)
}

/// The frame of a packet.
pub fn encode_packet(packet: &Packet) -> Vec<u8> {
    match packet {
        Packet::Text(text) => encode_frame(true, Opcode::Text, text.as_bytes()),
        Packet::Binary(data) => encode_frame(true, Opcode::Binary, data),
    }
}

/// The bytes of one masked frame, whatever its first byte says.
pub(crate) fn encode_masked(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![head];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}
