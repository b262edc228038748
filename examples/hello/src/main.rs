//! The smallest app: what a client sends as `echo` comes back in the acknowledgement.
//!
//! To try it: `cargo run -p example-hello`, and in a folder with npm's `socket.io-client`, in `node`:
//! `require("socket.io-client")("http://localhost:3000").emit("echo", "hello", console.log)`.

use axum::{Router, routing::get};
use pintle::{Ack, Args, SocketIoLayer};
use tokio::net::TcpListener;

async fn echo(args: Args) -> Ack<Args> {
    Ack(args)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let app = Router::new().route("/", get(|| async { "hello" })).layer(SocketIoLayer::new().on("echo", echo));
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
