//! The server that the vectors are for, in a thread of its own.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use axum::Router;
use pintle::{Ack, Args, EmitError, Namespace, Socket, SocketIoLayer};

/// Starts it: `/` and `/admin` send the arguments of every event back, and acknowledge it with them. Only those of `hold` are
/// held, until the connection ends.
pub(crate) fn start() -> SocketAddr {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let realtime =
        SocketIoLayer::new().fallback(hear).on("hold", hold).namespace("/admin", Namespace::new().fallback(hear));
    let app = Router::new().layer(realtime);
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));
    address
}

async fn hear(socket: Socket, args: Args) -> Result<Ack<Args>, EmitError> {
    socket.emit("heard", &args)?;
    Ok(Ack(args))
}

async fn hold(socket: Socket, args: Args) {
    while socket.is_connected() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(args);
}
