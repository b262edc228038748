//! One face for both transports, for what must hold on each alike.

use serde_json::Value;

use crate::polling::{Polling, decode_binary, encode_binary};
use crate::server::Endpoint;
use crate::websocket::WebSocket;

/// A way for a session to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Long-polling.
    Polling,
    /// A WebSocket from the start.
    WebSocket,
}

impl Transport {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Polling, Self::WebSocket];
}

/// What a session received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// A packet in its text form, type digit first.
    Text(String),
    /// The data of a binary message.
    Binary(Vec<u8>),
}

impl From<&str> for Packet {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for Packet {
    fn from(data: &[u8]) -> Self {
        Self::Binary(data.to_owned())
    }
}

/// An open session on either transport.
#[derive(Debug)]
pub enum Client {
    /// Long-polling.
    Polling(Polling),
    /// A WebSocket.
    WebSocket(WebSocket),
}

impl Client {
    /// Opens an Engine.IO session.
    pub async fn open(endpoint: Endpoint, transport: Transport) -> Self {
        match transport {
            Transport::Polling => Self::Polling(Polling::open(endpoint).await),
            Transport::WebSocket => Self::WebSocket(WebSocket::open(endpoint).await.0),
        }
    }

    /// Opens a session and joins the namespace `/`.
    pub async fn join(endpoint: Endpoint, transport: Transport) -> Self {
        let mut client = Self::open(endpoint, transport).await;
        client.send("40").await;
        client.connected("").await;
        client
    }

    /// Reads the answer to a CONNECT, which must be good, and gives the socket's id. `namespace` is empty or ends with
    /// a comma.
    pub async fn connected(&mut self, namespace: &str) -> String {
        let answer = self.text().await;
        let answer = answer
            .strip_prefix(&format!("40{namespace}"))
            .unwrap_or_else(|| panic!("a CONNECT for {namespace:?}, not {answer}"));
        let answer: Value = serde_json::from_str(answer).expect("JSON");
        answer["sid"].as_str().expect("a socket's id").to_owned()
    }

    /// Sends a packet in its text form, type digit first.
    pub async fn send(&mut self, packet: &str) {
        match self {
            Self::Polling(session) => session.push(packet).await,
            Self::WebSocket(session) => session.send(packet).await,
        }
    }

    /// Sends a packet that the server may answer with a refusal and the end of the session.
    pub async fn offend(&mut self, packet: &str) {
        match self {
            Self::Polling(session) => {
                session.offend(packet).await;
            }
            Self::WebSocket(session) => session.send(packet).await,
        }
    }

    /// Sends a binary message.
    pub async fn send_binary(&mut self, data: &[u8]) {
        match self {
            Self::Polling(session) => session.push(encode_binary(data)).await,
            Self::WebSocket(session) => session.send_binary(data).await,
        }
    }

    /// Sends a binary message that the server may answer with a refusal and the end of the session.
    pub async fn offend_with_binary(&mut self, data: &[u8]) {
        match self {
            Self::Polling(session) => {
                session.offend(encode_binary(data)).await;
            }
            Self::WebSocket(session) => session.send_binary(data).await,
        }
    }

    /// The next packet that is not a heartbeat; heartbeats are answered on the way.
    pub async fn receive(&mut self) -> Packet {
        match self {
            Self::Polling(session) => {
                let packet = session.receive().await;
                match decode_binary(&packet) {
                    Some(data) => Packet::Binary(data),
                    None => Packet::Text(packet),
                }
            }
            Self::WebSocket(session) => {
                let frame = session.receive().await;
                match (frame.text(), frame.binary()) {
                    (Some(text), _) => text.into(),
                    (_, Some(data)) => data.into(),
                    _ => panic!("a message, not {frame:?}"),
                }
            }
        }
    }

    /// The next packet that is not a heartbeat, which must be text.
    pub async fn text(&mut self) -> String {
        match self.receive().await {
            Packet::Text(text) => text,
            Packet::Binary(data) => panic!("text, not {} bytes", data.len()),
        }
    }

    /// Waits until the server has closed the session. What it says before is dropped; heartbeats are answered, so that
    /// it is not their lack that closes.
    pub async fn closed(&mut self) {
        match self {
            Self::Polling(session) => session.closed().await,
            Self::WebSocket(session) => {
                session.closed().await;
            }
        }
    }

    /// Asserts that the session is open.
    pub async fn assert_open(&mut self) {
        match self {
            Self::Polling(session) => session.assert_open().await,
            Self::WebSocket(session) => session.assert_open().await,
        }
    }
}
