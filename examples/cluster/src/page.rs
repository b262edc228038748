//! The page, which is part of the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::routing::get;
use tower_http::services::ServeDir;

const FILES: [(&str, &str, &str); 3] = [
    ("/", "text/html; charset=utf-8", include_str!("../page/index.html")),
    ("/style.css", "text/css; charset=utf-8", include_str!("../page/style.css")),
    ("/cluster.js", "text/javascript; charset=utf-8", include_str!("../page/cluster.js")),
];

/// Nothing from elsewhere, and no script but ours, whatever somebody writes in a message.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

/// The page, and npm's `socket.io-client/dist` if it is known where that is.
pub(crate) fn routes(client_dir: Option<String>) -> Router {
    let page = FILES.into_iter().fold(Router::new(), |router, (path, kind, body)| {
        let headers = [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")];
        router.route(path, get(async move || (headers, body)))
    });
    match client_dir {
        Some(folder) => page.nest_service("/client", ServeDir::new(folder)),
        None => page,
    }
}
