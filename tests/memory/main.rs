//! What attacks cost in memory, counted byte by byte at the allocator. A suite of its own, for the allocator is its own.
//!
//! The clients are blocking sockets and allocate nothing to speak of, so all that is counted is the server's, with what
//! axum, hyper and tokio have for a connection.

mod heap;
mod host;
mod polling;
mod websocket;
