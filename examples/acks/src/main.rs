//! Acknowledgements, both ways, in a restaurant: what a handler returns is the answer to the client, and the server asks a
//! client, or a whole room, and waits for what they say.
//!
//! To try it: `cargo run -p example-acks`, and in a folder with npm's `socket.io-client`, in `node`:
//!
//! ```js
//! const socket = require("socket.io-client")("http://localhost:3000");
//! socket.emit("menu", console.log);
//! socket.emit("order", "pizza", console.log);
//! socket.on("what will it be?", (answer) => answer("soup"));
//! socket.emit("sit", "by the window");
//! socket.emit("ask the table", "by the window", console.log);
//! ```

mod error;

use std::time::Duration;

use axum::Router;
use pintle::{
    Ack, AckSender, BroadcastAckError, ClientError, Data, EmitWithAckError, HandlerError, Socket, SocketIo,
    SocketIoLayer,
};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::error::OrderError;

/// How long a guest may think.
const PATIENCE: Duration = Duration::from_secs(1);

fn restaurant() -> SocketIoLayer {
    SocketIoLayer::new()
        .on("menu", menu)
        .on("order", order)
        .on("bake", bake)
        .on("ask me", ask_me)
        .on("sit", async |guest: Socket, Data(table): Data<String>| guest.join(table).map(Ack))
        .on("ask the table", ask_the_table)
        .on_error(complain)
}

/// `Ack` answers with what is in it. A tuple is several arguments: the client's callback gets `(dishes, currency)`.
async fn menu() -> Ack<([&'static str; 3], &'static str)> {
    Ack((["soup", "pizza", "cake"], "EUR"))
}

#[derive(Serialize)]
struct Ticket {
    dish: String,
    cents: u32,
}

/// A `Result` answers in both cases. What the client gets to see of an error, [`OrderError`] says.
async fn order(Data(dish): Data<String>) -> Result<Ack<Ticket>, OrderError> {
    let cents = match dish.as_str() {
        "soup" => 550,
        "pizza" => 1_150,
        "cake" => return Err(OrderError::SoldOut { instead: "soup" }),
        _ => return Err(OrderError::Unknown(dish)),
    };
    Ok(Ack(Ticket { dish, cents }))
}

/// An `AckSender` answers later, or from elsewhere: the handler is done long before the pizza is.
async fn bake(ack: AckSender, Data(minutes): Data<u8>) {
    tokio::spawn(async move {
        // A minute in this kitchen is a hundredth of a second.
        tokio::time::sleep(Duration::from_millis(10) * u32::from(minutes)).await;
        if let Err(error) = ack.send("ding") {
            tracing::info!(%error, "nobody waits for the pizza any more");
        }
    });
}

/// The server asks one client. Who never answers does not hold the handler up for longer than [`PATIENCE`].
async fn ask_me(guest: Socket) -> Ack<String> {
    Ack(match guest.timeout(PATIENCE).emit_with_ack::<String>("what will it be?", ()).await {
        Ok(dish) => format!("one {dish}"),
        Err(EmitWithAckError::Timeout) => "take your time".to_owned(),
        Err(error) => format!("pardon? {error}"),
    })
}

#[derive(Serialize)]
struct Orders {
    dishes: Vec<String>,
    undecided: usize,
}

/// The server asks a room. When some do not answer in time, the answers of the others are there all the same. Any other
/// trouble is none of the guest's business: with `?` all that is told of it is `internal error`.
async fn ask_the_table(io: SocketIo, Data(table): Data<String>) -> Result<Ack<Orders>, ClientError> {
    match io.to(table).timeout(PATIENCE).emit_with_ack("what will it be?", ()).await {
        Err(BroadcastAckError::Missing(some)) => Ok(Ack(Orders { dishes: some.responses, undecided: some.missing })),
        dishes => Ok(Ack(Orders { dishes: dishes?, undecided: 0 })),
    }
}

/// Hears of every error, with what the guest is not told. A guest has a hand in some of them: they are quoted.
async fn complain(guest: Socket, error: HandlerError) {
    tracing::info!(guest = %guest.id(), event = error.event(), error = ?error.to_string(), "a guest was not served");
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let app = Router::new().layer(restaurant());
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
