//! A polling session by hand.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::client::Packet;
use crate::http::{HttpConnection, Request, Response};
use crate::server::Endpoint;
use crate::time::within;

/// An Engine.IO session over long-polling. Each request takes a connection of its own, as from a browser's pool.
#[derive(Debug)]
pub struct Polling {
    endpoint: Endpoint,
    open: Value,
    received: VecDeque<String>,
}

impl Polling {
    /// Opens a session.
    pub async fn open(endpoint: Endpoint) -> Self {
        let response = Request::get(endpoint.target("EIO=4&transport=polling")).send(endpoint.address()).await;
        assert_eq!(response.status, 200, "{}", response.text());
        let mut received: VecDeque<String> = split(response.text()).collect();
        let open = received.pop_front().expect("an open packet");
        let open = open.strip_prefix('0').expect("an open packet first");
        Self { endpoint, open: serde_json::from_str(open).expect("an open packet with JSON"), received }
    }

    /// What the open packet said.
    pub fn handshake(&self) -> &Value {
        &self.open
    }

    /// The session's id.
    pub fn sid(&self) -> &str {
        self.open["sid"].as_str().expect("a session id")
    }

    /// The target of this session's requests.
    pub fn target(&self) -> String {
        self.endpoint.target(&format!("EIO=4&transport=polling&sid={}", self.sid()))
    }

    /// The query of a WebSocket that wants to take this session over.
    pub fn upgrade_query(&self) -> String {
        format!("EIO=4&transport=websocket&sid={}", self.sid())
    }

    /// Starts a GET whose response is read later from the connection.
    pub async fn start_get(&self) -> HttpConnection {
        let mut connection = HttpConnection::open(self.endpoint.address()).await;
        connection.request(&Request::get(self.target())).await;
        connection
    }

    /// A GET.
    pub async fn get(&self) -> Response {
        self.start_get().await.response().await
    }

    /// A POST to which the server may answer by ending the connection.
    pub async fn offend(&self, payload: impl Into<Vec<u8>>) -> Option<Response> {
        let mut connection = HttpConnection::open(self.endpoint.address()).await;
        connection.request(&Request::post(self.target(), payload)).await;
        connection.response_or_end().await
    }

    /// A POST.
    pub async fn post(&self, payload: impl Into<Vec<u8>>) -> Response {
        Request::post(self.target(), payload).send(self.endpoint.address()).await
    }

    /// A POST that the server must accept.
    pub async fn push(&self, payload: impl Into<Vec<u8>>) {
        let response = self.post(payload).await;
        assert_eq!((response.status, response.text()), (200, "ok"));
    }

    /// The packets of one GET that must succeed, as they are.
    pub async fn poll(&self) -> Vec<String> {
        let response = self.get().await;
        assert_eq!(response.status, 200, "{}", response.text());
        split(response.text()).collect()
    }

    /// The next packet that is not a heartbeat; heartbeats are answered on the way.
    pub async fn receive(&mut self) -> String {
        loop {
            let Some(packet) = self.received.pop_front() else {
                let packets = self.poll().await;
                self.received.extend(packets);
                continue;
            };
            if packet != "2" {
                return packet;
            }
            self.push("3").await;
        }
    }

    /// Waits until the server has closed the session. What it says before is dropped; heartbeats are answered, so that
    /// it is not their lack that closes.
    pub async fn closed(&self) {
        within("the session to end", self.poll_until_closed()).await;
        self.assert_gone().await;
    }

    async fn poll_until_closed(&self) {
        loop {
            let response = self.get().await;
            if response.status != 200 {
                break;
            }
            if split(response.text()).any(|packet| packet == "2") {
                // The session may be gone by now, which is what this waits for.
                self.offend("3").await;
            }
        }
    }

    /// Waits until the server no longer knows the session, without touching it: no transport knows a PUT, which a server
    /// answers by whether the session is there.
    pub async fn vanished(&self) {
        let put = Request::new("PUT", self.target());
        within("the session to end", async { while put.send(self.endpoint.address()).await.status == 500 {} }).await;
        self.assert_gone().await;
    }

    /// Asserts that the session is open: its POSTs are taken. An unasked pong changes nothing.
    pub async fn assert_open(&self) {
        self.push("3").await;
    }

    /// Asserts that the server no longer knows the session.
    pub async fn assert_gone(&self) {
        let response = self.get().await;
        assert_eq!((response.status, response.text()), (400, r#"{"code":1,"message":"Session ID unknown"}"#));
    }
}

/// The packets of a payload.
pub fn split(payload: &str) -> impl Iterator<Item = String> {
    payload.split('\u{1e}').map(str::to_owned)
}

/// A payload of packets.
pub fn encode_payload(packets: &[Packet]) -> Vec<u8> {
    let part = |packet: &Packet| match packet {
        Packet::Text(text) => text.clone(),
        Packet::Binary(data) => encode_binary(data),
    };
    packets.iter().map(part).collect::<Vec<_>>().join("\u{1e}").into_bytes()
}

/// A binary message in its polling form.
pub fn encode_binary(data: &[u8]) -> String {
    format!("b{}", STANDARD.encode(data))
}

/// The data of a packet that is a binary message in its polling form.
pub fn decode_binary(packet: &str) -> Option<Vec<u8>> {
    packet.strip_prefix('b').map(|data| STANDARD.decode(data).expect("standard, padded base64"))
}
