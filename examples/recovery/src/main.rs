//! Connection state recovery: who is cut off for a moment, by a tunnel or a lift, gets the socket of before back: its id, its
//! rooms, its data, and what was emitted meanwhile, in order and each event once. Here it is a news feed, whose events are
//! numbered, so that one sees whether some are missing.
//!
//! Events that ask for an acknowledgement, and volatile ones, are not kept. Nor is anything after [`MAX_ABSENCE`]: then the
//! socket is a new one, and the app has to begin anew.
//!
//! To try it: `cargo run -p example-recovery`, and in a folder with npm's `socket.io-client`, in `node`:
//!
//! ```js
//! const socket = require("socket.io-client")("http://localhost:3000");
//! socket.on("news", (topic, number) => console.log(topic, number));
//! socket.on("connect", () => console.log(socket.recovered ? "as if nothing had been" : "new"));
//! socket.emit("follow", "weather", console.log);
//! // Cuts the connection, which the client did not want: it comes back by itself.
//! socket.io.engine.close();
//! socket.emit("me", console.log);
//! ```

mod feed;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use pintle::{Ack, ClientError, Data, DisconnectReason, EmitError, Socket, SocketIoLayer, StateRecovery};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::feed::Feed;

/// How long a client may be away. The default is two minutes; here one need not wait that long to see it end.
const MAX_ABSENCE: Duration = Duration::from_secs(5);

fn news(feed: Feed) -> SocketIoLayer {
    SocketIoLayer::new()
        // What is kept is bounded in number too: who missed more than that is not in time.
        .recovery(StateRecovery::new().max_disconnection(MAX_ABSENCE).max_packets(1_000))
        .on_connect(arrive)
        .on_disconnect(depart)
        .on("follow", follow)
        .on("me", me)
        .with_state(feed)
}

/// What is kept with a socket. It can be written as JSON, and comes back with the socket.
#[derive(Clone, Default, Deserialize, Serialize)]
struct Reader {
    interruptions: u32,
}

/// Who is back in time is in its rooms, and has what it missed before this is called: there is nothing to be done. Any other
/// is new, even one that was here an hour ago, and gets the state of things.
async fn arrive(socket: Socket, State(feed): State<Feed>) -> Result<(), EmitError> {
    if socket.is_recovered() {
        socket.update_data(|reader: &mut Reader| reader.interruptions += 1);
        return Ok(());
    }
    socket.set_data(Reader::default());
    socket.emit("numbers", feed.numbers())
}

/// It is called for every end: whether the client comes back, nobody knows yet.
async fn depart(socket: Socket, reason: DisconnectReason) -> Result<(), EmitError> {
    socket.broadcast().emit("left", (socket.id(), reason.is_recoverable()))
}

/// Answers with the number of the last news: the next one is the first that this client gets.
async fn follow(socket: Socket, State(feed): State<Feed>, Data(topic): Data<String>) -> Result<Ack<u64>, ClientError> {
    feed.follow(&socket, &topic).map(Ack)
}

#[derive(Serialize)]
struct Me {
    interruptions: u32,
    /// The socket's own is the first of them.
    rooms: Vec<Arc<str>>,
}

async fn me(socket: Socket) -> Ack<Me> {
    let interruptions = socket.data::<Reader>().map_or(0, |reader| reader.interruptions);
    Ack(Me { interruptions, rooms: socket.rooms() })
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let feed = Feed::default();
    let realtime = news(feed.clone());
    tokio::spawn(feed.run(realtime.io()));
    let app = Router::new().layer(realtime);
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
