//! `cargo xtask autobahn` runs it: our WebSocket without Engine.IO on it, which says again whatever it is told.

use std::io::{self, Write as _};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use tokio::net::TcpListener;

/// The most bytes of a message: the largest of the cases, and no more.
const MAX_PAYLOAD: usize = 16 << 20;
/// No case takes as long.
const LONGEST: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    writeln!(io::stdout(), "listening on ws://{}", listener.local_addr()?)?;
    axum::serve(listener, Router::new().fallback(echo)).await
}

async fn echo(request: Request) -> impl IntoResponse {
    let (reply, task) = pintle_transport::echo(request, MAX_PAYLOAD);
    tokio::spawn(tokio::time::timeout(LONGEST, task));
    reply.map(axum::body::Body::new)
}
