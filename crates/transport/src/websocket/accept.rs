//! The HTTP half of a WebSocket: is it a proper request for one, and what is answered.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Version, header, request};
use tungstenite::handshake::derive_accept_key;

/// Whether the client asks for a WebSocket rather than for a page.
pub(crate) fn is_requested<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    is_stream(request.method(), request.version(), headers)
        || has_token(headers, header::UPGRADE, "websocket") && has_token(headers, header::CONNECTION, "upgrade")
}

/// Whether the stream that the request came on is to be the WebSocket: RFC 8441, HTTP/2.
///
/// Which protocol is asked for, hyper tells only who builds it with HTTP/2. But a CONNECT has a path only if it asks for
/// one, and this header only if that is the WebSocket.
fn is_stream(method: &Method, version: Version, headers: &HeaderMap) -> bool {
    method == Method::CONNECT && version == Version::HTTP_2 && headers.contains_key(header::SEC_WEBSOCKET_VERSION)
}

/// The headers of the answer 101, or 200 on a stream of HTTP/2; or why there is none.
///
/// # Errors
///
/// The status and the words with which to refuse, as Node's `ws` does.
pub(crate) fn accept(parts: &request::Parts) -> Result<HeaderMap, (StatusCode, &'static str)> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    let headers = &parts.headers;
    let is_stream = is_stream(&parts.method, parts.version, headers);
    if parts.method != Method::GET && !is_stream {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "Invalid HTTP method"));
    }
    if parts.version < Version::HTTP_11 {
        return Err((BAD, "Invalid HTTP version"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((BAD, "Missing or invalid Sec-WebSocket-Version header"));
    }
    let mut answer = HeaderMap::new();
    if !is_stream {
        answer_key(headers, &mut answer)?;
    }
    if let Some(protocol) = first_protocol(headers) {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(answer)
}

/// What HTTP/1.1 wants to see before it becomes something else.
fn answer_key(headers: &HeaderMap, answer: &mut HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if !is_nonce(key) {
        return Err((BAD, "Missing or invalid Sec-WebSocket-Key header"));
    }
    let accepted = HeaderValue::try_from(derive_accept_key(key)).map_err(|_| (BAD, "Bad request"))?;

    answer.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    Ok(())
}

/// Whether a key is sixteen bytes in base64.
fn is_nonce(key: &[u8]) -> bool {
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.strip_suffix(b"==").is_some_and(|nonce| nonce.iter().all(base64))
}

/// The first subprotocol on offer: a client that offers some wants to see one.
fn first_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    HeaderValue::from_str(offered.split(',').next()?.trim()).ok().filter(|name| !name.is_empty())
}

fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROPER: [(&str, &str); 4] = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];

    fn request(changed: &str, value: &str) -> request::Parts {
        let mut request = Request::builder().body(()).unwrap().into_parts().0;
        for (name, proper) in PROPER {
            let value = if name == changed { value } else { proper };
            request.headers.insert(name, value.parse().unwrap());
        }
        request
    }

    fn asks(parts: request::Parts) -> bool {
        is_requested(&Request::from_parts(parts, ()))
    }

    #[test]
    fn a_proper_request_gets_its_key() {
        let parts = request("", "");
        let answer = accept(&parts).unwrap();
        assert!(asks(parts));
        assert_eq!(answer["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(!answer.contains_key("sec-websocket-protocol"));
    }

    #[test]
    fn the_first_subprotocol_is_echoed() {
        let mut parts = request("", "");
        parts.headers.insert("sec-websocket-protocol", "chat, superchat".parse().unwrap());
        assert_eq!(accept(&parts).unwrap()["sec-websocket-protocol"], "chat");
    }

    #[test]
    fn anything_less_is_refused() {
        for (name, value) in [
            ("sec-websocket-version", "8"),
            ("sec-websocket-key", ""),
            ("sec-websocket-key", "c2hvcnQ="),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ!!"),
        ] {
            assert_eq!(accept(&request(name, value)).unwrap_err().0, 400, "{name}: {value}");
        }
        let mut post = request("", "");
        post.method = Method::POST;
        assert_eq!(accept(&post).unwrap_err().0, 405);
        assert!(!asks(request("upgrade", "h2c")));
        assert!(!asks(request("connection", "keep-alive")), "an ordinary request that mentions it");
    }
    #[test]
    fn a_stream_of_http_2_needs_no_key() {
        let mut request = Request::builder().method(Method::CONNECT).body(()).unwrap();
        request.headers_mut().insert("sec-websocket-version", HeaderValue::from_static("13"));
        assert!(!is_requested(&request), "there are no streams in HTTP/1.1");
        *request.version_mut() = Version::HTTP_2;
        assert!(is_requested(&request));
        assert!(accept(&request.into_parts().0).unwrap().is_empty());
    }
}
