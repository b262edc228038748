//! A socket: what it knows, what it sends, and whom it reaches.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pintle::{Ack, Args, ClientError, Data, DisconnectReason, EmitError, HandshakeDetails, Namespace, Socket};
use pintle_tests::eventually;
use serde_json::{Value, json};

use crate::stage::{BOTH, Stage, notes, realtime};

#[tokio::test]
async fn s_40_an_id_is_of_the_namespace_and_not_the_connections() {
    let (told, mut heard) = notes();
    let tell_id = move |socket: Socket| {
        told.say(socket.id().to_string());
        async {}
    };
    let realtime = realtime().on_connect(tell_id.clone()).namespace("/custom", Namespace::new().on_connect(tell_id));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let ids = stage
        .run(
            "const socket = await connect();
            const custom = beside(socket, '/custom');
            await connected(custom);
            return [socket.id, custom.id, socket.io.engine.id];",
        )
        .await;
    assert_eq!(ids[0], heard.next().await);
    assert_eq!(ids[1], heard.next().await);
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2], "{ids}");
    assert!(ids.as_array().expect("ids").iter().all(|id| id.as_str().is_some_and(|id| id.len() == 20)), "{ids}");
}

#[tokio::test]
async fn s_41_the_handshake_is_that_of_the_first_request() {
    async fn show(socket: Socket) -> Ack<HandshakeDetails> {
        Ack(socket.handshake_details())
    }
    let realtime = realtime().any_origin().on("show", show).namespace("/custom", Namespace::new().on("show", show));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    // It travels on a WebSocket by then, and its session began on polling.
    let (shown, parsed) = {
        let both = stage
            .run(
                "const socket = await connect('/', {
                    query: { a: 'b c', EIO: 'mine' },
                    extraHeaders: { 'x-a': 'b', origin: 'http://elsewhere.example' },
                    auth: { token: 'abc' },
                });
                const shown = await socket.emitWithAck('show');
                const custom = beside(socket, '/custom');
                await connected(custom);
                kept.other = await custom.emitWithAck('show');
                return [shown, new Date(shown.time).getTime()];",
            )
            .await;
        (both[0].clone(), both[1].as_u64().expect("a time that JavaScript can read"))
    };
    assert_eq!(shown["headers"]["x-a"], "b");
    assert_eq!(shown["headers"]["origin"], "http://elsewhere.example");
    assert_eq!(shown["address"], "127.0.0.1");
    assert_eq!((&shown["xdomain"], &shown["secure"]), (&json!(true), &json!(false)));
    assert_eq!(shown["query"]["a"], "b c");
    assert_eq!((&shown["query"]["EIO"], &shown["query"]["transport"]), (&json!("4"), &json!("polling")));
    let url = shown["url"].as_str().expect("a path and query");
    assert!(url.starts_with("/socket.io/?") && url.contains("a=b%20c"), "{url}");
    assert_eq!(shown["auth"], json!({ "token": "abc" }));

    let issued = shown["issued"].as_u64().expect("milliseconds");
    assert_eq!(parsed, issued - issued % 1000);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock that is set");
    assert!(now.abs_diff(Duration::from_millis(issued)) < Duration::from_secs(60), "{issued}");

    // The same connection, but what a client says for itself is of the namespace.
    let other = stage.run("return kept.other").await;
    assert_eq!((&other["url"], &other["issued"]), (&shown["url"], &shown["issued"]));
    assert_eq!(other["auth"], json!({}));
}

#[tokio::test]
async fn s_42_what_a_socket_knows_of_itself() {
    let (told, mut heard) = notes();
    let look = move |when: &'static str| {
        let told = told.clone();
        move |socket: Socket| {
            let rooms = socket
                .rooms()
                .iter()
                .map(|room| if **room == *socket.id().as_str() { "own id".into() } else { room.to_string() })
                .collect::<Vec<_>>();
            told.say(json!([
                when,
                socket.is_connected(),
                socket.is_recovered(),
                socket.namespace(),
                rooms,
                socket.data::<Value>().as_deref()
            ]));
            async {}
        }
    };
    let custom = Namespace::new()
        .middleware(look("middleware"))
        .on_connect(async |socket: Socket| {
            socket.set_data(json!({ "name": "Ada" }));
            socket.join("lobby")
        })
        .on("look", look("event"))
        .on_disconnect(look("disconnect"));
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", custom)).await else { return };
    stage.run("const socket = await connect('/custom'); socket.emit('look'); socket.disconnect();").await;
    let data = json!({ "name": "Ada" });
    assert_eq!(heard.next().await, json!(["middleware", false, false, "/custom", ["own id"], null]));
    assert_eq!(heard.next().await, json!(["event", true, false, "/custom", ["own id", "lobby"], data]));
    assert_eq!(heard.next().await, json!(["disconnect", false, false, "/custom", ["own id", "lobby"], data]));
}

#[tokio::test]
async fn s_43_what_a_middleware_emits_arrives() {
    let early = async |socket: Socket| socket.emit("early", (1, "two"));
    let Some(mut stage) = Stage::open(realtime().middleware(early)).await else { return };
    for ways in BOTH {
        stage.console.over(ways);
        let event = stage.run("return event(await connect())").await;
        assert_eq!(event, json!(["early", 1, "two"]));
    }
}

#[tokio::test]
async fn s_43_reserved_names_are_refused_and_what_comes_too_late_is_an_error() {
    let (told, mut heard) = notes();
    let left = move |socket: Socket| {
        let reserved = ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];
        let refused = reserved.map(|event| socket.emit(event, ()).is_err_and(|error| error.is_encode()));
        let late = socket.emit("late", ()).is_err_and(|error| error.is_disconnected());
        told.say((refused, late));
        async {}
    };
    let Some(mut stage) = Stage::open(realtime().on_disconnect(left)).await else { return };
    stage.run("(await connect()).disconnect()").await;
    assert_eq!(heard.next().await, ([true; 6], true));
}

#[tokio::test]
async fn s_43_send_emits_a_message() {
    async fn back(socket: Socket, Data(text): Data<String>) -> Result<(), EmitError> {
        socket.send((text, "back"))
    }
    let Some(mut stage) = Stage::open(realtime().on("message", back)).await else { return };
    let event = stage.run("const socket = await connect(); socket.send('there'); return event(socket)").await;
    assert_eq!(event, json!(["message", "there", "back"]));
}

#[tokio::test]
async fn s_49_what_a_socket_broadcasts_never_reaches_itself() {
    let cast = async |socket: Socket, Data((how, rooms)): Data<(String, Vec<String>)>| {
        let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
        match &*how {
            "broadcast" => socket.broadcast(),
            "to" => socket.to(rooms),
            "in" => socket.in_(rooms),
            "except" => socket.except(rooms),
            "local" => socket.local().to(rooms),
            // The sender is in the first room, and must not hear it though it is named.
            _ => socket.to(socket.id().as_str()).to(rooms),
        }
        .emit("cast", how)
    };
    let join = async |socket: Socket, Data(rooms): Data<Vec<String>>| {
        rooms.iter().try_for_each(|room| socket.join(room.as_str()))?;
        Ok::<_, pintle::JoinError>(Ack(()))
    };
    let Some(mut stage) = Stage::open(realtime().on("cast", cast).on("join", join)).await else { return };
    stage
        .run(
            "kept.all = [];
            for (const rooms of [['a', 'b'], ['a'], ['a', 'b'], []]) {
                const socket = await connect();
                await socket.emitWithAck('join', rooms);
                kept.all.push(socket);
            }",
        )
        .await;
    // Who of the four hears it: the first is the sender.
    let cases: [(&str, &[&str], [bool; 4]); 7] = [
        ("broadcast", &[], [false, true, true, true]),
        ("to", &["a"], [false, true, true, false]),
        ("to", &["a", "b"], [false, true, true, false]),
        ("in", &["b"], [false, false, true, false]),
        ("except", &["b"], [false, true, false, true]),
        ("local", &["a"], [false, true, true, false]),
        ("itself", &[], [false; 4]),
    ];
    for (how, rooms, hear) in cases {
        let heard = stage
            .run(&format!(
                "kept.all[0].emit('cast', '{how}', {rooms:?});
                await kept.all[0].emitWithAck('everything?');
                return Promise.all(kept.all.map(heard));"
            ))
            .await;
        let expected = hear.map(|hears| if hears { json!([["cast", how]]) } else { json!([]) });
        assert_eq!(heard, json!(expected), "{how} {rooms:?}");
    }
}

#[tokio::test]
async fn s_50_rooms_are_joined_and_left_at_once() {
    fn sorted(socket: &Socket) -> Vec<String> {
        let (own, rooms) =
            socket.rooms().split_first().map(|(own, rooms)| (own.clone(), rooms.to_vec())).expect("its own");
        assert_eq!(*own, *socket.id().as_str());
        let mut rooms: Vec<_> = rooms.iter().map(ToString::to_string).collect();
        rooms.sort();
        rooms
    }
    let turn = async |socket: Socket| {
        socket.join(["a", "b", "c"])?;
        let joined = sorted(&socket);
        socket.leave("b");
        socket.leave("nowhere");
        Ok::<_, pintle::JoinError>(Ack(vec![joined, sorted(&socket)]))
    };
    let Some(mut stage) = Stage::open(realtime().on("turn", turn)).await else { return };
    let seen = stage.run("return (await connect()).emitWithAck('turn')").await;
    assert_eq!(seen, json!([["a", "b", "c"], ["a", "c"]]));
    assert_eq!(stage.io.to("b").sockets().len(), 0);
    assert_eq!(stage.io.to("c").sockets().len(), 1);
}

#[tokio::test]
async fn s_50_nobody_joins_after_the_end() {
    let (told, mut heard) = notes();
    let left = move |socket: Socket| {
        let joined = socket.join("late").is_ok();
        told.say((joined, socket.rooms().len()));
        async {}
    };
    let Some(mut stage) = Stage::open(realtime().on_disconnect(left)).await else { return };
    stage.run("(await connect()).disconnect()").await;
    assert_eq!(heard.next().await, (true, 1), "it does nothing");
    assert!(stage.io.rooms().is_empty());
}

#[tokio::test]
async fn s_50_a_middleware_joins_rooms_that_are_gone_if_it_refuses() {
    let admit = async |socket: Socket, pintle::Auth(auth): pintle::Auth<Value>| {
        socket.join("lobby").map_err(ClientError::internal)?;
        if auth["welcome"] == true { Ok(()) } else { Err(ClientError::new("not welcome")) }
    };
    let Some(mut stage) = Stage::open(realtime().middleware(admit)).await else { return };
    let refused = stage.run("return life(idle('/', { auth: {} }).connect())").await;
    assert_eq!(refused, json!(["connect_error", "not welcome", null]));
    assert!(stage.io.rooms().is_empty());
    stage.run("await connect('/', { auth: { welcome: true } })").await;
    assert_eq!(stage.io.to("lobby").sockets().len(), 1);
}

#[tokio::test]
async fn s_51_disconnect_is_of_the_namespace_and_close_of_the_connection() {
    let (told, mut heard) = notes();
    let left = move |socket: Socket, reason: DisconnectReason| {
        told.say(json!([socket.namespace(), reason.as_str()]));
        async {}
    };
    let realtime = realtime()
        // Nothing to disconnect yet.
        .middleware(async |socket: Socket| socket.disconnect())
        .on("leave", async |socket: Socket| {
            socket.disconnect();
            socket.disconnect();
        })
        .on("close", async |socket: Socket| socket.close())
        .on_disconnect(left.clone())
        .namespace("/custom", Namespace::new().on("echo", async |args: Args| Ack(args)).on_disconnect(left));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage.console.over(ways);
        let ends = stage
            .run(
                "const socket = await connect();
                const custom = beside(socket, '/custom');
                await connected(custom);
                socket.emit('leave');
                const left = await life(socket);
                const there = await custom.emitWithAck('echo', 'still there');
                socket.connect();
                await connected(socket);
                const ended = new Promise((resolve) => socket.io.engine.once('close', resolve));
                socket.emit('close');
                const ends = [left, there, await life(socket), await life(custom), (await ended) !== undefined];
                return [...ends, socket.active];",
            )
            .await;
        let left = json!(["disconnect", "io server disconnect"]);
        assert_eq!(ends, json!([left, "still there", left, left, true, false]));
        let mut reasons = [heard.next().await, heard.next().await, heard.next().await];
        reasons.sort_by_key(Value::to_string);
        let server = "server namespace disconnect";
        assert_eq!(reasons, [json!(["/", server]), json!(["/", server]), json!(["/custom", server])]);
        assert_eq!(heard.all(), [] as [Value; 0], "once each");
    }
    eventually("the connections to end", || stage.io.engine().clients_count() == 0).await;
}
