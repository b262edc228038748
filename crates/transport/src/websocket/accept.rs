//! The HTTP half of a WebSocket: is it a proper request for one, and what is answered.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request};
use tungstenite::handshake::derive_accept_key;

/// Whether the client asks for a WebSocket rather than for a page.
pub(crate) fn is_requested(headers: &HeaderMap) -> bool {
    has_token(headers, header::UPGRADE, "websocket") && has_token(headers, header::CONNECTION, "upgrade")
}

/// The headers of the answer 101, or why there is none.
///
/// # Errors
///
/// The status and the words with which to refuse, as Node's `ws` does.
pub(crate) fn accept(parts: &request::Parts) -> Result<HeaderMap, (StatusCode, &'static str)> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    let headers = &parts.headers;
    if parts.method != Method::GET {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "Invalid HTTP method"));
    }
    if parts.version < Version::HTTP_11 {
        return Err((BAD, "Invalid HTTP version"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err((BAD, "Missing or invalid Sec-WebSocket-Version header"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    if !is_nonce(key) {
        return Err((BAD, "Missing or invalid Sec-WebSocket-Key header"));
    }
    let accepted = HeaderValue::try_from(derive_accept_key(key)).map_err(|_| (BAD, "Bad request"))?;

    let mut answer = HeaderMap::new();
    answer.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    if let Some(protocol) = first_protocol(headers) {
        answer.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    Ok(answer)
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
    use http::Request;

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

    #[test]
    fn a_proper_request_gets_its_key() {
        let parts = request("", "");
        assert!(is_requested(&parts.headers));
        let answer = accept(&parts).unwrap();
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
        assert!(!is_requested(&request("upgrade", "h2c").headers));
        assert!(!is_requested(&request("connection", "keep-alive").headers), "an ordinary request that mentions it");
    }
}
