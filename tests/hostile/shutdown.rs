//! The end of a server in the midst of its work.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use pintle::{Ack, Args, DisconnectReason, Socket, SocketId, SocketIoLayer};
use pintle_tests::{
    Client, Elsewhere, Endpoint, HttpConnection, Polling, Request, TestServer, Transport, WebSocket, alive_tasks,
    eventually, split, within,
};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::scene::{panics, realtime, watch_panics};

/// So many clients of each kind.
const EACH: usize = 20;
const GRACE: Duration = Duration::from_secs(2);

type Ends = Arc<Mutex<HashMap<SocketId, Vec<DisconnectReason>>>>;

fn layer(ends: &Ends) -> SocketIoLayer {
    let ended = ends.clone();
    realtime()
        // Some do not answer, and are to be there all the same.
        .ping_timeout(Duration::from_secs(60))
        .close_timeout(GRACE)
        .on("echo", async |args: Args| Ack(args))
        .on("stuck", async |socket: Socket| socket.join("stuck"))
        .on_disconnect(async move |socket: Socket, reason: DisconnectReason| {
            // A handler of the end may take its time.
            sleep(Duration::from_millis(20)).await;
            ended.lock().expect("no panic").entry(socket.id()).or_default().push(reason);
        })
}

/// What a client hears until the server closes.
#[derive(Default)]
struct Heard {
    farewell: bool,
    /// A ping has to be answered.
    asked: bool,
}

impl Heard {
    fn hear(&mut self, packet: &str) {
        self.farewell |= packet == r#"42["farewell"]"#;
        self.asked |= packet == "2";
    }

    /// What to say next.
    fn answer(&mut self, number: u64) -> String {
        if std::mem::take(&mut self.asked) { "3".to_owned() } else { format!(r#"42{number}["echo"]"#) }
    }
}

/// Talks until the server closes, and says whether it has heard the last words.
async fn talk(mut client: Client) -> bool {
    let mut heard = Heard::default();
    for number in 0.. {
        let packet = heard.answer(number);
        let open = match &mut client {
            Client::WebSocket(socket) => {
                let _ = socket.try_send(&packet).await;
                let frame = socket.frame().await;
                frame.as_ref().and_then(|frame| frame.text()).map(|packet| heard.hear(packet)).is_some()
            }
            Client::Polling(session) => {
                session.offend(packet).await;
                hear_payload(session, &mut heard).await
            }
        };
        if !open {
            break;
        }
        sleep(Duration::from_millis(5)).await;
    }
    heard.farewell
}

/// Waits in a GET for the last words, and then for the end.
async fn wait(session: Polling) -> bool {
    let mut heard = Heard::default();
    while hear_payload(&session, &mut heard).await {
        if std::mem::take(&mut heard.asked) {
            session.offend("3").await;
        }
    }
    heard.farewell
}

/// Whether there was one.
async fn hear_payload(session: &Polling, heard: &mut Heard) -> bool {
    let response = session.get().await;
    split(response.text()).for_each(|packet| heard.hear(&packet));
    response.status == 200
}

/// Clients that are in the middle of something, and stay there.
async fn dawdle(endpoint: Endpoint) -> (Vec<WebSocket>, Vec<HttpConnection>) {
    let (mut sockets, mut requests) = (Vec::new(), Vec::new());
    for _ in 0..EACH {
        // Of an upgrade.
        let Client::Polling(session) = Client::join(endpoint, Transport::Polling).await else { unreachable!() };
        let mut socket = WebSocket::connect(endpoint, &session.upgrade_query()).await;
        socket.send("2probe").await;
        assert_eq!(socket.text().await, "3probe");
        sockets.push(socket);
        // Of a POST.
        let Client::Polling(session) = Client::join(endpoint, Transport::Polling).await else { unreachable!() };
        let mut post = HttpConnection::open(endpoint.address()).await;
        post.request(&Request::post(session.target(), "42[").header("content-length", "100")).await;
        requests.push(post);
        // Of a frame.
        let Client::WebSocket(mut socket) = Client::join(endpoint, Transport::WebSocket).await else { unreachable!() };
        socket.send_raw(&[0x81]).await;
        sockets.push(socket);
        // Before it has said a word.
        sockets.push(WebSocket::open(endpoint).await.0);
    }
    (sockets, requests)
}

/// Clients that do not read, with much to read.
async fn stall(endpoint: Endpoint) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..EACH {
        let mut client = Client::join(endpoint, Transport::WebSocket).await;
        client.send(r#"42["stuck"]"#).await;
        clients.push(client);
    }
    clients
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h182_a_server_that_closes_under_load_ends_each_socket_once_after_its_last_words() {
    watch_panics();
    let ends = Ends::default();
    let realtime = layer(&ends);
    let io = realtime.io();
    let server = TestServer::start(Router::new().layer(realtime)).await;
    let endpoint = server.socket_io();
    let elsewhere = Elsewhere::new();
    let before = alive_tasks();

    let (mut talkers, dawdlers, stalled) = elsewhere
        .run(async move {
            let mut talkers = JoinSet::new();
            for _ in 0..EACH {
                for transport in Transport::BOTH {
                    talkers.spawn(talk(Client::join(endpoint, transport).await));
                }
                let Client::Polling(session) = Client::join(endpoint, Transport::Polling).await else { unreachable!() };
                talkers.spawn(wait(session));
            }
            (talkers, dawdle(endpoint).await, stall(endpoint).await)
        })
        .await;
    let sockets: Vec<_> = io.sockets().iter().map(Socket::id).collect();
    assert_eq!(sockets.len(), 7 * EACH);
    eventually("some not to read", || io.to("stuck").count() == EACH).await;
    for _ in 0..20 {
        io.to("stuck").emit("news", "x".repeat(100_000)).expect("what can be written as JSON");
    }
    io.emit("farewell", ()).expect("it is open");
    within("the server to close", async {
        tokio::join!(io.close(), io.close());
        io.close().await;
    })
    .await;

    within("the clients to hear the last words", async {
        while let Some(talked) = talkers.join_next().await {
            assert!(talked.expect("no panic"), "what was emitted before the end has not arrived");
        }
    })
    .await;
    assert!(io.sockets().is_empty());
    eventually("all sockets to be told", || ends.lock().expect("no panic").len() == sockets.len()).await;
    for (id, reasons) in &*ends.lock().expect("no panic") {
        assert!(sockets.contains(id));
        assert_eq!(reasons[..], [DisconnectReason::ServerShuttingDown]);
    }
    let refused = Request::get(endpoint.target("EIO=4&transport=polling"));
    assert_eq!(elsewhere.run(async move { refused.send(endpoint.address()).await.status }).await, 503);
    drop((dawdlers, stalled));
    eventually("no task to be left", || alive_tasks() <= before).await;
}

/// What is left of a server without a runtime can be asked, and says that it is over.
#[test]
fn h183_the_end_of_the_runtime_without_a_word_is_no_panic() {
    watch_panics();
    let elsewhere = Elsewhere::new();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let ends = Ends::default();
    let realtime = layer(&ends).on("ask", async |socket: Socket| {
        // Waits for an answer when the runtime ends.
        socket.timeout(Duration::from_secs(60)).emit_with_ack::<u8>("asked", ()).await.map(drop)
    });
    let io = realtime.io();
    let server = runtime.block_on(TestServer::start(Router::new().layer(realtime)));
    let endpoint = server.socket_io();
    let clients = runtime.block_on(elsewhere.run(async move {
        let mut clients = Vec::new();
        for _ in 0..EACH {
            for transport in Transport::BOTH {
                let mut client = Client::join(endpoint, transport).await;
                client.send(r#"42["ask"]"#).await;
                assert!(client.text().await.ends_with(r#"["asked"]"#));
                clients.push(client);
            }
        }
        (clients, dawdle(endpoint).await)
    }));
    let sockets = io.sockets();
    assert_eq!(sockets.len(), 5 * EACH);
    let asked = sockets[0].emit_with_ack::<u8>("asked", ());
    let everybody = io.timeout(Duration::from_secs(60)).emit_with_ack::<u8>("asked", ());
    drop(server);
    drop(runtime);

    for socket in &sockets {
        assert!(!socket.is_connected());
        assert!(socket.emit("late", ()).is_err());
        let _ = socket.join("late");
        socket.disconnect();
    }
    assert!(io.sockets().is_empty() && io.rooms().is_empty());
    assert_eq!(io.engine().clients_count(), 0);
    // To nobody, which is no error.
    let _ = io.emit("late", ());
    // Timers of a runtime that is gone are dropped where there is none.
    drop((asked, everybody, sockets, io, clients));
    drop(elsewhere);
    assert_eq!(panics(), 0, "the server panicked");
}
