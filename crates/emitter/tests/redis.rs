//! What a real Redis hands on, and what becomes of an emitter when it goes away.

use std::time::Duration;

use futures_util::StreamExt as _;
use pintle_emitter::{Emitter, SubscriptionMode};
use pintle_tests::{Redis, eventually, within};
use redis::aio::PubSub;
use redis::{Client, PushInfo, PushKind};

/// Hears everything that is published.
async fn listener(redis: &Redis) -> PubSub {
    let mut listener = Client::open(redis.url()).expect("an address").get_async_pubsub().await.expect("it runs");
    listener.psubscribe("*").await.expect("a pattern");
    listener
}

async fn heard(listener: &mut PubSub) -> (String, Vec<u8>) {
    let message = within("a message", listener.on_message().next()).await.expect("a connection that lasts");
    (message.get_channel_name().to_owned(), message.get_payload_bytes().to_vec())
}

#[tokio::test]
async fn classic_messages_are_published() {
    let Some(redis) = Redis::start().await else { return };
    let mut listener = listener(&redis).await;
    let io = Emitter::redis(redis.url()).key("app").await.unwrap();
    io.of("/admin").to("r").emit("e", 1).await.unwrap();
    io.join("r").await.unwrap();
    let (channel, payload) = heard(&mut listener).await;
    assert_eq!(channel, "app#/admin#r#");
    assert_eq!(payload[..9], *b"\x93\xa7emitter");
    let (channel, payload) = heard(&mut listener).await;
    assert_eq!(channel, "app-request#/#");
    assert!(payload.starts_with(br#"{"uid":"emitter","type":2,"#));
}

#[tokio::test]
async fn what_is_awaited_in_turn_arrives_in_order() {
    let Some(redis) = Redis::start().await else { return };
    let mut listener = listener(&redis).await;
    let io = Emitter::redis(redis.url()).await.unwrap();
    for turn in 0..100 {
        io.to(format!("{turn}")).emit("e", ()).await.unwrap();
    }
    for turn in 0..100 {
        assert_eq!(heard(&mut listener).await.0, format!("socket.io#/#{turn}#"));
    }
}

#[tokio::test]
async fn sharded_messages_are_published_to_shards() {
    let Some(redis) = Redis::start().await else { return };
    let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel::<PushInfo>();
    let config = redis::AsyncConnectionConfig::new().set_push_sender(heard);
    let client = Client::open(format!("{}/?protocol=resp3", redis.url())).unwrap();
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    connection.send_packed_command(redis::cmd("SSUBSCRIBE").arg("p#/#r#")).await.unwrap();

    let io = Emitter::sharded(redis.url()).channel_prefix("p").await.unwrap();
    io.to("r").emit("e", 1).await.unwrap();
    let push = loop {
        let push = within("a message", hears.recv()).await.unwrap();
        if push.kind == PushKind::SMessage {
            break push;
        }
    };
    let [channel, payload] = push.data.try_into().expect("a channel and a payload");
    assert_eq!(redis::from_redis_value::<String>(channel).unwrap(), "p#/#r#");
    let payload: String = redis::from_redis_value(payload).unwrap();
    assert!(payload.starts_with(r#"{"type":3,"data":{"packet":{"type":2,"data":["e",1]}"#), "{payload}");

    let io = Emitter::sharded(redis.url()).subscription_mode(SubscriptionMode::Static).await.unwrap();
    io.to("r").emit("e", 1).await.unwrap();
}

#[tokio::test]
async fn streams_are_added_to_and_cut() {
    let Some(redis) = Redis::start().await else { return };
    let io = Emitter::streams(redis.url()).stream_name("s").max_len(100).await.unwrap();
    io.of("/admin").emit("e", 1).await.unwrap();
    let entries = redis.cli(&["XRANGE", "s", "-", "+"]).await;
    let fields: Vec<&str> = entries.lines().skip(1).collect();
    let data = r#"{"packet":{"type":2,"data":["e",1]},"opts":{"rooms":[],"except":[],"flags":{}}}"#;
    assert_eq!(fields, ["uid", "emitter", "nsp", "/admin", "type", "3", "data", data]);
    for _ in 0..1000 {
        io.emit("e", ()).await.unwrap();
    }
    let length: usize = redis.cli(&["XLEN", "s"]).await.parse().unwrap();
    assert!((100..300).contains(&length), "{length} entries");
}

#[tokio::test]
async fn a_connection_that_was_lost_while_nothing_was_said_is_renewed() {
    let Some(mut redis) = Redis::start().await else { return };
    let io = Emitter::redis(redis.url()).await.unwrap();
    io.emit("e", 1).await.unwrap();
    redis.stop().await;
    redis.start_again().await;
    let mut listener = listener(&redis).await;
    // Only once the emitter's own end knows of it is there nothing in flight that could be lost.
    within("the emitter to hear of the end", async { while io.emit("e", 1).await.is_err() {} }).await;
    heard(&mut listener).await;
    io.clone().to("r").emit("e", 1).await.unwrap();
    assert_eq!(heard(&mut listener).await.0, "socket.io#/#r#");
}

#[tokio::test]
async fn what_is_emitted_while_redis_is_away_waits_for_it() {
    let Some(mut redis) = Redis::start().await else { return };
    let io = Emitter::redis(redis.url()).timeout(Duration::from_secs(20)).await.unwrap();
    redis.stop().await;
    eventually_away(&redis).await;
    // The first may find a connection whose end it has not heard of.
    let waiting = tokio::spawn(async move {
        while let Err(error) = io.emit("e", 1).await {
            assert!(error.is_uncertain(), "{error}");
        }
    });
    redis.start_again().await;
    within("the emit", waiting).await.unwrap();
}

async fn eventually_away(redis: &Redis) {
    let port = redis.port();
    eventually("nobody to answer", || std::net::TcpStream::connect(("127.0.0.1", port)).is_err()).await;
}

#[tokio::test]
async fn what_redis_does_not_take_in_time_is_an_error() {
    let Some(mut redis) = Redis::start().await else { return };
    let io = Emitter::redis(redis.url()).timeout(Duration::from_millis(100)).await.unwrap();
    redis.pause();
    let error = io.emit("e", 1).await.unwrap_err();
    assert!(error.is_uncertain(), "{error}");
    redis.resume();
    within("another connection", async { while io.emit("e", 1).await.is_err() {} }).await;

    redis.stop().await;
    let error = within("nothing in flight", async {
        loop {
            let error = io.emit("e", 1).await.unwrap_err();
            if !error.is_uncertain() {
                break error;
            }
        }
    })
    .await;
    assert!(error.is_unavailable(), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn what_redis_says_no_to_is_an_error() {
    let Some(redis) = Redis::start().await else { return };
    redis.cli(&["SET", "s", "no stream"]).await;
    let error = Emitter::streams(redis.url()).stream_name("s").await.unwrap().emit("e", 1).await.unwrap_err();
    assert!(error.is_refused(), "{error}");
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
}

#[tokio::test]
async fn who_cannot_connect_says_where_and_nothing_that_is_secret() {
    let error = Emitter::redis("redis://user:secret@127.0.0.1:1").await.unwrap_err();
    assert!(!error.is_address());
    let text = error.to_string();
    assert!(text.contains("127.0.0.1:1") && !text.contains("secret"), "{text}");
    for address in ["", "http://127.0.0.1", "redis://:secret@"] {
        let error = Emitter::redis(address).await.unwrap_err();
        assert!(error.is_address(), "{address}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    let Some(redis) = Redis::start().await else { return };
    redis.cli(&["CONFIG", "SET", "requirepass", "right"]).await;
    let error = Emitter::redis(redis.url().replace("//", "//:wrong@")).await.unwrap_err();
    assert!(!error.to_string().contains("wrong"), "{error}");
    Emitter::redis(redis.url().replace("//", "//:right@")).await.unwrap().emit("e", 1).await.unwrap();
}

#[tokio::test]
async fn an_older_protocol_will_do() {
    let Some(redis) = Redis::start().await else { return };
    let io = Emitter::redis(format!("{}/?protocol=resp2", redis.url())).await.unwrap();
    io.emit("e", 1).await.unwrap();
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_server_without_tls_is_an_error_where_tls_is_asked_for() {
    let Some(redis) = Redis::start().await else { return };
    let url = redis.url().replace("redis://", "rediss://");
    let error = Emitter::redis(url).timeout(Duration::from_millis(500)).await.unwrap_err();
    assert!(!error.is_address(), "{error}");
}
