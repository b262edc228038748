//! Connection state recovery: clients that are cut off and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pintle::{Ack, Auth, ClientError, Data, DisconnectReason, Namespace, Socket, SocketIoLayer, StateRecovery};
use pintle_tests::{Client, Polling, TestServer, Transport, eventually, split};
use serde_json::{Value, json};

use crate::stage::{BOTH, Stage, notes, realtime};

pub(crate) fn recovering() -> SocketIoLayer {
    realtime().recovery(StateRecovery::new())
}

impl Stage {
    /// Connects the client that is to be cut off, over one transport.
    pub(crate) async fn arrive(&mut self, ways: &[&str]) -> Socket {
        let id = self.console.over(ways).run("kept.socket = await connect(); return kept.socket.id").await;
        self.socket(&id)
    }

    pub(crate) fn socket(&self, id: &Value) -> Socket {
        self.io.sockets().into_iter().find(|socket| *id == *socket.id().as_str()).expect("a socket that is connected")
    }

    /// Cuts the client off, until it is let [back](Self::back). A server that is not polled at the moment does not notice.
    pub(crate) async fn part(&mut self) {
        self.network.part();
        let ended = self.run("return (await life(kept.socket))[0]").await;
        assert_eq!(ended, "disconnect");
    }

    /// Waits until the server has noticed that nobody is left.
    pub(crate) async fn noticed(&self) {
        eventually("the server to notice", || self.io.sockets().is_empty()).await;
    }

    /// Lets the client back. Whether it says that its socket is that of before.
    pub(crate) async fn back(&mut self) -> bool {
        self.network.restore();
        self.run("return back(kept.socket)").await.as_bool().expect("yes or no")
    }

    /// The events that the client has heard since it was asked last, without the position at the end of each.
    pub(crate) async fn heard(&mut self) -> Value {
        self.run("return (await heard(kept.socket)).map((event) => event.slice(0, -1))").await
    }
}

#[tokio::test]
async fn r_01_without_the_option_there_is_none_of_it() {
    let realtime = realtime().on("go", async |socket: Socket| socket.emit("event", 1));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let body = "kept.socket = await connect(); kept.socket.emit('go'); return [await event(kept.socket), kept.socket._pid ?? null]";
    assert_eq!(stage.run(body).await, json!([["event", 1], null]));
    stage.part().await;
    assert!(!stage.back().await);
}

#[tokio::test]
async fn r_02_the_client_is_told_a_private_id() {
    let server = TestServer::start(axum::Router::new().layer(recovering())).await;
    for transport in Transport::BOTH {
        let mut client = Client::open(server.socket_io(), transport).await;
        client.send("40").await;
        let answer = client.text().await;
        let (sid, pid) = identity(&answer);
        assert_ne!(sid, pid);
        assert_eq!(answer, format!(r#"40{{"sid":"{sid}","pid":"{pid}"}}"#));
    }
}

pub(crate) fn identity(connect: &str) -> (String, String) {
    let said: Value = serde_json::from_str(connect.strip_prefix("40").expect("a CONNECT")).expect("JSON");
    let text = |key: &str| said[key].as_str().expect("an id").to_owned();
    (text("sid"), text("pid"))
}

/// A client that polls by hand, and the ids that it was told.
pub(crate) async fn polling_client(server: &TestServer) -> (Polling, (String, String)) {
    let mut client = Polling::open(server.socket_io()).await;
    client.push("40").await;
    let ids = identity(&client.receive().await);
    (client, ids)
}

#[tokio::test]
async fn r_03_r_04_events_that_can_be_recovered_carry_a_position() {
    let realtime = recovering()
        .on_connect(async |socket: Socket| socket.join("room"))
        .on("go", async |socket: Socket| {
            let io = socket.io();
            socket.emit("own", 1)?;
            io.emit("all", ())?;
            io.to("room").emit("room", bytes::Bytes::from_static(&[1]))?;
            socket.io().except("elsewhere").emit("except", ("a", "b"))?;
            drop(socket.emit_with_ack::<Value>("asked", 1));
            Ok::<_, pintle::EmitError>(Ack("answer"))
        })
        .on("volatile", async |socket: Socket| socket.volatile().emit("volatile", 1));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        let body = "kept.socket = await connect();
            const answer = await new Promise((resolve) => kept.socket.emit('go', (...all) => resolve(all)));
            return [answer, kept.socket.events.all()];";
        let said = stage.console.over(ways).run(body).await;
        assert_eq!(said[0], json!(["answer"]));
        let events = said[1].as_array().expect("events");
        let mut positions = Vec::new();
        let bytes = json!({ "type": "Buffer", "data": [1] });
        for (event, expected) in
            events.iter().zip([json!(["own", 1]), json!(["all"]), json!(["room", bytes]), json!(["except", "a", "b"])])
        {
            let (position, rest) = event.as_array().expect("an event").split_last().expect("a position");
            assert_eq!(json!(rest), expected);
            positions.push(position.as_str().expect("a string").to_owned());
        }
        assert_eq!(events[4], json!(["asked", 1]), "whoever is asked must answer now");
        positions.sort();
        positions.dedup();
        assert_eq!(positions.len(), 4);
        let body = "for (;;) { kept.socket.emit('volatile'); const events = await heard(kept.socket); if (events.length) return events; }";
        assert_eq!(stage.run(body).await, json!([["volatile", 1]]));
    }
}

#[tokio::test]
async fn r_05_r_08_r_09_a_client_gets_what_it_missed_in_order_and_its_socket_of_before() {
    let (told, mut heard) = notes();
    let realtime = recovering().on_connect(async move |socket: Socket| {
        let rooms = socket.rooms().iter().any(|room| **room == *"room");
        told.say((socket.is_recovered(), rooms, socket.data::<Value>().map(Arc::unwrap_or_clone)));
        socket.set_data(json!({ "name": "Ada" }));
        socket.join("room")
    });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        let socket = stage.arrive(ways).await;
        let id = socket.id();
        assert_eq!(heard.next().await, (false, false, None));
        socket.emit("before", 0).expect("it is connected");
        assert_eq!(stage.heard().await, json!([["before", 0]]));

        stage.part().await;
        let io = &stage.io;
        io.emit("all", (1, bytes::Bytes::from_static(&[1, 2]))).expect("it is kept");
        io.to("room").emit("room", 2).expect("it is kept");
        io.to("elsewhere").emit("not for it", ()).expect("for nobody");
        io.except("room").emit("not for it", ()).expect("for nobody");
        io.except("elsewhere").emit("except", 3).expect("it is kept");
        socket.emit("own", 4).expect("a handle that was kept");
        io.to(id.as_str()).emit("to its id", 5).expect("it is kept");
        socket.broadcast().emit("not for it", ()).expect("for nobody");
        io.volatile().emit("not for it", ()).expect("never kept");
        socket.volatile().emit("not for it", ()).expect("never kept");

        assert!(stage.back().await, "{ways:?}");
        assert_eq!(heard.next().await, (true, true, Some(json!({ "name": "Ada" }))));
        let recovered = stage.run("return kept.socket.id").await;
        assert_eq!(recovered, *id.as_str());
        stage.socket(&recovered).emit("after", 6).expect("it is connected");
        let bytes = json!({ "type": "Buffer", "data": [1, 2] });
        assert_eq!(
            stage.heard().await,
            json!([["all", 1, bytes], ["room", 2], ["except", 3], ["own", 4], ["to its id", 5], ["after", 6]])
        );
        stage.run("kept.socket.disconnect()").await;
        stage.noticed().await;
    }
}

#[tokio::test]
async fn r_05_a_handle_that_was_kept_reaches_the_socket_of_after() {
    let Some(mut stage) = Stage::open(recovering()).await else { return };
    for ways in BOTH {
        let socket = stage.arrive(ways).await;
        for round in 0..3 {
            stage.part().await;
            socket.emit("away", round).expect("it is kept");
            assert!(stage.back().await);
            socket.emit("back", round).expect("it is there again");
            assert_eq!(stage.heard().await, json!([["away", round], ["back", round]]));
        }
        stage.run("kept.socket.disconnect()").await;
        stage.noticed().await;
        assert!(socket.emit("late", ()).is_err_and(|error| error.is_disconnected()));
    }
}

#[tokio::test]
async fn r_06_only_who_was_cut_off_may_come_back() {
    let realtime = recovering()
        .on("leave", async |socket: Socket| socket.disconnect())
        .on("close", async |socket: Socket| socket.close())
        .on("close the engine", async |socket: Socket| socket.conn().close());
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let cases = [
        ("socket.disconnect()", false),
        ("socket.emit('leave')", false),
        ("socket.emit('close')", false),
        // A packet of a type that there is not.
        (
            "const { transport } = socket.io.engine; if (transport.ws) transport.ws.send('abc'); else transport.doWrite('abc', () => {})",
            false,
        ),
        ("socket.io.engine.close()", true),
        ("socket.io.engine._sendPacket('ping')", true),
        ("socket.io.engine.write('2[')", true),
        ("socket.io.engine.write('0')", true),
        ("socket.emit('close the engine')", true),
    ];
    for ways in BOTH {
        for (doing, recovers) in cases {
            let body = format!(
                "const socket = await connect();
                const {{ id }} = socket;
                {doing};
                await life(socket);
                if (!socket.active) socket.connect();
                const recovered = await back(socket);
                const same = socket.id === id;
                socket.disconnect();
                return [recovered, same];"
            );
            let back = stage.console.over(ways).run(&body).await;
            assert_eq!(back, json!([recovers, recovers]), "{doing} {ways:?}");
        }
    }
}

#[tokio::test]
async fn r_06_a_client_that_did_not_answer_may_come_back() {
    let realtime = recovering().ping_interval(Duration::from_millis(300)).ping_timeout(Duration::from_millis(200));
    let (told, mut heard) = notes();
    let realtime = realtime.on_disconnect(async move |reason: DisconnectReason| told.say(reason));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage.arrive(ways).await;
        stage.run("patient(kept.socket)").await;
        stage.network.silence();
        assert_eq!(heard.next().await, DisconnectReason::PingTimeout);
        stage.io.emit("missed", 1).expect("it is kept");
        // Now it notices too.
        stage.network.cut();
        assert!(stage.back().await);
        assert_eq!(stage.heard().await, json!([["missed", 1]]));
        stage.run("kept.socket.disconnect()").await;
        assert_eq!(heard.next().await, DisconnectReason::ClientNamespaceDisconnect);
    }
}

#[tokio::test]
async fn r_07_r_17_each_namespace_recovers_for_itself_over_a_new_connection() {
    let auth = async |Auth(auth): Auth<Value>| Ack(auth);
    let custom = Namespace::new().on("auth", auth).on_connect(async |socket: Socket| socket.join("room"));
    let Some(mut stage) = Stage::open(recovering().on("auth", auth).namespace("/custom", custom)).await else { return };
    let before = stage
        .run(
            "kept.socket = await connect('/', { auth: { token: 'abc' } });
            kept.custom = beside(kept.socket, '/custom');
            await connected(kept.custom);
            kept.ids = [kept.socket.io.engine.id, kept.socket.id, kept.custom.id];
            return kept.ids;",
        )
        .await;
    stage.io.emit("event", ()).expect("it is connected");
    stage.run("await event(kept.socket)").await;
    stage.part().await;
    eventually("the server to notice", || stage.io.of("/custom").sockets().is_empty()).await;
    stage.io.of("/custom").to("room").emit("missed", 1).expect("it is kept");
    assert!(stage.back().await);
    let after = stage
        .run(
            "if (!(await back(kept.custom))) throw new Error('not the one of before');
            const missed = (await event(kept.custom)).slice(0, -1);
            const ids = [kept.socket.io.engine.id, kept.socket.id, kept.custom.id];
            return [ids, missed, await kept.socket.emitWithAck('auth')];",
        )
        .await;
    assert_eq!(after[1], json!(["missed", 1]));
    assert_ne!(after[0][0], before[0], "a new session of the engine");
    assert_eq!((&after[0][1], &after[0][2]), (&before[1], &before[2]));
    assert_eq!(after[2]["token"], "abc");
    assert!(after[2]["pid"].is_string() && after[2]["offset"].is_string(), "{}", after[2]);
}

/// One client by hand, as Node's test has it: all comes in one payload, and the CONNECT last.
#[tokio::test]
async fn r_09_what_was_missed_comes_before_the_connect() {
    let realtime = recovering();
    let io = realtime.io();
    let server = TestServer::start(axum::Router::new().layer(realtime)).await;
    let (mut before, (sid, pid)) = polling_client(&server).await;
    io.emit("first", ()).expect("it is connected");
    let first = before.receive().await;
    let first: Vec<String> = serde_json::from_str(first.strip_prefix("42").expect("an event")).expect("JSON");
    let offset = &first[1];
    before.push("1").await;
    eventually("it to be gone", || io.sockets().is_empty()).await;
    for number in 1..=3 {
        io.emit("missed", number).expect("it is kept");
    }
    let after = Polling::open(server.socket_io()).await;
    after.push(format!(r#"40{{"pid":"{pid}","offset":"{offset}"}}"#)).await;
    let payload = after.get().await;
    let packets: Vec<_> = split(payload.text()).collect();
    let numbers: Vec<_> =
        packets.iter().filter_map(|packet| packet.strip_prefix(r#"42["missed","#)?.get(..1)).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    assert_eq!(packets[3..], [format!(r#"40{{"sid":"{sid}","pid":"{pid}"}}"#)]);
}

#[tokio::test]
async fn r_10_the_middleware_runs_again_unless_it_is_to_be_skipped() {
    for skip in [false, true] {
        let (told, mut heard) = notes();
        let allowed = Arc::new(AtomicBool::new(true));
        let realtime = realtime().recovery(StateRecovery::new().skip_middleware(skip)).middleware({
            let allowed = allowed.clone();
            async move |socket: Socket| {
                told.say(socket.is_recovered());
                // Nobody sends a replay: it is not heard by these.
                socket.on_any_outgoing(|event, _| assert_ne!(event, "missed"));
                if allowed.load(Ordering::SeqCst) { Ok(()) } else { Err(ClientError::new("revoked")) }
            }
        });
        let Some(mut stage) = Stage::open(realtime).await else { return };
        stage.arrive(BOTH[1]).await;
        assert!(!heard.next().await);
        stage.part().await;
        stage.io.emit("missed", 1).expect("it is kept");
        assert!(stage.back().await);
        assert_eq!(stage.heard().await, json!([["missed", 1]]));
        assert_eq!(heard.all(), if skip { vec![] } else { vec![true] });

        stage.part().await;
        stage.io.emit("missed", 2).expect("it is kept");
        allowed.store(false, Ordering::SeqCst);
        stage.network.restore();
        if skip {
            assert!(stage.back().await);
        } else {
            // Node has sent what was missed by then. Here nothing goes out to whom the middleware refuses.
            let body = "for (;;) {
                    const [what, why] = await life(kept.socket);
                    if (why === 'revoked') return [what, kept.socket.events.all()];
                }";
            assert_eq!(stage.run(body).await, json!(["connect_error", []]));
        }
    }
}

#[tokio::test]
async fn r_14_what_a_middleware_emits_arrives() {
    let realtime = recovering().middleware(async |socket: Socket| socket.emit("early", socket.is_recovered()));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage.arrive(ways).await;
        assert_eq!(stage.run("return (await event(kept.socket)).slice(0, 2)").await, json!(["early", false]));
        stage.part().await;
        assert!(stage.back().await);
        assert_eq!(stage.run("return (await event(kept.socket)).slice(0, 2)").await, json!(["early", true]));
        stage.run("kept.socket.disconnect()").await;
        stage.noticed().await;
    }
}

#[tokio::test]
async fn r_06_data_that_was_changed_and_rooms_that_were_left_are_as_they_were() {
    let realtime = recovering().on("count", async |socket: Socket, Data(by): Data<u32>| {
        socket.update_data(|count: &mut u32| *count += by);
        socket.join("joined")?;
        socket.leave("left");
        Ok::<_, pintle::JoinError>(Ack((*socket.data::<u32>().unwrap_or_default(), socket.rooms().len())))
    });
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let socket = stage.arrive(BOTH[0]).await;
    socket.join("left").expect("a room");
    assert_eq!(stage.run("return kept.socket.emitWithAck('count', 1)").await, 1);
    stage.part().await;
    assert!(stage.back().await);
    let all = "return new Promise((resolve) => kept.socket.emit('count', 2, (...all) => resolve(all)))";
    assert_eq!(stage.run(all).await, json!([3, 2]));
}
