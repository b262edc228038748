//! Volatile events: sent now or never.

use pintle::{Ack, EmitError, Socket};
use pintle_tests::eventually;
use serde_json::{Value, json};

use crate::stage::{BOTH, Stage, realtime};

/// Over long-polling a request may not be there yet when the server is asked: then all of it is dropped, and this asks again.
const TRY: &str = "
    const all = [];
    let some = [];
    while (some.length === 0) {
        kept.socket.emit('try');
        some = await heard(kept.socket);
        all.push(some);
    }
    return some;";

/// What a client hears of what a handler emits to it, where something must come through.
async fn heard_of(try_it: fn(&Socket) -> Result<(), EmitError>) -> Vec<Value> {
    let attempt = move |socket: Socket| {
        let tried = try_it(&socket);
        async move { tried }
    };
    let Some(mut stage) = Stage::open(realtime().on("try", attempt)).await else { return Vec::new() };
    let mut heard = Vec::new();
    for ways in BOTH {
        stage.console.over(ways).run("kept.socket = await connect()").await;
        heard.push(stage.run(TRY).await);
    }
    heard
}

#[tokio::test]
async fn s_46_a_volatile_event_is_sent_when_it_can_go_out_at_once() {
    let heard = heard_of(|socket| socket.volatile().emit("volatile", (1, "two"))).await;
    assert!(heard.iter().all(|heard| *heard == json!([["volatile", 1, "two"]])), "{heard:?}");
}

#[tokio::test]
async fn s_46_a_broadcast_can_be_volatile() {
    let heard = heard_of(|socket| socket.io().volatile().emit("volatile", bytes::Bytes::from_static(&[1]))).await;
    let event = json!(["volatile", { "type": "Buffer", "data": [1] }]);
    assert!(heard.iter().all(|heard| *heard == json!([event])), "{heard:?}");
}

#[tokio::test]
async fn s_46_of_two_volatile_events_one_is_sent() {
    let heard = heard_of(|socket| {
        socket.volatile().emit("volatile", 1)?;
        socket.volatile().emit("volatile", 2)
    })
    .await;
    assert!(heard.iter().all(|heard| *heard == json!([["volatile", 1]])), "{heard:?}");
}

#[tokio::test]
async fn s_46_a_volatile_event_after_a_regular_one_is_dropped() {
    let heard = heard_of(|socket| {
        socket.emit("regular", 1)?;
        socket.volatile().emit("volatile", 2)?;
        socket.io().volatile().emit("volatile", 3)?;
        socket.emit("regular", 4)
    })
    .await;
    assert!(heard.iter().all(|heard| *heard == json!([["regular", 1], ["regular", 4]])), "{heard:?}");
}

#[tokio::test]
async fn s_46_a_regular_event_after_a_volatile_one_goes_out() {
    let realtime = realtime().on("try", async |socket: Socket| {
        socket.volatile().emit("volatile", 1)?;
        socket.emit("regular", 2)
    });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage.console.over(ways).run("kept.socket = await connect()").await;
        // Over long-polling the first may have come too early.
        let body = "
            let some = [];
            const regular = [];
            for (let round = 1; some.length < 2; round += 1) {
                kept.socket.emit('try');
                some = await heard(kept.socket);
                regular.push(some.at(-1)[0]);
            }
            return [some, regular.every((event) => event === 'regular')];";
        assert_eq!(stage.run(body).await, json!([[["volatile", 1], ["regular", 2]], true]));
    }
}

#[tokio::test]
async fn s_46_right_after_the_connection_nothing_volatile_goes_out() {
    let realtime = realtime().on_connect(async |socket: Socket| {
        socket.volatile().emit("volatile", ())?;
        socket.io().volatile().emit("volatile", ())
    });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        let heard = stage.console.over(ways).run("return heard(await connect())").await;
        assert_eq!(heard, json!([]), "{ways:?}");
    }
}

#[tokio::test]
async fn s_46_whoever_does_not_read_misses_volatile_events_whole() {
    const EVENTS: usize = 400;
    let realtime = realtime().on("ready?", async || Ack(()));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    stage
        .console
        .over(BOTH[1])
        .run("kept.socket = await connect(); kept.socket.io.engine.transport.ws._socket.pause();")
        .await;
    let [socket] = &stage.io.sockets()[..] else { panic!("one socket") };
    // More than the buffers between the two hold: 26 MB.
    let large = bytes::Bytes::from(vec![7; 64 * 1024]);
    for n in 0..EVENTS {
        socket.volatile().emit("volatile", (n, large.clone())).expect("dropping is no error");
        tokio::task::yield_now().await;
    }
    socket.emit("regular", ()).expect("it fits");
    let heard = stage
        .run(
            "kept.socket.io.engine.transport.ws._socket.resume();
            const sizes = [];
            for (;;) {
                const [name, n, large] = await event(kept.socket);
                if (name === 'regular') return sizes;
                sizes.push(large.length);
            }",
        )
        .await;
    let sizes = heard.as_array().expect("sizes");
    assert!(!sizes.is_empty() && sizes.len() < EVENTS, "{} of {EVENTS}", sizes.len());
    assert!(sizes.iter().all(|size| *size == large.len()), "all or nothing");
    eventually("volatile events to go out again", || {
        socket.volatile().emit("again", ()).is_ok() && socket.is_connected()
    })
    .await;
    assert_eq!(stage.run("return (await event(kept.socket))[0]").await, "again");
}
