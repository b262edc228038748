//! Acknowledgements that the server waits for.

use std::time::Duration;

use pintle::{Ack, AckSender, ClientError, EmitWithAckError, Socket};
use pintle_tests::within;
use serde_json::{Value, json};

use crate::stage::{BOTH, Stage, notes, realtime};

/// A client on each transport, which does as `answers` says with the event `ask`, and its socket.
async fn asked(stage: &mut Stage, ways: &[&str], answers: &str) -> Socket {
    stage.console.over(ways);
    let body = format!("kept.socket = await connect(); kept.socket.on('ask', {answers}); return kept.socket.id;");
    let id = stage.run(&body).await;
    let socket = stage.io.sockets().into_iter().find(|socket| id == *socket.id().as_str());
    socket.expect("the socket that has just connected")
}

#[tokio::test]
async fn s_44_the_answer_is_the_first_argument_or_all_of_them() {
    let Some(mut stage) = Stage::open(realtime()).await else { return };
    for ways in BOTH {
        let answers = "(...args) => args.at(-1)(...args.slice(0, -1), Uint8Array.of(1, 2, 3))";
        let socket = asked(&mut stage, ways, answers).await;
        let first: String = socket.emit_with_ack("ask", ("one", 2)).await.expect("an answer");
        assert_eq!(first, "one");
        let all: (String, u8, bytes::Bytes) = socket.emit_with_ack("ask", ("one", 2)).await.expect("an answer");
        assert_eq!(all, ("one".to_owned(), 2, bytes::Bytes::from_static(&[1, 2, 3])));
    }
}

#[tokio::test]
async fn s_44_an_answer_of_another_type_is_an_error() {
    let Some(mut stage) = Stage::open(realtime()).await else { return };
    let socket = asked(&mut stage, BOTH[1], "(ack) => ack('a word')").await;
    let answer = socket.emit_with_ack::<u32>("ask", ()).await;
    assert!(matches!(answer, Err(EmitWithAckError::Unexpected(_))), "{answer:?}");
}

#[tokio::test]
async fn s_43_whoever_waits_is_told_when_the_socket_ends() {
    let Some(mut stage) = Stage::open(realtime().ack_timeout(Duration::from_secs(600))).await else { return };
    for ways in BOTH {
        let socket = asked(&mut stage, ways, "() => kept.socket.disconnect()").await;
        let answer = within("the end", socket.emit_with_ack::<Value>("ask", ())).await;
        assert!(matches!(answer, Err(EmitWithAckError::Disconnected)), "{answer:?}");
    }
}

#[tokio::test]
async fn s_45_who_does_not_answer_in_time_has_timed_out() {
    let Some(mut stage) = Stage::open(realtime()).await else { return };
    for ways in BOTH {
        let socket = asked(&mut stage, ways, "() => {}").await;
        let answer = socket.timeout(Duration::from_millis(20)).emit_with_ack::<Value>("ask", ()).await;
        let error = answer.expect_err("nobody answers");
        assert_eq!(error.to_string(), "operation has timed out");
    }
}

/// A client that answers the first question when it is asked another one.
const LATE: &str = "(number, ack) => {
    (kept.waiting ??= []).push(() => ack(number));
    if (number > 1) kept.waiting.splice(0).forEach((answer) => answer());
}";

#[tokio::test]
async fn s_45_no_time_at_all_is_too_short_and_a_late_answer_does_no_harm() {
    let Some(mut stage) = Stage::open(realtime()).await else { return };
    for ways in BOTH {
        let socket = asked(&mut stage, ways, LATE).await;
        let none = socket.timeout(Duration::ZERO).emit_with_ack::<u32>("ask", 1).await;
        assert!(matches!(none, Err(EmitWithAckError::Timeout)), "{none:?}");
        // The answer to the first comes before this one.
        let some = socket.timeout(Duration::from_secs(20)).emit_with_ack::<u32>("ask", 2).await;
        assert_eq!(some.expect("an answer"), 2);
    }
}

#[tokio::test]
async fn s_48_how_an_event_is_sent_is_not_of_the_socket() {
    let Some(mut stage) = Stage::open(realtime()).await else { return };
    let socket = asked(&mut stage, BOTH[1], LATE).await;
    let hasty = socket.timeout(Duration::ZERO);
    for _ in 0..2 {
        let none = hasty.emit_with_ack::<u32>("ask", 1).await;
        assert!(matches!(none, Err(EmitWithAckError::Timeout)), "it keeps what it was told: {none:?}");
    }
    assert_eq!(socket.emit_with_ack::<u32>("ask", 2).await.expect("an answer"), 2);
}

#[tokio::test]
async fn s_55_an_answer_has_any_number_of_arguments_binary_among_them() {
    let realtime = realtime()
        .on("none", async || Ack(()))
        .on("many", async || Ack((1, "two", bytes::Bytes::from_static(&[3]), json!({ "four": 4 }))))
        .on("error", async || Err::<(), _>(ClientError::new("no").with_data(7)));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage.console.over(ways);
        let answers = stage
            .run(
                "const socket = await connect();
                const all = (event) => new Promise((resolve) => socket.emit(event, (...args) => resolve(args)));
                return [await all('none'), await all('many'), await all('error')];",
            )
            .await;
        let bytes = json!({ "type": "Buffer", "data": [3] });
        assert_eq!(answers, json!([[], [1, "two", bytes, { "four": 4 }], [{ "message": "no", "data": 7 }]]));
    }
}

#[tokio::test]
async fn s_55_an_answer_after_the_socket_left_the_namespace_does_no_harm() {
    let (told, mut heard) = notes();
    let late = move |socket: Socket, ack: AckSender| {
        let told = told.clone();
        async move {
            assert!(ack.is_wanted());
            socket.disconnect();
            while socket.is_connected() {
                tokio::task::yield_now().await;
            }
            told.say(ack.send("late").is_err());
        }
    };
    let realtime = realtime().on("late", late).namespace("/custom", pintle::Namespace::new());
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let ends = stage
        .run(
            "const socket = await connect();
            const custom = beside(socket, '/custom');
            await connected(custom);
            let answer = null;
            socket.emit('late', (said) => { answer = said; });
            return [await life(socket), answer, custom.connected];",
        )
        .await;
    assert_eq!(ends, json!([["disconnect", "io server disconnect"], null, true]));
    assert!(heard.next().await, "whoever answers is told that nobody waits");
}
