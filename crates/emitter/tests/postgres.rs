//! What a real PostgreSQL hands on, and what becomes of an emitter when it goes away.

use std::sync::Arc;
use std::time::Duration;

use pintle_emitter::Emitter;
use pintle_tests::{Postgres, within};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{AsyncMessage, Client, NoTls};

/// The table as servers make it.
const TABLE: &str =
    "CREATE TABLE socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)";

/// Hears what is said on a channel: its name and the payload. It does so as long as the client is kept.
async fn listener(postgres: &Postgres, channel: &str) -> (Arc<Client>, UnboundedReceiver<(String, String)>) {
    let (client, mut connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.expect("it runs");
    let (said, hears) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = std::future::poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(notice) = message {
                let _ = said.send((notice.channel().to_owned(), notice.payload().to_owned()));
            }
        }
    });
    client.batch_execute(&format!("LISTEN \"{channel}\"")).await.expect("a channel");
    (Arc::new(client), hears)
}

async fn heard(hears: &mut UnboundedReceiver<(String, String)>) -> (String, String) {
    within("a notification", hears.recv()).await.expect("a connection that lasts")
}

#[tokio::test]
async fn messages_are_notifications() {
    let Some(postgres) = Postgres::start().await else { return };
    let (_listens, mut hears) = listener(&postgres, "app#/admin").await;
    let io = Emitter::postgres(postgres.url()).channel_prefix("app").await.unwrap();
    let io = io.of("/admin");
    for turn in 0..20 {
        io.to("r").emit("it's", (turn, "a \"quote\"")).await.unwrap();
    }
    for turn in 0..20 {
        let data = format!(r#"["it's",{turn},"a \"quote\""]"#);
        let json = format!(
            r#"{{"type":3,"data":{{"packet":{{"type":2,"data":{data}}},"opts":{{"rooms":["r"],"except":[],"flags":{{}}}}}},"uid":"emitter","nsp":"/admin"}}"#
        );
        assert_eq!(heard(&mut hears).await, ("app#/admin".to_owned(), json));
    }
}

#[tokio::test]
async fn what_is_binary_or_long_goes_into_the_table() {
    let Some(postgres) = Postgres::start().await else { return };
    let (listens, mut hears) = listener(&postgres, "socket.io#/").await;
    listens
        .batch_execute(
            &TABLE.replace("socket_io", "realtime.socket_io").replace("CREATE", "CREATE SCHEMA realtime; CREATE"),
        )
        .await
        .unwrap();
    let io = Emitter::postgres(postgres.url()).table_name("Realtime.socket_io_attachments").await.unwrap();
    // The whole of the message, but for its data: 7,999 bytes are the most that PostgreSQL notifies of.
    io.emit("e", "").await.unwrap();
    let around = heard(&mut hears).await.1.len();
    for (bytes, put_aside) in [(7_999, false), (8_000, true), (8_001, true), (100_000, true)] {
        io.emit("e", "x".repeat(bytes - around)).await.unwrap();
        let (_, notice) = heard(&mut hears).await;
        assert_eq!(notice.contains("attachmentId"), put_aside, "{bytes}");
    }
    io.emit("e", bytes::Bytes::from_static(b"\x01\x02")).await.unwrap();
    assert_eq!(heard(&mut hears).await.1, r#"{"uid":"emitter","type":3,"attachmentId":"4"}"#);
    let row = listens.query_one("SELECT payload FROM realtime.socket_io_attachments WHERE id = 4", &[]).await.unwrap();
    let payload: Vec<u8> = row.get(0);
    assert!(payload.windows(4).any(|window| window == b"\xc4\x02\x01\x02"), "{payload:?}");
}

#[tokio::test]
async fn what_postgres_says_no_to_is_an_error() {
    let Some(postgres) = Postgres::start().await else { return };
    let io = Emitter::postgres(postgres.url()).payload_threshold(10).await.unwrap();
    let error = io.emit("e", 1).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
    assert!(error.to_string().contains("socket_io_attachments"), "{error}");

    let io = Emitter::postgres(postgres.url()).await.unwrap();
    let error = io.of(&"n".repeat(54)).emit("e", 1).await.unwrap_err();
    assert!(error.is_refused() && error.to_string().contains("too long"), "{error}");
    io.of(&"n".repeat(52)).emit("e", 1).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_lost_is_renewed() {
    let Some(postgres) = Postgres::start().await else { return };
    let io = Emitter::postgres(postgres.url()).timeout(Duration::from_secs(20)).await.unwrap();
    io.emit("e", 1).await.unwrap();
    postgres.stop().await;
    let waiting = tokio::spawn({
        let io = io.clone();
        async move {
            // One that is emitted before this end of the connection knows that the other is gone has nobody to take it.
            while let Err(error) = io.emit("e", 1).await {
                assert!(error.is_uncertain(), "{error}");
            }
        }
    });
    postgres.start_again().await;
    within("the emit", waiting).await.unwrap();
    let (_listens, mut hears) = listener(&postgres, "socket.io#/").await;
    io.to("r").emit("e", 1).await.unwrap();
    assert!(heard(&mut hears).await.1.contains(r#""rooms":["r"]"#));
}

#[tokio::test]
async fn what_postgres_does_not_take_in_time_is_an_error() {
    let Some(postgres) = Postgres::start().await else { return };
    let io = Emitter::postgres(postgres.url()).timeout(Duration::from_millis(200)).await.unwrap();
    postgres.pause();
    let error = io.emit("e", 1).await.unwrap_err();
    assert!(error.is_uncertain(), "{error}");
    let error = io.emit("e", 1).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    postgres.resume();
    within("another connection", async { while io.emit("e", 1).await.is_err() {} }).await;
}

#[tokio::test]
async fn who_cannot_connect_says_where_and_nothing_that_is_secret() {
    let error = Emitter::postgres("postgres://user:secret@127.0.0.1:1/app").await.unwrap_err();
    assert!(!error.is_address());
    let text = error.to_string();
    assert!(text.contains("127.0.0.1:1") && !text.contains("secret"), "{text}");
    for address in ["postgres://user:secret@[", "nonsense", "postgres://host:port"] {
        let error = Emitter::postgres(address).await.unwrap_err();
        assert!(error.is_address(), "{address}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
