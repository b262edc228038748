//! What a socket's handshake looks like to Node.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::UNIX_EPOCH;

use axum::extract::{ConnectInfo, OriginalUri};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use pintle_proto::date_string;
use pintle_transport::Handshake;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// How a client connected, in the form in which it travels to the other nodes of a cluster. Node's `socket.handshake`.
///
/// Headers, URL and query are those of the request that opened the connection, the rest is of the socket's namespace.
/// Serialised, it is what Node's adapters send and understand. It holds cookies and tokens, so [`Debug`] shows little of it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HandshakeDetails {
    #[serde(deserialize_with = "joined_values")]
    headers: BTreeMap<String, String>,
    time: String,
    // Node leaves out what it does not know.
    #[serde(default)]
    address: String,
    xdomain: bool,
    secure: bool,
    issued: u64,
    #[serde(default)]
    url: String,
    #[serde(deserialize_with = "last_values")]
    query: BTreeMap<String, String>,
    #[serde(default = "no_auth")]
    auth: Value,
}

impl HandshakeDetails {
    /// `auth` is what the client said for itself, as JSON.
    pub(crate) fn of(handshake: &Handshake, auth: Option<&str>) -> Self {
        let extensions = handshake.extensions();
        let peer = extensions.and_then(|extensions| extensions.get::<ConnectInfo<SocketAddr>>());
        let original = extensions.and_then(|extensions| extensions.get::<OriginalUri>());
        let uri = original.map_or_else(|| handshake.uri(), |OriginalUri(uri)| uri.clone());
        let address = peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default();
        let issued = handshake.issued().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Self::new(&uri, &handshake.headers(), address, auth, u64::try_from(issued).unwrap_or(u64::MAX))
    }

    fn new(uri: &Uri, headers: &HeaderMap, address: String, auth: Option<&str>, issued: u64) -> Self {
        let query = uri.query().unwrap_or_default();
        Self {
            headers: headers.keys().map(|name| (name.as_str().to_owned(), values_of(headers, name))).collect(),
            time: date_string(issued),
            address,
            xdomain: headers.get(header::ORIGIN).is_some_and(|origin| !origin.is_empty()),
            secure: uri.scheme() == Some(&Scheme::HTTPS),
            issued,
            url: uri.path_and_query().map_or_else(String::new, PathAndQuery::to_string),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            auth: auth.and_then(|auth| serde_json::from_str(auth).ok()).unwrap_or_else(no_auth),
        }
    }

    /// The headers, by their lower-case names. Several values of one are joined as Node joins them: `cookie` by `; `, others
    /// by `, `; where only one makes sense (`authorization`, `host`, `user-agent`, ...) the first counts. Bytes that are not
    /// ASCII are read as Latin-1.
    pub const fn headers(&self) -> &BTreeMap<String, String> {
        &self.headers
    }

    /// When the connection was opened, as JavaScript prints it, in UTC: `Wed Jan 01 2020 01:00:00 GMT+0000 (Coordinated Universal
    /// Time)`.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// The IP address of the peer, which may be a proxy; empty if it is not known. It is known where the app is served by
    /// axum's `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether the request had an `Origin`, so came from a page in a browser.
    pub const fn xdomain(&self) -> bool {
        self.xdomain
    }

    /// Whether the request came over TLS, as far as it says so itself: over HTTP/1.1 it does not.
    pub const fn secure(&self) -> bool {
        self.secure
    }

    /// When the connection was opened, in milliseconds since 1970.
    pub const fn issued(&self) -> u64 {
        self.issued
    }

    /// The path and query of the request.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The parameters of the query, decoded; the last where several have one name.
    pub const fn query(&self) -> &BTreeMap<String, String> {
        &self.query
    }

    /// What the client said for itself when it connected to the namespace; `{}` if it said nothing.
    pub const fn auth(&self) -> &Value {
        &self.auth
    }
}

/// Cookies and tokens do not belong in a log.
impl fmt::Debug for HandshakeDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandshakeDetails")
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("time", &self.time)
            .field("address", &self.address)
            .field("xdomain", &self.xdomain)
            .field("secure", &self.secure)
            .field("path", &self.url.split('?').next().unwrap_or_default())
            .finish_non_exhaustive()
    }
}

/// All values of a header as one.
fn values_of(headers: &HeaderMap, name: &HeaderName) -> String {
    let values = headers.get_all(name).into_iter().map(latin1);
    let values: Vec<_> = values.take(if ONLY_ONE.contains(name) { 1 } else { usize::MAX }).collect();
    values.join(if name == header::COOKIE { "; " } else { ", " })
}

fn latin1(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

/// Of these Node takes the first and drops the others.
static ONLY_ONE: [HeaderName; 18] = [
    header::AGE,
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::ETAG,
    header::EXPIRES,
    header::FROM,
    header::HOST,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::LAST_MODIFIED,
    header::LOCATION,
    header::MAX_FORWARDS,
    header::PROXY_AUTHORIZATION,
    header::REFERER,
    header::RETRY_AFTER,
    header::SERVER,
    header::USER_AGENT,
];

fn no_auth() -> Value {
    Value::Object(serde_json::Map::new())
}

/// What Node has under one name: a list for `set-cookie`, and in the queries of its older versions.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn joined_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    one_value_each(deserializer, |values| values.join(", "))
}

fn last_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    one_value_each(deserializer, |mut values| values.pop().unwrap_or_default())
}

fn one_value_each<'de, D: Deserializer<'de>>(
    deserializer: D,
    one_of: impl Fn(Vec<String>) -> String,
) -> Result<BTreeMap<String, String>, D::Error> {
    let values = BTreeMap::<String, OneOrMany>::deserialize(deserializer)?;
    let one = |value| match value {
        OneOrMany::One(value) => value,
        OneOrMany::Many(values) => one_of(values),
    };
    Ok(values.into_iter().map(|(name, value)| (name, one(value))).collect())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;
    use http::Response;
    use http_body_util::BodyExt as _;
    use serde_json::json;
    use tokio::sync::mpsc;
    use tower::ServiceExt as _;

    use super::*;
    use crate::{Socket, SocketIoLayer};

    const NEW_YEAR: u64 = 1_577_840_400_000;

    fn details(uri: &str, headers: &[(&str, &[u8])], auth: Option<&str>) -> HandshakeDetails {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value).unwrap()));
        let headers = headers.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
        HandshakeDetails::new(&uri.parse().unwrap(), &headers, "127.0.0.1".to_owned(), auth, NEW_YEAR)
    }

    fn secretive() -> HandshakeDetails {
        let headers: [(&str, &[u8]); 2] = [("origin", b"https://a.example"), ("cookie", b"secret-1")];
        details("/socket.io/?EIO=4&token=secret-2", &headers, Some(r#"{"token":"secret-3"}"#))
    }

    #[test]
    fn the_json_is_nodes() {
        let expected = json!({
            "headers": { "origin": "https://a.example", "cookie": "secret-1" },
            "time": "Wed Jan 01 2020 01:00:00 GMT+0000 (Coordinated Universal Time)",
            "address": "127.0.0.1",
            "xdomain": true,
            "secure": false,
            "issued": NEW_YEAR,
            "url": "/socket.io/?EIO=4&token=secret-2",
            "query": { "EIO": "4", "token": "secret-2" },
            "auth": { "token": "secret-3" },
        });
        assert_eq!(serde_json::to_value(secretive()).unwrap(), expected);
        assert_eq!(serde_json::from_value::<HandshakeDetails>(expected).unwrap(), secretive());
    }

    #[test]
    fn what_node_sends_is_understood() {
        // A session over WebTransport, and lists where there is one value mostly.
        let node = json!({
            "headers": { "set-cookie": ["a=1", "b=2"] },
            "time": "Wed Jan 01 2020 02:00:00 GMT+0100 (Central European Standard Time)",
            "xdomain": false,
            "secure": true,
            "issued": NEW_YEAR,
            "query": { "a": ["1", "2"] },
            "sessionStore": {},
        });
        let details: HandshakeDetails = serde_json::from_value(node).unwrap();
        assert_eq!(details.headers()["set-cookie"], "a=1, b=2");
        assert_eq!(details.query()["a"], "2");
        assert_eq!((details.address(), details.url(), details.auth()), ("", "", &json!({})));
    }

    #[test]
    fn headers_are_joined_as_node_joins_them() {
        let details = details(
            "/",
            &[
                ("Cookie", b"a=1"),
                ("cookie", b"b=2"),
                ("accept", b"text/html"),
                ("accept", b"*/*"),
                ("authorization", b"first"),
                ("authorization", b"second"),
                ("x-bytes", b"\xfc"),
            ],
            None,
        );
        let expected =
            [("accept", "text/html, */*"), ("authorization", "first"), ("cookie", "a=1; b=2"), ("x-bytes", "ü")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(*details.headers(), BTreeMap::from(expected));
        assert!(!details.xdomain());
    }

    #[test]
    fn the_last_of_several_parameters_counts() {
        let details = details("https://chat.example/socket.io/?a=1&a=2&b&c=%C3%BC+x&=&%zz=%ff", &[], None);
        let expected = [("a", "2"), ("b", ""), ("c", "ü x"), ("", ""), ("%zz", "\u{fffd}")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(*details.query(), BTreeMap::from(expected));
        assert_eq!(details.url(), "/socket.io/?a=1&a=2&b&c=%C3%BC+x&=&%zz=%ff");
        assert!(details.secure());
    }

    #[test]
    fn nothing_secret_is_printed() {
        let printed = format!("{:?}", secretive());
        assert!(printed.contains("/socket.io/"), "{printed}");
        assert!(!printed.contains("secret-"), "{printed}");
    }

    #[tokio::test]
    async fn it_is_read_from_the_first_request() {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let server = SocketIoLayer::new()
            .on_connect(move |socket: Socket| {
                let details = socket.handshake_details();
                let sent = tx.send(details).is_ok();
                async move { assert!(sent) }
            })
            .into_service();
        let send = async |request: http::request::Builder, body: &'static str| {
            let request: Request = request.body(Body::from(body)).unwrap();
            let response: Response<_> = server.clone().oneshot(request).await.unwrap();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            String::from_utf8(body.to_vec()).unwrap()
        };

        let peer: SocketAddr = "[2001:db8::1]:4000".parse().unwrap();
        let open = Request::builder()
            .uri("/socket.io/?EIO=4&transport=polling&a=b")
            .header("x-a", "b")
            .extension(ConnectInfo(peer))
            .extension(OriginalUri(Uri::from_static("/outer/socket.io/?EIO=4&transport=polling&a=b")));
        let opened = send(open, "").await;
        let sid = serde_json::from_str::<Value>(&opened[1..]).unwrap()["sid"].as_str().unwrap().to_owned();
        let url = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
        assert_eq!(send(Request::post(url), r#"40{"who":"me"}"#).await, "ok");

        let details = rx.recv().await.unwrap();
        assert_eq!(details.address(), "2001:db8::1");
        assert_eq!(details.url(), "/outer/socket.io/?EIO=4&transport=polling&a=b");
        assert_eq!(details.query()["a"], "b");
        assert_eq!(details.headers()["x-a"], "b");
        assert_eq!(details.auth(), &json!({ "who": "me" }));
        assert_eq!(details.time(), date_string(details.issued()));
    }
}
