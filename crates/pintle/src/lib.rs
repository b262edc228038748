//! A Socket.IO server for axum, as a tower layer: `.layer(SocketIoLayer::new())` is the whole set-up.
//!
//! The official clients connect to it unmodified, over long-polling and WebSocket, and the app's REST routes speak to the
//! same sockets.
//!
//! ```no_run
//! use axum::extract::State;
//! use axum::routing::post;
//! use axum::{Json, Router};
//! use pintle::{Ack, Data, EmitError, Socket, SocketIo, SocketIoLayer};
//!
//! #[derive(Clone)]
//! struct App;
//!
//! // An event: the arguments are extractors, what it returns is the acknowledgement.
//! async fn chat_message(socket: Socket, State(_app): State<App>, Data(text): Data<String>) -> Result<Ack<usize>, EmitError> {
//!     socket.broadcast().emit("chat:message", &text)?;
//!     Ok(Ack(text.len()))
//! }
//!
//! // REST to real time: `SocketIo` is an extractor on every route under the layer.
//! async fn announce(io: SocketIo, Json(news): Json<String>) {
//!     if let Err(error) = io.to("lobby").emit("news", &news) {
//!         println!("{error}");
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> std::io::Result<()> {
//!     let realtime = SocketIoLayer::new()
//!         .on_connect(async |socket: Socket| socket.join("lobby"))
//!         .on("chat:message", chat_message)
//!         .with_state(App);
//!     let app = Router::new().route("/announce", post(announce)).layer(realtime);
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await
//! }
//! ```
//!
//! # Where to look
//!
//! - [`SocketIoLayer`] declares a server, [`Namespace`] a namespace: middleware, events, who comes and who goes.
//! - [`Socket`] is one client in one namespace, [`SocketIo`] everybody; [`Broadcast`] is whom an event is for.
//! - Handlers are async functions over extractors: [`Socket`], [`SocketIo`], [`Data`], [`Args`], [`Auth`], [`Event`],
//!   [`AckSender`], [`DisconnectReason`], axum's `State`, and any axum extractor that needs no body. [`FromEventParts`] and
//!   [`FromEvent`] make one's own.
//! - What they return acknowledges: [`Ack`], or an error through [`IntoAckError`].

mod ack;
mod client;
mod clock;
mod config;
#[cfg_attr(not(test), expect(dead_code, reason = "nothing calls it yet"))]
mod data;
mod error;
mod extract;
mod handler;
#[cfg_attr(not(test), expect(dead_code, reason = "nothing calls it yet"))]
mod handshake;
mod io;
mod layer;
mod namespace;
mod nsp;
mod operator;
mod options;
#[cfg_attr(not(test), expect(dead_code, reason = "nothing calls it yet"))]
mod pattern;
#[cfg(doctest)]
mod readme;
mod reason;
mod service;
mod socket;

pub use ack::{Ack, AckFuture, AckSender, IntoReply};
pub use data::DataError;
pub use error::{ClientError, EmitError, EmitWithAckError, IntoAckError, IntoConnectError, JoinError, MissingAcks};
pub use extract::{
    Auth, Data, Event, EventParts, FromEvent, FromEventParts, MissingPart, Params, RequestRejection, ViaEvent,
    ViaParts, ViaRequest,
};
pub use handler::{ConnectHandler, EventHandler, IntoLifecycle, IntoVerdict, Middleware, Sequential, sequential};
pub use handshake::HandshakeDetails;
pub use io::{SocketIo, SocketIoRejection};
pub use layer::SocketIoLayer;
pub use namespace::Namespace;
pub use operator::{Broadcast, BroadcastAckError, IntoRooms, Unicast};
pub use pintle_proto::{Args, ArgsError, SocketId};
pub use pintle_transport::{Handshake, ResponseBody, ResponseFuture, TransportKind};
pub use reason::DisconnectReason;
pub use service::{NotFound, SocketIoService};
pub use socket::Socket;
