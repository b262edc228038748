//! Every answer of ours, in one place.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use pintle_engine::{Reject, TransportKind};

use crate::opening::Unopened;
use crate::session::Answer;

/// A response of ours: all of it is known when it begins.
pub(crate) type Reply = Response<Full<Bytes>>;

/// Why the same-origin rule refused a request, and what to do about it.
pub(crate) const ORIGIN: &str = "Origin not allowed: list it with origins() or allow all with any_origin()";

/// Why the rule about hosts did.
pub(crate) const HOST: &str = "Host not allowed: list it with allowed_hosts()";

/// What is said to those for whom there is no place.
const FULL: &str = "Too many sessions";

/// When they may try again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What is said to those who come when no session is opened any more.
const CLOSED: &str = "Server closed";

/// The headers of a payload. They are the same for all, and a copy costs less than to put them together.
static PAYLOAD: LazyLock<HeaderMap> = LazyLock::new(|| headers("text/plain; charset=UTF-8", true));

/// Those of the answer to a POST.
static DONE: LazyLock<HeaderMap> = LazyLock::new(|| headers("text/html", true));

/// 200 and the open packet.
pub(crate) fn opened(packet: String) -> Reply {
    ok(&PAYLOAD, packet.into())
}

/// Why there is no session: JSON, or text for those who asked for a WebSocket.
pub(crate) fn unopened(why: &Unopened, transport: TransportKind) -> Reply {
    let websocket = transport == TransportKind::WebSocket;
    match why {
        Unopened::Rejected(reject) if websocket => reject_websocket(*reject),
        Unopened::Rejected(reject) => self::reject(*reject),
        Unopened::Refused(refusal) if websocket => refuse_websocket(StatusCode::BAD_REQUEST, refusal.message()),
        Unopened::Refused(refusal) => json(Reject::Forbidden, Some(refusal.message())),
        Unopened::Improper(status, message) => refuse_websocket(*status, message),
        Unopened::Closed if websocket => refuse_websocket(StatusCode::SERVICE_UNAVAILABLE, CLOSED),
        Unopened::Closed => typed(StatusCode::SERVICE_UNAVAILABLE, "text/plain; charset=UTF-8", CLOSED, true),
        Unopened::Full => {
            let busy = StatusCode::SERVICE_UNAVAILABLE;
            let mut reply = match websocket {
                true => refuse_websocket(busy, FULL),
                false => typed(busy, "application/json", Reject::Forbidden.body(Some(FULL)), true),
            };
            reply.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
            reply
        }
        Unopened::Failed => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// The answer to a GET or a POST of a session; none means that the session ended meanwhile.
pub(crate) fn answer(answer: Option<Answer>) -> Reply {
    match answer {
        Some(Answer::Payload(body)) => ok(&PAYLOAD, body),
        Some(Answer::Done) => ok(&DONE, Bytes::from_static(b"ok")),
        Some(Answer::Refused) => status(StatusCode::BAD_REQUEST),
        None => reject(Reject::UnknownSession),
    }
}

/// A rejection, as JSON.
pub(crate) fn reject(reject: Reject) -> Reply {
    json(reject, None)
}

/// A rejection of a request for a WebSocket: text, as Node's.
pub(crate) fn reject_websocket(reject: Reject) -> Reply {
    refuse_websocket(StatusCode::BAD_REQUEST, &reject.to_string())
}

/// A request for a WebSocket that is not a proper one.
pub(crate) fn refuse_websocket(status: StatusCode, message: &str) -> Reply {
    let mut reply = typed(status, "text/html", message.to_owned(), false);
    reply.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    if status == StatusCode::BAD_REQUEST {
        reply.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    reply
}

/// The request may not come like this.
pub(crate) fn forbidden(message: &str) -> Reply {
    json(Reject::Forbidden, Some(message))
}

/// 101; or 200, where there is nothing to switch because the request's stream is the WebSocket.
pub(crate) fn switching(headers: HeaderMap) -> Reply {
    let switches = headers.contains_key(header::UPGRADE);
    let mut reply = status(if switches { StatusCode::SWITCHING_PROTOCOLS } else { StatusCode::OK });
    *reply.headers_mut() = headers;
    reply
}

/// A status and nothing else.
pub(crate) fn status(status: StatusCode) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = status;
    reply
}

fn ok(headers: &HeaderMap, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.headers_mut() = headers.clone();
    reply
}

fn json(reject: Reject, message: Option<&str>) -> Reply {
    let status = StatusCode::from_u16(reject.status()).expect("the table has valid statuses");
    match reject.code() {
        Some(_) => typed(status, "application/json", reject.body(message), false),
        None => self::status(status),
    }
}

fn typed(status: StatusCode, kind: &'static str, body: impl Into<Bytes>, no_store: bool) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    *reply.headers_mut() = headers(kind, no_store);
    reply
}

fn headers(kind: &'static str, no_store: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if no_store {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers
}
