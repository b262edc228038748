//! Packets and bytes.

use pintle::{Ack, Data, SocketIoLayer};
use pintle_tests::{Client, Opcode, Polling, Transport, WebSocket, encode_frame};

use crate::Counted;

fn echo() -> SocketIoLayer {
    SocketIoLayer::new().on("echo", async |Data(text): Data<String>| Ack(text))
}

/// Packets in and out, bytes in and out.
fn traffic(server: &Counted, transport: &str) -> [u64; 4] {
    ["received_packets", "sent_packets", "received_bytes", "sent_bytes"]
        .map(|what| server.counts.get(&format!("pintle_{what}_total{{transport={transport:?}}}")))
}

#[tokio::test]
async fn what_a_websocket_carries_is_counted_to_the_byte() {
    let server = Counted::start(echo()).await;
    let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
    client.assert_open().await;
    let before = traffic(&server, "websocket");
    assert_eq!(before[..2], [1, 2], "the CONNECT came in; the open packet and the answer went out");

    let question = r#"421["echo","x"]"#;
    let answer = r#"431["x"]"#;
    client.send(question).await;
    assert_eq!(client.text().await, answer);
    // A header of six bytes in, with the mask, and one of two bytes out.
    let (read, written) = (question.len() as u64 + 6, answer.len() as u64 + 2);
    let after = [before[0] + 1, before[1] + 1, before[2] + read, before[3] + written];
    assert_eq!(traffic(&server, "websocket"), after);
    assert_eq!(traffic(&server, "polling"), [0; 4]);
}

#[tokio::test]
async fn what_long_polling_carries_is_counted_to_the_byte() {
    let server = Counted::start(echo()).await;
    let session = Polling::open(server.endpoint()).await;
    session.push("40\u{1e}421[\"echo\",\"x\"]").await;
    let payload = session.get().await;
    assert_eq!(payload.text().split('\u{1e}').count(), 2, "{}", payload.text());
    assert_eq!(traffic(&server, "polling"), [2, 2, 18, payload.text().len() as u64]);
    assert_eq!(traffic(&server, "websocket"), [0; 4]);
}

#[tokio::test]
async fn what_comes_after_an_upgrade_counts_for_the_websocket() {
    let server = Counted::start(echo()).await;
    let session = Polling::open(server.endpoint()).await;
    session.push("40").await;
    let mut websocket = WebSocket::connect(server.endpoint(), &session.upgrade_query()).await;
    websocket.send("2probe").await;
    assert_eq!(websocket.text().await, "3probe");
    session.get().await;
    let polling = traffic(&server, "polling");
    assert_eq!(polling[..3], [1, 1, 2], "the CONNECT and its answer");
    let packets = [encode_frame(true, Opcode::Text, b"5"), encode_frame(true, Opcode::Text, br#"421["echo","x"]"#)];
    websocket.send_raw(&packets.concat()).await;
    assert_eq!(websocket.text().await, r#"431["x"]"#);
    assert_eq!(traffic(&server, "polling"), polling);
    let [read, written, _, _] = traffic(&server, "websocket");
    assert_eq!((read, written), (1, 1));
}
