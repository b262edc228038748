//! From a socket's arrival to its end: what runs, in which order, and how often.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use axum::extract::State;
use pintle::{Ack, Auth, ClientError, DisconnectReason, Namespace, Socket, SocketIoLayer, sequential};
use serde::Deserialize;
use support::{Journal, Server, settle, within};
use tokio::time::sleep;
use tower::limit::{ConcurrencyLimitLayer, RateLimitLayer};

/// By the clock of the test, which is paused: longer than anything else takes.
const SLOW: Duration = Duration::from_secs(1);

async fn save(State(journal): State<Journal>) {
    journal.note("save begins");
    sleep(SLOW).await;
    journal.note("save ends");
}

async fn arrive(State(journal): State<Journal>) {
    journal.note("arrival begins");
    sleep(SLOW).await;
    journal.note("arrival ends");
}

async fn leave(State(journal): State<Journal>, reason: DisconnectReason) {
    journal.note(reason.as_str());
}

/// Lets pass what takes its time, and less than a client may be in no namespace.
async fn pass() {
    sleep(10 * SLOW).await;
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_is_told_once_and_after_the_connect_handler() {
    let journal = Journal::default();
    let layer = SocketIoLayer::new().on_connect(arrive).on_disconnect(leave).with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send("1").await;
    settle().await;
    assert_eq!(journal.entries(), ["arrival begins"]);
    drop(client);
    pass().await;
    assert_eq!(journal.entries(), ["arrival begins", "arrival ends", "client namespace disconnect"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_told_once_whoever_else_wants_it_too() {
    let journal = Journal::default();
    let server = Server::new(SocketIoLayer::new().on_disconnect(leave).with_state(journal.clone()));
    let mut client = server.join().await;
    let socket = server.io().sockets().pop().unwrap();
    client.send("1").await;
    socket.disconnect();
    socket.close();
    drop(client);
    pass().await;
    socket.close();
    pass().await;
    assert_eq!(journal.entries().len(), 1, "{:?}", journal.entries());
    assert!(!socket.is_connected());
}

#[tokio::test(start_paused = true)]
async fn in_a_sequential_namespace_the_end_comes_after_the_event_that_runs() {
    let journal = Journal::default();
    let layer = SocketIoLayer::new().sequential().on("save", save).on_disconnect(leave).with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send_all([r#"2["save"]"#, "1"]).await;
    settle().await;
    assert_eq!(journal.entries(), ["save begins"]);
    pass().await;
    assert_eq!(journal.entries(), ["save begins", "save ends", "client namespace disconnect"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_said_before_it_left_is_heard_after_a_slow_connect_handler() {
    let journal = Journal::default();
    let layer = SocketIoLayer::new().on_connect(arrive).on("save", async |State(journal): State<Journal>| {
        journal.note("save");
    });
    let server = Server::new(layer.on_disconnect(leave).with_state(journal.clone()));
    let mut client = server.join().await;
    client.send_all([r#"2["save"]"#, r#"2["save"]"#, "1"]).await;
    pass().await;
    let expected = ["arrival begins", "arrival ends", "save", "save", "client namespace disconnect"];
    assert_eq!(journal.entries(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_a_client_said_before_it_was_lost_is_heard_in_a_sequential_namespace() {
    let journal = Journal::default();
    let layer = SocketIoLayer::new().sequential().on("save", save).on_disconnect(leave).with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send_all(vec![r#"2["save"]"#; 3]).await;
    drop(client);
    pass().await;
    let saves = ["save begins", "save ends"].repeat(3);
    assert_eq!(journal.entries(), [saves.as_slice(), &["transport close"]].concat());
}

#[tokio::test(start_paused = true)]
async fn what_a_client_said_before_it_left_is_heard_by_a_sequential_handler() {
    let journal = Journal::default();
    let layer = SocketIoLayer::new().on("save", sequential(save)).with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send_all([r#"2["save"]"#, r#"2["save"]"#, r#"2["save"]"#, "1"]).await;
    pass().await;
    assert_eq!(journal.entries(), ["save begins", "save ends"].repeat(3));
}

/// Sends two events to a socket that `end` ends in its connect handler: neither may run.
async fn nothing_runs_after(end: fn(&Socket)) {
    let journal = Journal::default();
    let layer = SocketIoLayer::new()
        .on_connect(async move |socket: Socket| {
            sleep(SLOW).await;
            end(&socket);
        })
        .on("save", save)
        .on_disconnect(leave)
        .with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send(r#"2["save"]"#).await;
    assert_eq!(client.hear().await, "1");
    client.send(r#"2["save"]"#).await;
    pass().await;
    assert_eq!(journal.entries(), ["server namespace disconnect"]);
}

#[tokio::test(start_paused = true)]
async fn no_event_runs_after_the_connect_handler_disconnected_the_socket() {
    nothing_runs_after(Socket::disconnect).await;
}

#[tokio::test(start_paused = true)]
async fn no_event_runs_after_the_connect_handler_closed_the_connection() {
    nothing_runs_after(Socket::close).await;
}

async fn expel(State(journal): State<Journal>, socket: Socket) {
    journal.note("expel");
    sleep(SLOW).await;
    socket.disconnect();
}

/// Has three events wait for one another, the first of which disconnects the socket.
async fn only_the_first_runs(layer: SocketIoLayer<Journal>) {
    let journal = Journal::default();
    let server = Server::new(layer.on_disconnect(leave).with_state(journal.clone()));
    let mut client = server.join().await;
    client.send_all(vec![r#"2["expel"]"#; 3]).await;
    assert_eq!(client.hear().await, "1");
    pass().await;
    assert_eq!(journal.entries(), ["expel", "server namespace disconnect"]);
}

#[tokio::test(start_paused = true)]
async fn in_a_sequential_namespace_no_event_runs_after_one_that_disconnected() {
    only_the_first_runs(SocketIoLayer::new().sequential().on("expel", expel)).await;
}

#[tokio::test(start_paused = true)]
async fn a_sequential_handler_does_not_run_after_it_disconnected() {
    only_the_first_runs(SocketIoLayer::new().on("expel", sequential(expel))).await;
}

#[tokio::test(start_paused = true)]
async fn no_event_that_waits_in_a_layer_runs_after_one_that_disconnected() {
    only_the_first_runs(SocketIoLayer::new().event_layer(ConcurrencyLimitLayer::new(1)).on("expel", expel)).await;
}

/// Joins a server whose connect handler does not end well: the socket must be disconnected before its first event.
async fn half_set_up_is_disconnected(layer: SocketIoLayer<Journal>) {
    let journal = Journal::default();
    let layer = layer.on("save", save).on_disconnect(leave).with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send(r#"21["save"]"#).await;
    assert_eq!(client.hear().await, "1");
    pass().await;
    assert!(server.io().sockets().is_empty());
    assert_eq!(journal.entries(), ["server namespace disconnect"]);
    client.join("/").await;
    assert_eq!(client.hear().await, "1", "the connection stays, and the next attempt ends alike");
}

#[tokio::test(start_paused = true)]
async fn a_socket_whose_connect_handler_fails_is_disconnected() {
    let fail = async || Err::<(), _>(ClientError::new("the database is away"));
    half_set_up_is_disconnected(SocketIoLayer::new().on_connect(fail)).await;
}

#[tokio::test(start_paused = true)]
async fn a_socket_whose_connect_handler_fails_later_is_disconnected() {
    let fail = async || {
        sleep(SLOW).await;
        Err::<(), _>(ClientError::new("the database is away"))
    };
    half_set_up_is_disconnected(SocketIoLayer::new().on_connect(fail)).await;
}

#[tokio::test(start_paused = true)]
async fn a_socket_whose_connect_handler_is_not_called_is_disconnected() {
    #[derive(Deserialize)]
    struct Token {
        #[expect(dead_code, reason = "it is not there")]
        token: String,
    }
    half_set_up_is_disconnected(SocketIoLayer::new().on_connect(async |_: Auth<Token>| {})).await;
}

#[tokio::test(start_paused = true)]
async fn a_socket_whose_connect_handler_panics_is_disconnected() {
    async fn fall() {
        sleep(SLOW).await;
        panic!("on purpose");
    }
    half_set_up_is_disconnected(SocketIoLayer::new().on_connect(fall)).await;
}

#[tokio::test(start_paused = true)]
async fn an_event_that_was_under_way_when_the_server_left_does_not_close_the_connection() {
    let layer = SocketIoLayer::new().on("alive?", async || Ack("alive"));
    let server = Server::new(layer.namespace("/a", Namespace::new().on("event", async || {})));
    let mut client = server.join().await;
    client.join("/a").await;
    server.io().of("/a").disconnect();
    settle().await;
    // The client has not read yet that it is no longer in there.
    client.send_all([r#"2/a,["event"]"#, r#"2/a,5["event"]"#, "1/a,"]).await;
    assert_eq!(client.hear().await, "1/a,");
    assert_eq!(client.ask(r#"["alive?"]"#).await, r#"["alive"]"#);
    within(client.join("/a")).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_client_said_before_it_left_is_heard_by_handlers_of_its_own() {
    let journal = Journal::default();
    let layer = SocketIoLayer::new()
        .on_connect(async |socket: Socket, State(journal): State<Journal>| {
            let early = journal.clone();
            socket.on("early", async move || early.note("early"));
            sleep(SLOW).await;
            socket.on("late", async move || journal.note("late"));
        })
        .fallback(async |State(journal): State<Journal>| journal.note("nobody's"))
        .on_disconnect(leave)
        .with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send_all([r#"2["early"]"#, r#"2["late"]"#, "1"]).await;
    pass().await;
    assert_eq!(journal.entries(), ["early", "late", "client namespace disconnect"]);
}

#[tokio::test(start_paused = true)]
async fn what_names_a_handler_of_one_socket_names_none_of_another() {
    let server = Server::new(SocketIoLayer::new());
    let _clients = [server.join().await, server.join().await];
    let sockets = server.io().sockets();
    let id = sockets[0].on("event", async || {});
    sockets[1].on("event", async || {});
    assert!(!sockets[1].remove_listener(id));
    assert_eq!(sockets[1].event_names().len(), 1);
    assert!(sockets[0].remove_listener(id));
    assert!(!sockets[0].remove_listener(id));
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_a_layer_does_not_run_after_the_goodbye() {
    async fn note(State(journal): State<Journal>) {
        journal.note("event");
    }
    let journal = Journal::default();
    let layer = SocketIoLayer::new()
        .on("event", note)
        .event_layer(RateLimitLayer::new(1, SLOW))
        .on_disconnect(leave)
        .with_state(journal.clone());
    let server = Server::new(layer);
    let mut client = server.join().await;
    client.send_all([r#"2["event"]"#; 4]).await;
    settle().await;
    client.send("1").await;
    pass().await;
    assert_eq!(journal.entries(), ["event", "client namespace disconnect"]);
}
