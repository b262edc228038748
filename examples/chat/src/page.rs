//! The page, which is part of the program.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

const FILES: [(&str, &str, &str); 14] = [
    ("/", HTML, include_str!("../page/index.html")),
    ("/style.css", CSS, include_str!("../page/style.css")),
    ("/chat.css", CSS, include_str!("../page/chat.css")),
    ("/timeline.css", CSS, include_str!("../page/timeline.css")),
    ("/icon.svg", SVG, include_str!("../page/icon.svg")),
    ("/chat.js", JS, include_str!("../page/chat.js")),
    ("/composer.js", JS, include_str!("../page/composer.js")),
    ("/connection.js", JS, include_str!("../page/connection.js")),
    ("/dom.js", JS, include_str!("../page/dom.js")),
    ("/lists.js", JS, include_str!("../page/lists.js")),
    ("/picture.js", JS, include_str!("../page/picture.js")),
    ("/room.js", JS, include_str!("../page/room.js")),
    ("/session.js", JS, include_str!("../page/session.js")),
    ("/timeline.js", JS, include_str!("../page/timeline.js")),
];

/// Nothing from elsewhere, and no script but ours, whatever somebody writes in a message.
const POLICY: &str = "default-src 'self'; img-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, body)| {
        let headers = [
            (CONTENT_TYPE, kind),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            // A page that was open while the server was built anew must not mix old files with new ones.
            (CACHE_CONTROL, "no-cache"),
        ];
        router.route(path, get(move || async move { (headers, body) }))
    })
}
