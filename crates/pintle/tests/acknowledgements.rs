//! Acknowledgements, both ways: that they are read while much else waits, and what they say when something goes wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use pintle::{Ack, AckSender, BroadcastAckError, Data, EmitError, EmitWithAckError, Socket, SocketIoLayer};
use serde::{Deserialize, Serialize, Serializer};
use support::{Journal, Server, until};
use tokio::time::sleep;
use tower::timeout::TimeoutLayer;

/// Asks the client for its name, and tells it what it has heard.
async fn ask_name(socket: Socket) -> Result<(), EmitError> {
    let name = socket.emit_with_ack::<String>("name?", ()).await;
    socket.emit("heard", name.ok())
}

#[tokio::test(start_paused = true)]
async fn a_connect_handler_is_answered_though_many_events_wait_for_it() {
    let server = Server::new(SocketIoLayer::new().on_connect(ask_name).on("event", async || {}));
    let mut client = server.join().await;
    assert_eq!(client.hear().await, r#"20["name?"]"#);
    client.send_all(vec![r#"2["event"]"#; 200]).await;
    client.send(r#"30["Ann"]"#).await;
    assert_eq!(client.hear().await, r#"2["heard","Ann"]"#);
}

#[tokio::test(start_paused = true)]
async fn as_many_handlers_as_may_run_can_all_ask_back() {
    let server = Server::new(SocketIoLayer::new().on("event", ask_name));
    let mut client = server.join().await;
    client.send_all(vec![r#"2["event"]"#; 64]).await;
    for id in 0..64 {
        assert_eq!(client.hear().await, format!(r#"2{id}["name?"]"#));
    }
    for id in 0..64 {
        client.send(&format!(r#"3{id}["client {id}"]"#)).await;
        assert_eq!(client.hear().await, format!(r#"2["heard","client {id}"]"#));
    }
}

#[tokio::test(start_paused = true)]
async fn while_as_many_as_may_run_ask_back_the_others_wait() {
    let server = Server::new(SocketIoLayer::new().max_running(2).on("event", ask_name));
    let mut client = server.join().await;
    client.send_all(vec![r#"2["event"]"#; 3]).await;
    assert_eq!(client.hear().await, r#"20["name?"]"#);
    assert_eq!(client.hear().await, r#"21["name?"]"#);
    client.send(r#"30["Ann"]"#).await;
    assert_eq!(client.hear().await, r#"2["heard","Ann"]"#, "the third is not asked before");
    assert_eq!(client.hear().await, r#"22["name?"]"#);
}

#[tokio::test(start_paused = true)]
async fn the_only_handler_that_may_run_can_ask_back() {
    let server = Server::new(SocketIoLayer::new().max_running(1).on_connect(ask_name));
    let mut client = server.join().await;
    assert_eq!(client.hear().await, r#"20["name?"]"#);
    client.send(r#"30["Ann"]"#).await;
    assert_eq!(client.hear().await, r#"2["heard","Ann"]"#);
}

#[tokio::test(start_paused = true)]
async fn bad_data_is_acknowledged_though_an_extractor_claimed_the_acknowledgement() {
    async fn double(ack: AckSender, Data(n): Data<u8>) -> Result<(), EmitError> {
        ack.send(2 * n)
    }
    let server = Server::new(SocketIoLayer::new().on("double", double));
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["double","two"]"#).await, r#"[{"message":"unexpected arguments"}]"#);
    assert_eq!(client.ask(r#"["double",2]"#).await, "[4]");
}

#[tokio::test(start_paused = true)]
async fn an_acknowledgement_that_cannot_be_encoded_is_an_internal_error() {
    struct NoJson;
    impl Serialize for NoJson {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a detail of ours"))
        }
    }
    let server = Server::new(SocketIoLayer::new().on("event", async || Ack(NoJson)));
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["event"]"#).await, r#"[{"message":"internal error"}]"#);
}

#[tokio::test(start_paused = true)]
async fn the_words_of_serde_do_not_reach_the_client() {
    #[derive(Deserialize)]
    enum Role {
        HiddenAuditor,
    }
    async fn promote(Data(role): Data<Role>) {
        let Role::HiddenAuditor = role;
    }
    let server = Server::new(SocketIoLayer::new().on("promote", promote));
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["promote","boss"]"#).await, r#"[{"message":"unexpected arguments"}]"#);
    assert_eq!(client.ask(r#"["promote"]"#).await, r#"[{"message":"unexpected arguments"}]"#);
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_gives_the_answers_of_those_who_answered() {
    let server = Server::new(SocketIoLayer::new());
    let (mut quick, mut wrong, mut silent) = (server.join().await, server.join().await, server.join().await);
    let asked = server.io().local().timeout(Duration::from_secs(3)).emit_with_ack::<u32>("how many?", ());
    for client in [&mut quick, &mut wrong, &mut silent] {
        assert_eq!(client.hear().await, r#"20["how many?"]"#);
    }
    quick.send("30[7]").await;
    wrong.send(r#"30["seven"]"#).await;
    match asked.await {
        Err(BroadcastAckError::Missing(missing)) => assert_eq!((missing.responses, missing.missing), (vec![7], 2)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_does_not_wait_for_those_who_are_gone() {
    let journal = Journal::default();
    let server = Server::new(SocketIoLayer::new());
    let (mut stays, mut goes) = (server.join().await, server.join().await);
    let asked = server.io().local().timeout(Duration::MAX).emit_with_ack::<u32>("how many?", ());
    let asking = tokio::spawn({
        let journal = journal.clone();
        async move {
            let answers = asked.await;
            journal.note("answered");
            answers
        }
    });
    stays.hear().await;
    goes.hear().await;
    stays.send("30[7]").await;
    assert!(journal.entries().is_empty());
    goes.send("1").await;
    until(|| !journal.entries().is_empty()).await;
    match asking.await.unwrap() {
        Err(BroadcastAckError::Missing(missing)) => assert_eq!((missing.responses, missing.missing), (vec![7], 1)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_acknowledged_once_however_many_would() {
    let server = Server::new(SocketIoLayer::new().on("e", async || Ack(4)).on_connect(async |socket: Socket| {
        socket.on("e", async |ack: AckSender| ack.send(1).unwrap());
        socket.on("e", async |ack: AckSender| ack.send(2).unwrap());
        socket.on("e", async || Ack(3));
    }));
    let mut client = server.join().await;
    for _ in 0..2 {
        assert_eq!(client.ask(r#"["e"]"#).await, "[1]");
    }
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_gives_up_on_a_handler_does_not_answer_for_it_again() {
    let build = async |ack: AckSender| {
        ack.send("soon").unwrap();
        sleep(Duration::from_secs(10)).await;
    };
    let layer = SocketIoLayer::new().on("build", build).event_layer(TimeoutLayer::new(Duration::from_secs(1)));
    let server = Server::new(layer);
    let mut client = server.join().await;
    for _ in 0..2 {
        assert_eq!(client.ask(r#"["build"]"#).await, r#"["soon"]"#);
        sleep(Duration::from_secs(2)).await;
    }
}

/// Of three events in one go the volatile one is dropped, as the first has not gone out yet; nobody waits for its answer.
#[tokio::test(start_paused = true)]
async fn a_volatile_event_that_is_dropped_is_not_waited_for() {
    async fn three(socket: Socket) -> Result<(), EmitError> {
        socket.emit("first", ())?;
        let one = socket.volatile().emit_with_ack::<()>("volatile", ());
        let many = socket.everybody().volatile().emit_with_ack::<()>("volatile", ());
        socket.emit("second", ())?;
        let dropped = matches!(one.await, Err(EmitWithAckError::Timeout));
        let missing = matches!(many.await, Err(BroadcastAckError::Missing(missing)) if missing.missing == 1);
        socket.emit("dropped", (dropped, missing))
    }
    let server = Server::new(SocketIoLayer::new().on("three", three));
    let mut client = server.join().await;
    client.send(r#"2["three"]"#).await;
    assert_eq!(client.hear().await, r#"2["first"]"#);
    assert_eq!(client.hear().await, r#"2["second"]"#);
    assert_eq!(client.hear().await, r#"2["dropped",true,true]"#);
}
