//! Layers of tower-http and axum around Pintle's own. Each module holds a recipe of `docs/MIDDLEWARE.md`, and what shows
//! that it does what the page says.

mod addresses;
mod auth;
mod bodies;
mod cookies;
mod cors;
mod defaults;
mod headers;
mod heads;
mod levels;
mod metrics;
mod panics;
mod rates;
mod recipes;
mod routing;
mod timeouts;
mod traces;

use std::net::SocketAddr;

use pintle::{Ack, Args, SocketIoLayer};
use pintle_tests::{Client, node};
use tokio::net::TcpListener;

/// The `transports` option of the client, as JSON; the last is its default, which upgrades.
const WAYS: [&str; 3] = [r#"["polling"]"#, r#"["websocket"]"#, r#"["polling","websocket"]"#];

/// What is served where the handlers are not the subject.
fn realtime() -> SocketIoLayer {
    SocketIoLayer::new().on("echo", echo)
}

async fn echo(args: Args) -> Ack<Args> {
    Ack(args)
}

/// A port for a server that is more than a router, and how to reach it.
async fn free_port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound listener");
    (listener, address)
}

/// Emits an event without data and gives the acknowledgement, as JSON.
async fn ask(client: &mut Client, event: &str) -> String {
    client.send(&format!(r#"420["{event}"]"#)).await;
    client.text().await
}

/// Runs a script of this folder under Node.js.
async fn script(name: &str, address: SocketAddr, variables: &[(&str, &str)]) {
    node(&format!("../http/{name}"), address, variables).await;
}

/// `socket.io-client`, with these headers, over each way to travel: it connects, and what it sends comes back.
async fn echoes_over_each_transport(address: SocketAddr, headers: &str) {
    for transports in WAYS {
        script("echo.mjs", address, &[("TRANSPORTS", transports), ("HEADERS", headers)]).await;
    }
}

/// `socket.io-client`, with these headers, over each way to travel: it emits an event, and this is the answer.
async fn hears_over_each_transport(address: SocketAddr, headers: &str, event: &str, answer: &str) {
    for transports in WAYS {
        let variables = [("TRANSPORTS", transports), ("HEADERS", headers), ("EVENT", event), ("ANSWER", answer)];
        script("ask.mjs", address, &variables).await;
    }
}
