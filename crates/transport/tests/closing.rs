//! A graceful close: the client has everything, then the closing frame, then the end of the stream.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::ErrorKind;
use std::time::Duration;

use pintle_transport::{CloseReason, Frame};
use support::{Quiet, Received, Server, open_websocket, receive, receive_text, text, within};
use tokio::io::AsyncWriteExt as _;
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_graceful_close_waits_for_a_reader_that_is_slow() {
    let server = Server::new(|_| Quiet);
    let mut io = open_websocket(server.dial(65_536)).await;
    let message = Frame::text(&"x".repeat(65_000));
    for _ in 0..10 {
        server.last().send([message.clone()]).unwrap();
    }
    server.last().close();
    for _ in 0..10 {
        assert_eq!(receive_text(&mut io).await.len(), 65_001);
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(receive(&mut io).await.unwrap(), Received::Close(vec![]));
    assert_eq!(receive(&mut io).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(server.reasons(), [CloseReason::ForcedClose]);
}

/// On a socket of the kernel's, which would answer a close with bytes unread by a reset, and drop what it still held.
#[tokio::test]
async fn the_last_words_reach_a_client_that_goes_on_talking() {
    let server = Server::new(|_| Quiet);
    let io = open_websocket(server.dial_tcp().await).await;
    let (mut reader, mut writer) = io.into_split();
    let chatter = text("4x").repeat(10_000);
    writer.write_all(&chatter).await.unwrap();
    let message = Frame::text(&"x".repeat(10_000));
    for _ in 0..50 {
        server.last().send([message.clone()]).unwrap();
    }
    server.last().close();
    let listen = async {
        for _ in 0..50 {
            assert_eq!(receive_text(&mut reader).await.len(), 10_001);
        }
        assert_eq!(receive(&mut reader).await.unwrap(), Received::Close(vec![]));
        assert_eq!(receive(&mut reader).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    };
    let talk = async {
        loop {
            writer.write_all(&chatter).await.unwrap();
        }
    };
    within(async {
        tokio::select! {
            () = listen => {}
            () = talk => {}
        }
    })
    .await;
    assert_eq!(server.reasons(), [CloseReason::ForcedClose]);
}
