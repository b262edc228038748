//! The server as a service of its own, under hyper alone and over a stream that is no TCP socket.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use pintle::{Ack, Data, SocketIoLayer};
use support::{Received, ask_for_websocket, dial, head, receive, text, within};
use tokio::io::{AsyncWriteExt as _, DuplexStream};

async fn echo(Data(text): Data<String>) -> Ack<String> {
    Ack(text)
}

/// A connection to a server of its own.
fn connect() -> DuplexStream {
    let layer: SocketIoLayer = SocketIoLayer::new().on("echo", echo);
    dial(&layer.into_service())
}

async fn receive_text(stream: &mut DuplexStream) -> String {
    match within(receive(stream)).await {
        Ok(Received::Text(text)) => text,
        other => panic!("not a text but {other:?}"),
    }
}

#[tokio::test]
async fn a_websocket_works_over_any_stream() {
    let mut stream = connect();
    let request = ask_for_websocket("/socket.io/?EIO=4&transport=websocket");
    // The first frames come with the request, in one segment: what hyper reads ahead must not be lost.
    let bytes = [request.as_bytes(), &text("40"), &text(r#"421["echo","hi"]"#)].concat();
    stream.write_all(&bytes).await.unwrap();
    let head = within(head(&mut stream)).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    let opened = receive_text(&mut stream).await;
    assert!(opened.starts_with(r#"0{"sid":""#) && opened.ends_with(r#""maxPayload":1000000}"#), "{opened}");
    assert!(receive_text(&mut stream).await.starts_with(r#"40{"sid":""#));
    assert_eq!(receive_text(&mut stream).await, r#"431["hi"]"#);
}

#[tokio::test]
async fn what_is_not_its_business_is_not_found() {
    let mut stream = connect();
    stream.write_all(b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(within(head(&mut stream)).await.starts_with("HTTP/1.1 404"));
}
