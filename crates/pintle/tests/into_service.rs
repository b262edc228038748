//! The server as a service of its own, under hyper alone and over a stream that is no TCP socket.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use pintle::{Ack, Data, SocketIoLayer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

async fn echo(Data(text): Data<String>) -> Ack<String> {
    Ack(text)
}

/// A connection to a server of its own.
fn connect() -> DuplexStream {
    let (client, server) = tokio::io::duplex(1024);
    let layer: SocketIoLayer = SocketIoLayer::new().on("echo", echo);
    let service = TowerToHyperService::new(layer.into_service());
    tokio::spawn(async move {
        Builder::new(TokioExecutor::new()).serve_connection_with_upgrades(TokioIo::new(server), service).await
    });
    client
}

/// Reads until what was read ends in `end`.
async fn read_until(stream: &mut DuplexStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        read.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8_lossy(&read).into_owned()
}

/// A client's text frame. Its mask is zero, so that it can be read.
fn frame(text: &str) -> Vec<u8> {
    [&[0x81, 0x80 | text.len() as u8, 0, 0, 0, 0], text.as_bytes()].concat()
}

#[tokio::test]
async fn a_websocket_works_over_any_stream() {
    let mut stream = connect();
    let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // The first frames come with the request, in one segment: what hyper reads ahead must not be lost.
    let bytes = [request.as_bytes(), &frame("40"), &frame(r#"421["echo","hi"]"#)].concat();
    stream.write_all(&bytes).await.unwrap();
    let head = read_until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    assert!(read_until(&mut stream, r#""maxPayload":1000000}"#).await.contains(r#"0{"sid":""#));
    assert!(read_until(&mut stream, r#""}"#).await.contains(r#"40{"sid":""#));
    assert!(read_until(&mut stream, "]").await.ends_with(r#"431["hi"]"#));
}

#[tokio::test]
async fn what_is_not_its_business_is_not_found() {
    let mut stream = connect();
    stream.write_all(b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(read_until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 404"));
}
