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
    let app = Router::new().route("/", get(|| async { "hello" })).layer(SocketIoLayer::new().on("echo", echo));
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await
}
