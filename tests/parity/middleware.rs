//! What stands between an event and its handlers, and what goes wrong there.

use pintle::{
    Ack, Args, Auth, ClientError, Data, DisconnectReason, Event, EventRequest, EventResponse, HandlerError, Namespace,
    Next, Socket,
};
use pintle_tests::{Client, Transport};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::stage::{BOTH, Stage, notes, realtime};

type Result<T> = std::result::Result<T, ClientError>;

#[tokio::test]
async fn s_52_a_middleware_sees_and_may_change_an_event() {
    async fn append(number: u32, mut request: EventRequest, next: Next) -> Result<EventResponse> {
        if request.event() == "numbers" {
            let mut numbers: Vec<u32> = request.data()?;
            numbers.push(number);
            request.set_data((numbers, bytes::Bytes::from_static(&[9])))?;
        }
        Ok(next.run(request).await)
    }
    let custom = Namespace::new()
        .event_middleware(async |request, next| append(2, request, next).await)
        .event_middleware(async |request, next| append(1, request, next).await)
        .on("numbers", async |args: Args| Ack(args));
    let Some(mut stage) = Stage::open(realtime().namespace("/custom", custom)).await else { return };
    for ways in BOTH {
        stage.console.over(ways);
        let answer = stage
            .run(
                "const socket = await connect('/custom');
                return new Promise((resolve) => socket.emit('numbers', [0], (...all) => resolve(all)));",
            )
            .await;
        // The one that is added last sees an event first.
        assert_eq!(answer, json!([[0, 1, 2], { "type": "Buffer", "data": [9] }]));
    }
}

#[tokio::test]
async fn s_52_a_middleware_may_refuse_an_event_or_answer_it_or_swallow_it() {
    let (told, mut heard) = notes();
    let handler = {
        let told = told.clone();
        async move |event: Event| told.say(json!(["handler", &*event]))
    };
    let judge = async |event: Event, request: EventRequest, next: Next| match &*event {
        "refused" => Err(ClientError::new("refused").with_data(1)),
        "swallowed" => Ok(EventResponse::empty()),
        _ => Ok(next.run(request).await),
    };
    let failed = async move |error: HandlerError| told.say(json!([format!("{:?}", error.kind()), error.event()]));
    let realtime = realtime().event_middleware(judge).fallback(handler).on_error(failed);
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let answers = stage
        .run(
            "const socket = await connect();
            let swallowed = false;
            socket.emit('swallowed', () => { swallowed = true; });
            socket.emit('refused', 'to nobody');
            const refused = await socket.emitWithAck('refused');
            socket.emit('accepted');
            await socket.emitWithAck('everything?');
            return [refused, swallowed];",
        )
        .await;
    // Node tells its `error` listeners alone. Here the client that asked for an answer has one.
    assert_eq!(answers, json!([{ "message": "refused", "data": 1 }, false]));
    assert_eq!(heard.all(), [json!(["Layer", "refused"]), json!(["Layer", "refused"]), json!(["handler", "accepted"])]);
}

#[tokio::test]
async fn s_52_whom_a_middleware_disconnects_no_handler_hears() {
    let (told, mut heard) = notes();
    let handler = {
        let told = told.clone();
        async move || told.say("handler")
    };
    let realtime = realtime()
        .event_middleware(async |socket: Socket, request: EventRequest, next: Next| {
            if request.event() == "offence" {
                socket.disconnect();
            }
            next.run(request).await
        })
        .on("offence", handler)
        .on_disconnect(async move || told.say("disconnect"));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let end = stage.run("const socket = await connect(); socket.emit('offence'); return life(socket)").await;
    assert_eq!(end, json!(["disconnect", "io server disconnect"]));
    assert_eq!(heard.next().await, "disconnect");
    assert!(heard.all().is_empty());
}

#[tokio::test]
async fn s_55_events_that_come_with_the_connect_are_heard_in_order_after_the_connect_handler() {
    let (told, mut heard) = notes();
    let connect = {
        let told = told.clone();
        async move || {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            told.say(json!("connect"));
        }
    };
    let number = async move |Data(number): Data<u32>| told.say(json!(number));
    for transport in Transport::BOTH {
        let realtime = realtime().on_connect(connect.clone()).on("number", number.clone());
        let server = pintle_tests::TestServer::start(axum::Router::new().layer(realtime)).await;
        let mut client = Client::open(server.socket_io(), transport).await;
        let packets = (0..20).map(|number| format!(r#"42["number",{number}]"#));
        let packets: Vec<_> = std::iter::once("40".to_owned()).chain(packets).collect();
        match transport {
            Transport::Polling => client.send(&packets.join("\u{1e}")).await,
            Transport::WebSocket => {
                for packet in packets {
                    client.send(&packet).await;
                }
            }
        }
        assert_eq!(heard.next().await, "connect");
        for number in 0..20 {
            assert_eq!(heard.next().await, number);
        }
    }
}

#[tokio::test]
async fn s_55_whom_the_connect_handler_disconnects_it_does_not_hear() {
    let (told, mut heard) = notes();
    let event = {
        let told = told.clone();
        async move || told.say("event")
    };
    let realtime = realtime()
        .on_connect(async |socket: Socket| socket.disconnect())
        .on_any(event.clone())
        .on("event", event)
        .on_disconnect(async move || told.say("disconnect"));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    for ways in BOTH {
        stage.console.over(ways);
        let body = "const socket = idle(); socket.emit('event'); socket.connect(); await connected(socket); return life(socket)";
        assert_eq!(stage.run(body).await, json!(["disconnect", "io server disconnect"]));
        assert_eq!(heard.next().await, "disconnect");
    }
    assert!(heard.all().is_empty());
}

#[tokio::test]
async fn s_56_rooms_and_reason_at_the_end_and_reserved_names_from_outside() {
    let (told, mut heard) = notes();
    let left = {
        let told = told.clone();
        async move |socket: Socket, reason: DisconnectReason| {
            told.say(json!([reason.as_str(), socket.rooms().iter().any(|room| **room == *"lobby")]));
        }
    };
    let realtime = realtime()
        .on_connect(async |socket: Socket| socket.join("lobby"))
        // An event like any other here: what goes wrong has a handler of its own.
        .on("error", async move |Data(text): Data<String>| told.say(json!(text)))
        .on_disconnect(left);
    let Some(mut stage) = Stage::open(realtime).await else { return };
    stage.run("const socket = await connect(); socket.emit('error', 'a word'); socket.disconnect();").await;
    assert_eq!(heard.next().await, "a word");
    assert_eq!(heard.next().await, json!(["client namespace disconnect", true]));

    // No official client lets one emit these.
    let mut client = Client::join(stage.server.socket_io(), Transport::WebSocket).await;
    client.offend(r#"42["disconnecting"]"#).await;
    client.closed().await;
    assert_eq!(heard.next().await, json!(["forced close", true]));
}

#[derive(Deserialize)]
struct Typed {
    #[expect(dead_code, reason = "only read from what the client sends")]
    number: u32,
}

#[tokio::test]
async fn s_56_what_goes_wrong_reaches_the_error_handler_and_only_its_public_face_the_client() {
    let (told, mut heard) = notes();
    let tell = async move |socket: Socket, error: HandlerError| {
        assert_eq!(socket.namespace(), "/custom");
        told.say(json!([format!("{:?}", error.kind()), error.event(), error.to_string()]));
    };
    let custom = Namespace::new()
        .on("returns", async || Err::<(), _>(ClientError::internal("the database is gone")))
        .on("extracts", async |_: Data<Typed>| {})
        .on("panics", async || {
            if true {
                panic!("out of luck");
            }
        })
        .on("leaves", async |socket: Socket| socket.disconnect())
        .on_disconnect(async || Err::<(), _>(ClientError::new("the end failed")))
        .on_error(tell);
    let realtime = realtime().namespace("/custom", custom);
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let answers = stage
        .run(
            "const socket = await connect('/custom');
            const answers = [];
            for (const event of ['returns', 'extracts', 'panics']) answers.push(await socket.emitWithAck(event, 'text'));
            socket.emit('leaves');
            await life(socket);
            return answers;",
        )
        .await;
    assert_eq!(answers[0], json!({ "message": "internal error" }));
    assert_eq!(answers[2], json!({ "message": "internal error" }));
    assert_eq!(heard.next().await, json!(["Returned", "returns", "internal error: the database is gone"]));
    let extracted = heard.next().await;
    assert_eq!((&extracted[0], &extracted[1]), (&json!("Extractor"), &json!("extracts")));
    assert!(!answers[1].to_string().contains("Typed"), "no types of ours for the client: {}", answers[1]);
    assert_eq!(heard.next().await, json!(["Panic", "panics", "internal error: out of luck"]));
    assert_eq!(heard.next().await, json!(["Returned", null, "the end failed"]));
}

#[tokio::test]
async fn s_56_a_packet_that_is_none_reaches_the_error_handlers_of_all_namespaces() {
    let (told, mut heard) = notes();
    let tell = async move |socket: Socket, error: HandlerError| {
        told.say((socket.namespace().to_owned(), format!("{:?}", error.kind())));
    };
    let realtime = realtime().on_error(tell.clone()).namespace("/custom", Namespace::new().on_error(tell));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let body = "const socket = await connect('/', { reconnection: false });
        const custom = beside(socket, '/custom');
        await connected(custom);
        socket.io.engine.write('2[');
        return [await life(socket), await life(custom)];";
    let closed = json!(["disconnect", "transport close"]);
    assert_eq!(stage.run(body).await, json!([closed, closed]));
    let mut errors = [heard.next().await, heard.next().await];
    errors.sort();
    assert_eq!(errors, [("/".to_owned(), "Decode".to_owned()), ("/custom".to_owned(), "Decode".to_owned())]);
}

#[tokio::test]
async fn s_56_a_refusal_at_the_door_is_no_error_and_a_connect_handler_that_fails_is_one() {
    let (told, mut heard) = notes();
    let realtime = realtime()
        .middleware(
            async |Auth(auth): Auth<Value>| {
                if auth["welcome"] == true { Ok(()) } else { Err(ClientError::new("not welcome")) }
            },
        )
        .on_connect(async || Err::<(), _>(ClientError::new("no room left")))
        .on_error(async move |error: HandlerError| told.say(error.to_string()));
    let Some(mut stage) = Stage::open(realtime).await else { return };
    let ends = stage
        .run(
            "const refused = await life(idle().connect());
            const socket = idle('/', { auth: { welcome: true } }).connect();
            return [refused, await life(socket), await life(socket)];",
        )
        .await;
    let refused = json!(["connect_error", "not welcome", null]);
    assert_eq!(ends, json!([refused, ["connect", false], ["disconnect", "io server disconnect"]]));
    assert_eq!(heard.next().await, "no room left");
    assert!(heard.all().is_empty());
}
