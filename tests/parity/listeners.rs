//! Handlers of a socket's own, and those of everything.

use std::sync::{Arc, Mutex};

use pintle::{Ack, Args, Data, EmitError, Event, EventRequest, Namespace, Next, Socket};
use pintle::{ClientError, EventResponse};
use serde_json::{Value, json};

use crate::stage::{BOTH, Stage, notes, realtime};

#[tokio::test]
async fn s_53_listeners_of_everything_are_called_before_the_middleware_even_if_that_rejects() {
    let (told, mut heard) = notes();
    let note = {
        let told = told.clone();
        move |who: &'static str| {
            let told = told.clone();
            move |event: Event, args: Args| {
                told.say(json!([who, &*event, args]));
                async {}
            }
        }
    };
    let middleware = {
        let told = told.clone();
        move |request: EventRequest, next: Next| {
            told.say(json!(["middleware", request.event(), request.args()]));
            async move {
                if request.event() == "refused" {
                    return Err(ClientError::new("refused"));
                }
                Ok::<EventResponse, ClientError>(next.run(request).await)
            }
        }
    };
    let custom = Namespace::new()
        .on_any(note("first"))
        .on_any(note("second"))
        .event_middleware(middleware)
        .on("handled", note("handler"))
        .on_connect({
            let note = note.clone();
            move |socket: Socket| {
                socket.on_any(note("own"));
                async {}
            }
        });
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", custom)).await else { return };
    let body = "const socket = await connect('/custom');
        socket.emit('handled', 1, [2]);
        socket.emit('refused');
        socket.emit('unhandled', 'x', () => {});";
    stage.run(body).await;
    for (event, args, who) in [
        ("handled", json!([1, [2]]), &["first", "second", "own", "middleware", "handler"][..]),
        ("refused", json!([]), &["first", "second", "own", "middleware"][..]),
        ("unhandled", json!(["x"]), &["first", "second", "own", "middleware"][..]),
    ] {
        for who in who {
            assert_eq!(heard.next().await, json!([who, event, args]));
        }
    }
}

#[tokio::test]
async fn s_53_a_listener_of_everything_can_be_taken_back() {
    let (told, mut heard) = notes();
    let realtime = realtime().on_connect(move |socket: Socket| {
        let note = |who: &'static str| {
            let told = told.clone();
            move || {
                told.say(who);
                async {}
            }
        };
        let first = socket.on_any(note("first"));
        socket.on_any(note("second"));
        let removed = socket.remove_listener(first);
        let again = socket.remove_listener(first);
        async move { assert!(removed && !again) }
    });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    stage.run("const socket = await connect(); socket.emit('any'); await socket.emitWithAck('everything?');").await;
    assert_eq!(heard.all(), ["second", "second"], "for the event, and for the question after it");
}

#[tokio::test]
async fn s_54_listeners_of_what_goes_out_see_all_but_acknowledgements() {
    let (told, mut heard) = notes();
    let realtime = realtime()
        .on_connect(move |socket: Socket| {
            let told = told.clone();
            socket.on_any_outgoing(move |event, args| told.say(json!([event, args])));
            async move { socket.join("room") }
        })
        .on("go", async |socket: Socket| {
            let io = socket.io();
            socket.emit("own", (1, bytes::Bytes::from_static(&[2])))?;
            io.emit("all", ())?;
            io.to("room").emit("room", "x")?;
            io.to("elsewhere").emit("not for it", ())?;
            socket.broadcast().emit("not for it", ())?;
            socket.send("message")?;
            // Somebody waits for an answer, but it is an event.
            drop(socket.emit_with_ack::<Value>("asked", ()));
            drop(io.emit_with_ack::<Value>("all asked", ()));
            Ok::<_, EmitError>(Ack("an acknowledgement"))
        });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage
            .console
            .over(ways)
            .run("const socket = await connect(); await socket.emitWithAck('go'); socket.disconnect()")
            .await;
        let bytes = json!({ "_placeholder": true, "num": 0 });
        let expected = [
            json!(["own", [1, bytes]]),
            json!(["all", []]),
            json!(["room", ["x"]]),
            json!(["message", ["message"]]),
            json!(["asked", []]),
            json!(["all asked", []]),
        ];
        let all = heard.all();
        assert_eq!(all.len(), expected.len(), "{all:?}");
        for (seen, expected) in all.iter().zip(&expected).skip(1) {
            assert_eq!(seen, expected);
        }
        assert_eq!(all[0][0], "own");
        assert_eq!(all[0][1][0], 1);
    }
}

#[tokio::test]
async fn s_54_a_listener_of_what_goes_out_can_be_taken_back() {
    let (told, mut heard) = notes();
    let realtime = realtime().on_connect(move |socket: Socket| {
        let told = told.clone();
        let listener = socket.on_any_outgoing(move |event, _| told.say(event.to_owned()));
        let sent = socket.emit("seen", ()).and_then(|()| {
            assert!(socket.remove_listener(listener));
            socket.emit("unseen", ())
        });
        async move { sent }
    });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let events = stage.run("return events(await connect(), 2)").await;
    assert_eq!(events, json!([["seen"], ["unseen"]]));
    assert_eq!(heard.all(), ["seen"]);
}

#[tokio::test]
async fn s_54_what_is_volatile_is_seen_if_it_goes_out() {
    let (told, mut heard) = notes();
    let realtime = realtime()
        .on_connect(move |socket: Socket| {
            let told = told.clone();
            socket.on_any_outgoing(move |event, _| told.say(event.to_owned()));
            async {}
        })
        .on("go", async |socket: Socket| {
            socket.emit("regular", ())?;
            // Too late for these, and nothing is there to be seen.
            socket.volatile().emit("volatile", ())?;
            socket.io().volatile().emit("volatile", ())
        });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let all = stage
        .console
        .over(BOTH[1])
        .run("const socket = await connect(); socket.emit('go'); return heard(socket)")
        .await;
    assert_eq!(all, json!([["regular"]]));
    assert_eq!(heard.all(), ["regular"]);
}

#[tokio::test]
async fn s_57_a_socket_has_handlers_of_its_own() {
    let (told, mut heard) = notes();
    let realtime = realtime()
        .on("both", {
            let told = told.clone();
            move || {
                told.say("namespace's".to_owned());
                async { Ack("first") }
            }
        })
        .on_connect(move |socket: Socket| {
            let note = |who: &'static str| {
                let told = told.clone();
                move |Data(number): Data<Option<u32>>| {
                    told.say(format!("{who} {number:?}"));
                    async move { Ack(who) }
                }
            };
            socket.on("both", note("own"));
            socket.on("twice", note("one"));
            socket.on("twice", note("other"));
            socket.once("once", note("once"));
            let gone = socket.on("gone", note("gone"));
            socket.on("off", note("off"));
            socket.on("off", note("off"));
            assert_eq!(
                socket.event_names().iter().map(|name| &**name).collect::<Vec<_>>(),
                ["both", "gone", "off", "once", "twice"]
            );
            assert!(socket.remove_listener(gone));
            socket.off("off");
            assert_eq!(socket.event_names().iter().map(|name| &**name).collect::<Vec<_>>(), ["both", "once", "twice"]);
            async {}
        });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    // The events leave with the CONNECT, before the connect handler has run: none is missed.
    let answers = stage
        .run(
            "const socket = idle();
            const answers = [socket.emitWithAck('both', 1)];
            for (const event of ['twice', 'once', 'once', 'gone', 'off']) socket.emit(event, answers.length);
            answers.push(socket.emitWithAck('twice', 2));
            socket.connect();
            return Promise.all(answers);",
        )
        .await;
    assert_eq!(answers, json!(["first", "one"]));
    let expected =
        ["namespace's", "own Some(1)", "one Some(1)", "other Some(1)", "once Some(1)", "one Some(2)", "other Some(2)"];
    assert_eq!(heard.all(), expected);
    stage.run("(await connect()).disconnect()").await;
}

#[tokio::test]
async fn s_57_a_handler_added_while_an_event_is_handled_hears_the_next_one() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let add = {
        let seen = seen.clone();
        move |socket: Socket| {
            let seen = seen.clone();
            socket.on("add", move |Data(number): Data<u32>| {
                seen.lock().expect("no panic").push(number);
                async {}
            });
            async {}
        }
    };
    let Some(mut stage) = Stage::open(realtime().on("add", add)).await else { return };
    let body = "const socket = await connect();
        for (let number = 1; number <= 3; number += 1) socket.emit('add', number);
        await socket.emitWithAck('everything?');";
    stage.run(body).await;
    assert_eq!(*seen.lock().expect("no panic"), [2, 3, 3]);
}
