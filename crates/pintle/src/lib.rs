//! A Socket.IO server for axum 0.8, as a tower layer: `.layer(SocketIoLayer::new())` is the whole set-up.
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
//! async fn announce(io: SocketIo, Json(news): Json<String>) -> Result<(), EmitError> {
//!     io.to("lobby").emit("news", &news)
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
//! - Handlers are async functions over extractors: [`Socket`], [`SocketIo`], [`Auth`], [`Params`], [`Event`],
//!   [`AckSender`], [`DisconnectReason`], axum's `State`, and any axum extractor that needs no body. What takes the arguments
//!   of the event, [`Data`] or [`Args`], comes last, as a body does in axum. [`FromEventParts`] and [`FromEvent`] make one's
//!   own.
//! - What they return acknowledges: [`Ack`], or an error through [`IntoAckError`]. [`Namespace::on_error`] hears of all that
//!   did not end well.
//! - In front of events stand tower layers and functions with [`Next`]: [`Namespace::layer`],
//!   [`Namespace::event_middleware`]; in front of sockets [`Namespace::middleware`]; in front of connections
//!   [`SocketIoLayer::allow_request`] and the layers around this one.
//! - What other servers of a cluster emit reaches [`Namespace::on_server_event`].
//! - [`StateRecovery`] gives clients that were cut off back what they missed; [`SocketIo::close`] ends a server in good order.
//! - Node's names are found by the search of this documentation.
//! - [`check_handler!`] says what is wrong with a function that the compiler does not take for a handler.

mod ack;
mod client;
mod clock;
mod cluster;
mod config;
mod data;
mod engine;
mod error;
mod event;
mod extract;
mod handler;
mod handshake;
mod io;
mod layer;
mod limits;
mod metrics;
mod namespace;
mod namespaces;
mod news;
mod nsp;
mod operator;
mod options;
mod pattern;
mod quoted;
#[cfg(doctest)]
mod readme;
mod reason;
mod recovery;
mod remote;
mod room_events;
mod rooms;
mod root;
mod service;
mod socket;
mod unicast;

pub use ack::{Ack, AckFuture, AckSender};
pub use cluster::ClusterStatus;
pub use engine::{Engine, EngineClient};
pub use error::{
    ClientError, ClusterError, EmitError, EmitWithAckError, HandlerError, HandlerErrorKind, IntoAckError, JoinError,
    MissingAcks,
};
pub use event::{BoxError, EventRequest, EventResponse, EventService, IntoReply, Next};
pub use extract::{
    Auth, Data, Event, EventParts, FromEvent, FromEventParts, FromServerEvent, OptionalFromEventParts, Params,
    RequestRejection, ServerEvent, UsableIn, ViaDisconnectOnly, ViaErrorOnly, ViaEvent, ViaEventOnly, ViaParts,
    ViaRequest,
};
#[doc(hidden)]
pub use handler::check as __check;
pub use handler::{
    ConnectHandler, DisconnectHandler, ErrorHandler, EventHandler, EventMiddleware, IntoAdmission, IntoEventResponse,
    IntoOutcome, IntoVerdict, Middleware, NamespacePredicate, RequestGuard, Sequential, ServerEventHandler, sequential,
};
pub use handshake::HandshakeDetails;
pub use io::{SocketIo, SocketIoRejection};
pub use layer::SocketIoLayer;
pub use namespace::Namespace;
pub use namespaces::NewNamespaces;
pub use operator::{Broadcast, BroadcastAckError};
pub use pintle_adapter::cluster::Adapter;
pub use pintle_proto::{Args, ArgsError, ParseSocketIdError, SocketId};
pub use pintle_transport::{Handshake, Overflow, ResponseBody, ResponseFuture, TransportKind};
pub use reason::DisconnectReason;
pub use recovery::StateRecovery;
pub use remote::RemoteSocket;
pub use room_events::{RoomEvent, RoomEvents};
pub use rooms::IntoRooms;
pub use service::{NotFound, SocketIoService};
pub use socket::{ListenerId, Socket};
pub use unicast::Unicast;
