//! Clients that were cut off, and come back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::extract::State;
use pintle::{Auth, ClientError, Namespace, Socket, SocketIoLayer, StateRecovery};
use serde::Deserialize;
use support::{Client, Journal, Server, settle};
use tokio::time::sleep;

/// What a client is told when it has joined a namespace.
#[derive(Deserialize)]
struct Welcome {
    sid: String,
    pid: String,
}

/// Joins a namespace, as `auth` says.
async fn join(client: &mut Client, namespace: &str, auth: &str) -> Welcome {
    let prefix = match namespace {
        "/" => "0".to_owned(),
        name => format!("0{name},"),
    };
    client.send(&format!("{prefix}{auth}")).await;
    let welcome = client.hear().await;
    serde_json::from_str(welcome.strip_prefix(&prefix).unwrap_or_else(|| panic!("{welcome}"))).unwrap()
}

/// A client that is cut off: what it was told, and a handle to what was its socket.
async fn cut_off(server: &Server) -> (Welcome, Socket) {
    let mut client = server.open().await;
    let welcome = join(&mut client, "/", "").await;
    let socket = server.io().sockets().pop().unwrap();
    drop(client);
    settle().await;
    (welcome, socket)
}

/// What a client says that comes back, and has been told an event with this offset last.
fn past(pid: &str, offset: Option<&str>) -> String {
    serde_json::json!({ "pid": pid, "offset": offset }).to_string()
}

/// The offset at the end of an event.
fn offset(event: &str) -> String {
    let args: Vec<serde_json::Value> = serde_json::from_str(event.trim_start_matches(|c| c != '[')).unwrap();
    args.last().unwrap().as_str().unwrap().to_owned()
}

/// Runs `scenario` on a paused clock. Who waits for himself, or never rests, stops the thread that he is on, so this one
/// keeps watch.
fn comes_to_an_end<F: Future<Output = ()>>(scenario: impl FnOnce() -> F + Send + 'static) {
    let (done, wait) = mpsc::channel();
    let running = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(scenario());
        done.send(()).unwrap();
    });
    match wait.recv_timeout(Duration::from_secs(20)) {
        Ok(()) => {}
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it does not come to an end"),
        Err(mpsc::RecvTimeoutError::Disconnected) => std::panic::resume_unwind(running.join().unwrap_err()),
    }
}

#[test]
fn a_socket_of_a_dynamic_namespace_comes_back() {
    comes_to_an_end(async || {
        let layer = SocketIoLayer::new().namespace("/tenant/{id}", Namespace::new()).recovery(StateRecovery::new());
        let server = Server::new(layer);
        let mut client = server.open().await;
        let before = join(&mut client, "/tenant/7", "").await;
        drop(client);
        settle().await;
        assert!(server.io().of("/tenant/7").sockets().is_empty());
        server.io().of("/tenant/7").emit("missed", ()).unwrap();

        let mut client = server.open().await;
        client.send(&format!("0/tenant/7,{}", past(&before.pid, None))).await;
        assert!(client.hear().await.starts_with(r#"2/tenant/7,["missed","#));
        assert!(client.hear().await.contains(&before.sid));
    });
}

#[test]
fn who_may_not_be_away_at_all_keeps_nobody_busy() {
    comes_to_an_end(async || {
        let layer = SocketIoLayer::new().recovery(StateRecovery::new().max_disconnection(Duration::ZERO));
        let server = Server::new(layer);
        let mut client = server.open().await;
        join(&mut client, "/", "").await;
        sleep(Duration::from_secs(10)).await;
        assert_eq!(server.io().sockets().len(), 1);
    });
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_gone_leaves_no_task() {
    let layer = SocketIoLayer::new().namespace("/tenant/{id}", Namespace::new()).recovery(StateRecovery::new());
    let server = Server::new(layer);
    let mut client = server.open().await;
    join(&mut client, "/", "").await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for tenant in 0..100 {
        let namespace = format!("/tenant/{tenant}");
        join(&mut client, &namespace, "").await;
        client.send(&format!("1{namespace},")).await;
    }
    settle().await;
    assert!(tasks() <= before + 1, "{} tasks, and there were {before}", tasks());
}

#[tokio::test(start_paused = true)]
async fn an_old_handle_reaches_the_socket_that_came_back() {
    let server = Server::new(SocketIoLayer::new().recovery(StateRecovery::new()));
    let (Welcome { pid, .. }, old) = cut_off(&server).await;
    old.emit("away", ()).unwrap();

    let mut client = server.open().await;
    client.send(&format!("0{}", past(&pid, None))).await;
    let away = client.hear().await;
    assert!(away.starts_with(r#"2["away","#), "{away}");
    assert!(client.hear().await.contains(&pid));
    old.emit("back", ()).unwrap();
    let back = client.hear().await;
    assert!(back.starts_with(r#"2["back","#), "{back}");

    // It was told, so it is not told again.
    drop(client);
    settle().await;
    let mut client = server.open().await;
    client.send(&format!("0{}", past(&pid, Some(&offset(&back))))).await;
    assert!(client.hear().await.contains(&pid));
}

/// Nobody can come back for what is emitted to this socket.
fn is_lost(socket: &Socket) -> bool {
    socket.emit("event", ()).is_err_and(|error| error.is_disconnected())
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_can_no_longer_come_back_is_gone() {
    let server = Server::new(SocketIoLayer::new().recovery(StateRecovery::new()));
    let (_, socket) = cut_off(&server).await;
    assert!(!is_lost(&socket));
    sleep(Duration::from_secs(600)).await;
    assert!(is_lost(&socket));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_makes_room_for_another_is_gone() {
    let server = Server::new(SocketIoLayer::new().recovery(StateRecovery::new().max_sessions(1)));
    let mut gone = Vec::new();
    for _ in 0..2 {
        gone.push(cut_off(&server).await.1);
    }
    assert!(is_lost(&gone[0]));
    assert!(!is_lost(&gone[1]));
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_came_back_and_left_for_good_is_gone() {
    let server = Server::new(SocketIoLayer::new().recovery(StateRecovery::new()));
    let (Welcome { pid, .. }, old) = cut_off(&server).await;
    let mut client = server.open().await;
    join(&mut client, "/", &past(&pid, None)).await;
    client.send("1").await;
    settle().await;
    assert!(is_lost(&old));
}

#[tokio::test(start_paused = true)]
async fn who_missed_more_than_an_outbox_holds_gets_it_all() {
    let server = Server::new(SocketIoLayer::new().max_queued(1000, 10).recovery(StateRecovery::new()));
    let (Welcome { pid, .. }, _) = cut_off(&server).await;
    for n in 0..100 {
        server.io().emit("missed", (n, "x".repeat(500))).unwrap();
    }
    let mut client = server.open().await;
    client.send(&format!("0{}", past(&pid, None))).await;
    for n in 0..100 {
        let missed = client.hear().await;
        assert!(missed.starts_with(&format!(r#"2["missed",{n},"#)), "{missed}");
    }
    assert!(client.hear().await.contains(&pid));
    server.io().emit("live", ()).unwrap();
    assert!(client.hear().await.starts_with(r#"2["live","#));
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_again_before_it_is_let_in_may_try_again() {
    let slow = async || sleep(Duration::from_secs(1)).await;
    let server = Server::new(SocketIoLayer::new().middleware(slow).recovery(StateRecovery::new()));
    let mut client = server.open().await;
    let Welcome { sid, pid } = join(&mut client, "/", "").await;
    server.io().join("lobby");
    drop(client);
    settle().await;
    server.io().to("lobby").emit("missed", ()).unwrap();

    let mut client = server.open().await;
    client.send(&format!("0{}", past(&pid, None))).await;
    settle().await;
    server.io().to("lobby").emit("missed too", ()).unwrap();
    drop(client);
    settle().await;

    let mut client = server.open().await;
    client.send(&format!("0{}", past(&pid, None))).await;
    assert!(client.hear().await.starts_with(r#"2["missed","#));
    assert!(client.hear().await.starts_with(r#"2["missed too","#));
    assert!(client.hear().await.contains(&sid));
    assert!(server.io().sockets()[0].rooms().iter().any(|room| &**room == "lobby"));
}

#[tokio::test(start_paused = true)]
async fn who_is_cut_off_while_it_is_let_in_may_try_again() {
    let cut = async |socket: Socket, Auth(auth): Auth<serde_json::Value>| {
        if auth["cut"] == true {
            socket.conn().close();
        }
    };
    let server = Server::new(SocketIoLayer::new().middleware(cut).recovery(StateRecovery::new()));
    let (Welcome { pid, .. }, _) = cut_off(&server).await;
    server.io().emit("missed", ()).unwrap();
    let mut client = server.open().await;
    client.send(&format!(r#"0{{"pid":"{pid}","cut":true}}"#)).await;
    client.closed().await;
    assert_eq!(told(&mut server.open().await, &pid).await, ["missed"]);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_by_the_middleware_may_not_try_again() {
    let moody = async |Auth(auth): Auth<serde_json::Value>| match auth["bad"] {
        serde_json::Value::Null => Ok(()),
        _ => Err(ClientError::new("no")),
    };
    let server = Server::new(SocketIoLayer::new().middleware(moody).recovery(StateRecovery::new()));
    let (Welcome { sid, pid }, _) = cut_off(&server).await;
    let mut client = server.open().await;
    client.send(&format!(r#"0{{"pid":"{pid}","bad":1}}"#)).await;
    assert_eq!(client.hear().await, r#"4{"message":"no"}"#);
    assert_ne!(join(&mut client, "/", &past(&pid, None)).await.sid, sid);
}

#[tokio::test(start_paused = true)]
async fn what_will_be_had_later_is_no_error() {
    let server = Server::new(SocketIoLayer::new().recovery(StateRecovery::new()));
    let mut client = server.open().await;
    let Welcome { pid, .. } = join(&mut client, "/", "").await;
    let socket = server.io().sockets().pop().unwrap();
    socket.conn().close();
    assert!(socket.is_connected(), "its task has yet to notice");
    let emitted = socket.emit("event", ());
    settle().await;
    let mut client = server.open().await;
    client.send(&format!("0{}", past(&pid, None))).await;
    assert!(client.hear().await.starts_with(r#"2["event","#));
    emitted.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_tidied_where_nothing_is_kept() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let server = Server::new(SocketIoLayer::new().recovery(StateRecovery::new()));
    for _ in 0..2 {
        cut_off(&server).await;
        server.io().emit("event", ()).unwrap();
        assert_eq!(tasks(), 1, "there is a session and an event");
        sleep(Duration::from_secs(300)).await;
        assert_eq!(tasks(), 0);
    }
    cut_off(&server).await;
    drop(server);
    sleep(Duration::from_secs(61)).await;
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_everybody_has_left_makes_room_for_another() {
    let recovery = StateRecovery::new().max_sessions(2);
    let server = Server::new(SocketIoLayer::new().namespace("/{id}", Namespace::new()).recovery(recovery));
    let mut stays = server.open().await;
    join(&mut stays, "/used", "").await;
    let mut gone = Vec::new();
    for namespace in ["/1", "/2", "/1", "/3", "/4"] {
        let mut client = server.open().await;
        let Welcome { pid, .. } = join(&mut client, namespace, "").await;
        gone.push((pid, server.io().of(namespace).sockets().pop().unwrap()));
        drop(client);
        settle().await;
    }
    let mut names = server.io().namespace_names();
    names.sort();
    assert_eq!(names.iter().map(|name| &**name).collect::<Vec<_>>(), ["/", "/3", "/4", "/used"]);
    assert_eq!(gone.iter().map(|(_, socket)| is_lost(socket)).collect::<Vec<_>>(), [true, true, true, false, false]);

    // To come back to one is to use it: the other is the oldest now.
    let mut back = server.open().await;
    back.send(&format!("0/3,{}", past(&gone[3].0, None))).await;
    assert!(back.hear().await.starts_with(r#"2/3,["event","#), "what it was asked with whether it is lost");
    assert!(back.hear().await.contains(&gone[3].0));
    for n in 5..7 {
        let mut client = server.open().await;
        join(&mut client, &format!("/{n}"), "").await;
        drop(client);
        settle().await;
    }
    assert_eq!(server.io().namespace_names().len(), 5);
    assert!(server.io().of("/4").sockets().is_empty());
    assert!(!server.io().of("/3").sockets().is_empty());
    assert!(is_lost(&gone[4].1));
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_does_not_fill_the_memory() {
    let recovery = StateRecovery::new().max_sessions(10);
    let server = Server::new(SocketIoLayer::new().namespace("/{a}/{b}", Namespace::new()).recovery(recovery));
    for round in 0..10 {
        let mut client = server.open().await;
        for n in 0..20 {
            join(&mut client, &format!("/{round}/{n}"), "").await;
        }
        drop(client);
        settle().await;
    }
    assert_eq!(server.io().namespace_names().len(), 11);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(server.io().namespace_names().len(), 1);
}

/// A server whose disconnect handler says goodbye, when `delay` is over.
fn polite(journal: &Journal, delay: Duration) -> Server {
    let layer = SocketIoLayer::new()
        .on_connect(async |State(journal): State<Journal>| journal.note("hello"))
        .on_disconnect(async move |socket: Socket, State(journal): State<Journal>| {
            sleep(delay).await;
            socket.set_data("left behind".to_owned());
            journal.note("goodbye");
        })
        .recovery(StateRecovery::new());
    Server::new(layer.with_state(journal.clone()))
}

#[tokio::test(start_paused = true)]
async fn goodbye_is_said_before_the_next_hello() {
    // The server has not noticed yet that the client had gone; or it has, and is saying goodbye.
    for noticed in [false, true] {
        let journal = Journal::default();
        let server = polite(&journal, Duration::from_millis(50));
        let mut before = server.open().await;
        let Welcome { sid, pid } = join(&mut before, "/", "").await;
        if noticed {
            drop(before);
            settle().await;
        }
        let mut client = server.open().await;
        assert_eq!(join(&mut client, "/", &past(&pid, None)).await.sid, sid);
        settle().await;
        assert_eq!(journal.entries(), ["hello", "goodbye", "hello"], "noticed: {noticed}");
        let data = server.io().sockets()[0].data::<String>();
        assert_eq!(data.as_deref().map(String::as_str), Some("left behind"), "noticed: {noticed}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_goodbye_for_too_long_stops_nobody() {
    let journal = Journal::default();
    let server = polite(&journal, Duration::from_secs(10));
    let (Welcome { sid, pid }, _) = cut_off(&server).await;
    let mut client = server.open().await;
    assert_eq!(join(&mut client, "/", &past(&pid, None)).await.sid, sid);
    settle().await;
    assert_eq!(journal.entries(), ["hello", "hello"]);

    // It goes again while the first goodbye is still being said, which then counts for nothing.
    server.io().sockets()[0].set_data("new".to_owned());
    drop(client);
    sleep(Duration::from_secs(9)).await;
    assert_eq!(journal.entries(), ["hello", "hello", "goodbye"]);
    let mut client = server.open().await;
    let returned = tokio::time::Instant::now();
    assert_eq!(join(&mut client, "/", &past(&pid, None)).await.sid, sid);
    assert!(returned.elapsed() > Duration::from_millis(100), "the second goodbye is waited for");
    assert_eq!(*server.io().sockets()[0].data::<String>().unwrap(), "left behind");
    assert_eq!(journal.entries(), ["hello", "hello", "goodbye", "goodbye", "hello"]);
}

/// What a client is told that comes back to `/` without an offset, up to the answer: the names of the events.
async fn told(client: &mut Client, pid: &str) -> Vec<String> {
    client.send(&format!("0{}", past(pid, None))).await;
    let mut events = Vec::new();
    loop {
        let packet = client.hear().await;
        let Some(event) = packet.strip_prefix('2') else {
            assert!(packet.contains(pid), "{packet}");
            return events;
        };
        let args: Vec<serde_json::Value> = serde_json::from_str(event).unwrap();
        events.push(args[0].as_str().unwrap().to_owned());
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_what_was_sent_to_a_room_before_it_joined_it() {
    let server = Server::new(SocketIoLayer::new().recovery(StateRecovery::new()));
    let to_room = |event| server.io().to("room").emit(event, ()).unwrap();
    let mut client = server.open().await;
    let Welcome { pid, .. } = join(&mut client, "/", "").await;
    to_room("before");
    server.io().join("room");
    to_room("within");
    server.io().join("room");
    to_room("still within");
    // However often it comes back, and whatever it says it has been told.
    for _ in 0..2 {
        drop(client);
        settle().await;
        client = server.open().await;
        assert_eq!(told(&mut client, &pid).await, ["within", "still within"]);
    }
    server.io().leave("room");
    to_room("outside");
    server.io().join("room");
    to_room("again");
    drop(client);
    settle().await;
    assert_eq!(told(&mut server.open().await, &pid).await, ["again"]);
}

#[tokio::test(start_paused = true)]
async fn the_middleware_says_of_which_rooms_a_client_gets_what_it_missed() {
    let moved = async |socket: Socket| {
        if socket.is_recovered() {
            socket.leave("left");
            socket.join("new").unwrap();
            sleep(Duration::from_millis(10)).await;
        } else {
            socket.join(["left", "kept"]).unwrap();
        }
    };
    let server = Server::new(SocketIoLayer::new().middleware(moved).recovery(StateRecovery::new()));
    let (Welcome { pid, .. }, _) = cut_off(&server).await;
    let emit = |to: &[&str], event| server.io().to(to).emit(event, ()).unwrap();
    emit(&["left"], "to left");
    emit(&["kept"], "to kept");
    emit(&["left", "kept"], "to both");
    emit(&["new"], "to new");
    emit(&[], "to all");
    server.io().except("left").emit("not to left", ()).unwrap();
    let io = server.io().clone();
    tokio::spawn(async move {
        sleep(Duration::from_millis(5)).await;
        io.to("left").emit("to left, later", ()).unwrap();
        io.to("new").emit("to new, later", ()).unwrap();
    });
    let mut client = server.open().await;
    assert_eq!(told(&mut client, &pid).await, ["to kept", "to both", "to all", "to new, later"]);
}

#[tokio::test(start_paused = true)]
async fn the_latest_connection_of_a_client_gets_the_socket() {
    // While the middleware of the one before it runs.
    let slow = async |socket: Socket| {
        socket.update_data(|times: &mut u32| *times += 1);
        sleep(Duration::from_secs(1)).await;
    };
    let server = Server::new(SocketIoLayer::new().middleware(slow).recovery(StateRecovery::new()));
    let (Welcome { sid, pid }, _) = cut_off(&server).await;
    server.io().emit("missed", ()).unwrap();
    let mut half_open = Vec::new();
    for _ in 0..3 {
        let mut client = server.open().await;
        client.send(&format!("0{}", past(&pid, None))).await;
        half_open.push(client);
        settle().await;
        server.io().emit("missed", ()).unwrap();
    }
    let mut client = server.open().await;
    assert_eq!(told(&mut client, &pid).await, ["missed"; 4]);
    let socket = server.io().sockets().pop().unwrap();
    assert_eq!(socket.id().as_str(), sid);
    assert_eq!(server.io().sockets().len(), 1);
    assert_eq!(*socket.data::<u32>().unwrap(), 5, "what each middleware did counts");
    for client in half_open {
        client.closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_latest_connection_that_waits_for_a_goodbye_gets_the_socket() {
    let server = polite(&Journal::default(), Duration::from_secs(1));
    let (Welcome { sid, pid }, _) = cut_off(&server).await;
    let mut first = server.open().await;
    first.send(&format!("0{}", past(&pid, None))).await;
    settle().await;
    let mut second = server.open().await;
    assert_eq!(join(&mut second, "/", &past(&pid, None)).await.sid, sid);
    first.closed().await;
    assert_eq!(server.io().sockets().len(), 1);
}
