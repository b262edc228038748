//! The whole app.

use axum::Router;
use axum::routing::get;

use crate::{Times, engine, socket_io};

/// The most bytes of a request's body or a message.
pub(crate) const MAX_PAYLOAD: usize = 1_000_000;

/// The whole app. `/health` is a route of the app's own, under all layers.
pub fn app(times: Times) -> Router {
    let app = Router::new().route("/health", get(|| async { "ok" }));
    app.layer(engine::layer(times)).layer(engine::welcoming(times)).layer(socket_io::layer(times))
}
