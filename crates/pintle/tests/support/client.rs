//! The client's part of a conversation.

use tokio::io::{AsyncWriteExt as _, DuplexStream};

use super::wait::within;
use super::wire::{Received, head, receive, text};

/// A client on a WebSocket. Its packets are those of Socket.IO: the `4` that Engine.IO puts in front is seen to here, and so
/// are the heartbeats.
pub(crate) struct Client {
    io: DuplexStream,
}

impl Client {
    /// Opens a connection with a request for `target`. It is in no namespace yet.
    pub(crate) async fn open(mut io: DuplexStream, target: &str) -> Self {
        io.write_all(ask_for_websocket(target).as_bytes()).await.unwrap();
        let head = within(head(&mut io)).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        let opened = within(receive(&mut io)).await.unwrap();
        assert!(matches!(&opened, Received::Text(text) if text.starts_with("0{")), "{opened:?}");
        Self { io }
    }

    /// Joins a namespace, and gives the id of the socket.
    pub(crate) async fn join(&mut self, namespace: &str) -> String {
        let prefix = match namespace {
            "/" => "0".to_owned(),
            name => format!("0{name},"),
        };
        self.send(&prefix).await;
        let welcome = self.hear().await;
        let id = welcome.strip_prefix(&format!(r#"{prefix}{{"sid":""#)).and_then(|rest| rest.strip_suffix(r#""}"#));
        id.unwrap_or_else(|| panic!("{namespace} cannot be joined: {welcome}")).to_owned()
    }

    /// Sends a packet.
    pub(crate) async fn send(&mut self, packet: &str) {
        self.send_all([packet]).await;
    }

    /// Sends packets, as many as fit with one write.
    pub(crate) async fn send_all<P: AsRef<str>>(&mut self, packets: impl IntoIterator<Item = P>) {
        let frames: Vec<_> = packets.into_iter().map(|packet| text(&format!("4{}", packet.as_ref()))).collect();
        within(self.io.write_all(&frames.concat())).await.unwrap();
    }

    /// The next packet.
    pub(crate) async fn hear(&mut self) -> String {
        self.next().await.expect("the connection is open")
    }

    /// Sends an event of `/`, and gives what it is acknowledged with. Both are arrays; nothing else may come between.
    pub(crate) async fn ask(&mut self, event: &str) -> String {
        self.send(&format!("27{event}")).await;
        let answer = self.hear().await;
        answer.strip_prefix("37").unwrap_or_else(|| panic!("{event}: no acknowledgement but {answer}")).to_owned()
    }

    /// Waits for the connection to close. Nothing else may come.
    pub(crate) async fn closed(mut self) {
        assert_eq!(self.next().await, None, "the connection closes");
    }

    /// The stream itself.
    pub(crate) fn into_inner(self) -> DuplexStream {
        self.io
    }

    async fn next(&mut self) -> Option<String> {
        // Around all of it: where nothing comes but heartbeats, what must come does not.
        within(async {
            loop {
                match receive(&mut self.io).await {
                    Ok(Received::Text(heartbeat)) if heartbeat == "2" => self.io.write_all(&text("3")).await.unwrap(),
                    Ok(Received::Text(message)) => {
                        return Some(message.strip_prefix('4').expect("a message of Engine.IO").to_owned());
                    }
                    Ok(Received::Close) | Err(_) => return None,
                }
            }
        })
        .await
    }
}

/// The request for a WebSocket at `target`.
pub(crate) fn ask_for_websocket(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}
