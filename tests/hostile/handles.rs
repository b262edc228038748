//! Handlers that never end, handles of what has ended, and servers beside each other.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use pintle::{Ack, Args, Socket, SocketIo, SocketIoLayer};
use pintle_tests::{Client, Endpoint, TestServer, Transport, alive_tasks, eventually, within};
use tokio::sync::Semaphore;

use crate::scene::{Scene, realtime};

#[tokio::test]
async fn h173_handlers_that_never_end_keep_neither_session_nor_socket_open() {
    const CLIENTS: usize = 50;
    /// Not more than may run at a time, so that a POST of them is taken.
    const EVENTS: usize = 60;
    let gate = Arc::new(Semaphore::new(0));
    let never = gate.clone();
    let realtime = realtime().on("hang", async move |_: Socket| {
        never.acquire().await.expect("never closed").forget();
    });
    let scene = Scene::set(realtime).await;
    let endpoint = scene.endpoint();
    let before = alive_tasks();
    let attack = async move {
        for number in 0..CLIENTS {
            let client = Client::join(endpoint, Transport::BOTH[number % 2]).await;
            match client {
                Client::WebSocket(mut socket) => {
                    for _ in 0..EVENTS {
                        socket.send(r#"42["hang"]"#).await;
                    }
                    socket.abort();
                }
                Client::Polling(session) => session.push([r#"42["hang"]"#; EVENTS].join("\u{1e}")).await,
            }
        }
    };
    scene.elsewhere.run(attack).await;
    eventually("the clients to be gone", || scene.io.sockets().len() == 1 && scene.io.engine().clients_count() == 1)
        .await;
    // No more than a task for each client drives what is left of them.
    assert!(alive_tasks() <= before + CLIENTS);
    gate.add_permits(CLIENTS * EVENTS);
    scene.unharmed().await;
}

#[tokio::test]
async fn h174_handles_of_a_socket_that_is_gone_say_so() {
    let scene = Scene::set(realtime()).await;
    let witness = scene.io.sockets()[0].id();
    for transport in Transport::BOTH {
        let endpoint: Endpoint = scene.endpoint();
        let mut client = scene.elsewhere.run(Client::join(endpoint, transport)).await;
        let socket = scene.io.sockets().into_iter().find(|socket| socket.id() != witness).expect("the client's");
        let pending = socket.timeout(Duration::from_secs(60)).emit_with_ack::<u8>("asked", ());
        scene.elsewhere.run(async move { client.offend("1").await }).await;
        eventually("the socket to be gone", || !socket.is_connected()).await;

        within("whoever waits to be told", pending).await.expect_err("it is gone");
        assert!(socket.emit("late", ()).is_err_and(|error| error.is_disconnected()));
        assert!(socket.send(()).is_err());
        // It is dropped, as anything volatile may be.
        socket.volatile().emit("late", ()).expect("no error of its own");
        within("to be told at once", socket.emit_with_ack::<u8>("late", ())).await.expect_err("it is gone");
        // These do nothing, as often as one likes.
        for _ in 0..2 {
            socket.join("late").expect("its own business");
            socket.leave("late");
            socket.disconnect();
            socket.close();
            socket.set_data(1u8);
            socket.once("late", async || {});
            socket.off("late");
        }
        assert!(!socket.is_in("late"));
        // From there to others it is as good as any.
        socket.to("nobody").emit("late", ()).expect("what can be written as JSON");
        // And from elsewhere.
        std::thread::spawn(move || {
            assert!(socket.emit("late", ()).is_err());
            drop(socket);
        })
        .join()
        .expect("no runtime is needed");
    }
    scene.unharmed().await;
}

#[tokio::test]
async fn h185_servers_on_one_router_know_nothing_of_each_other() {
    let echo = async |args: Args| Ack(args);
    let tell = async |io: SocketIo| io.emit("news", ());
    let layers = ["/one", "/two"].map(|path| SocketIoLayer::new().path(path).on("echo", echo).on("tell", tell));
    let ios = layers.each_ref().map(SocketIoLayer::io);
    let [one, two] = layers;
    let app = Router::new().route("/", axum::routing::get(async || "app")).layer(one).layer(two);
    // A router is cloned for each connection; what is in it is not.
    let server = TestServer::start(app.clone()).await;
    let other = TestServer::start(app).await;
    let mut clients = Vec::new();
    for address in [server.address(), other.address()] {
        for path in ["/one/", "/two/"] {
            for transport in Transport::BOTH {
                clients.push((path, Client::join(Endpoint::new(address, path), transport).await));
            }
        }
    }
    for io in &ios {
        assert_eq!(io.sockets().len(), 4);
        assert_eq!(io.engine().clients_count(), 4);
    }
    clients[0].1.send(r#"42["tell"]"#).await;
    for (path, client) in &mut clients {
        if *path == "/one/" {
            assert_eq!(client.text().await, r#"42["news"]"#);
        }
        client.send(r#"421["echo",1]"#).await;
        assert_eq!(client.text().await, "431[1]");
    }
    ios[0].close().await;
    for (path, client) in &mut clients {
        match *path {
            "/one/" => client.closed().await,
            _ => client.assert_open().await,
        }
    }
    assert!(ios[0].is_closed() && !ios[1].is_closed());
    assert_eq!(ios[1].sockets().len(), 4);
}
