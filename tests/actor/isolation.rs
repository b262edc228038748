//! What one connection does wrong is not noticed by another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pintle::{Ack, Args, SocketIoLayer};
use pintle_tests::{Client, Endpoint, HttpConnection, Opcode, Polling, Request, Transport, WebSocket};

use crate::serve;

/// Each does something wrong of its own.
async fn misbehave(endpoint: Endpoint, round: usize) {
    match round % 8 {
        0 => {
            let mut client = Client::join(endpoint, Transport::WebSocket).await;
            client.offend("42[").await;
            client.closed().await;
        }
        1 => {
            let client = Polling::open(endpoint).await;
            client.offend("\u{1e}\u{1e}").await;
        }
        2 => {
            let (mut socket, _) = WebSocket::open(endpoint).await;
            // Nonsense in place of a frame.
            let _ = socket.try_send_raw(&[0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8]).await;
            socket.ended().await;
        }
        3 => WebSocket::open(endpoint).await.0.abort(),
        4 => {
            let session = Polling::open(endpoint).await;
            let mut post = HttpConnection::open(endpoint.address()).await;
            post.request(&Request::post(session.target(), "").header("content-length", "1000")).await;
            post.abort();
        }
        5 => {
            let session = Polling::open(endpoint).await;
            let mut socket = WebSocket::connect(endpoint, &session.upgrade_query()).await;
            socket.send_frame(false, Opcode::Text, b"2pro").await;
            socket.abort();
        }
        6 => {
            let mut connection = HttpConnection::open(endpoint.address()).await;
            connection.send("GET /socket.io/?EIO=4 HTTP/9.9\r\n\0\r\n\r\n").await;
            connection.ended().await;
        }
        _ => {
            let mut client = Client::join(endpoint, Transport::Polling).await;
            client.offend(&format!("42[\"message\",{}", "[".repeat(10_000))).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_are_served_while_some_misbehave() {
    let (server, _) = serve(SocketIoLayer::new().on("echo", async |args: Args| Ack(args))).await;
    let endpoint = server.socket_io();
    let done = Arc::new(AtomicBool::new(false));
    let witnesses: Vec<_> = Transport::BOTH
        .into_iter()
        .map(|transport| {
            let done = Arc::clone(&done);
            tokio::spawn(async move {
                let mut client = Client::join(endpoint, transport).await;
                let mut served = 0;
                while !done.load(Ordering::Relaxed) {
                    client.send(&format!(r#"42{served}["echo",{served}]"#)).await;
                    assert_eq!(client.text().await, format!("43{served}[{served}]"));
                    served += 1;
                }
                served
            })
        })
        .collect();
    for round in 0..400 {
        misbehave(endpoint, round).await;
    }
    done.store(true, Ordering::Relaxed);
    for witness in witnesses {
        let served = witness.await.expect("a witness that saw nothing amiss");
        assert!(served > 100, "{served} events served meanwhile");
    }
}
