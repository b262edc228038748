//! Which origins may connect. CORS does not protect a WebSocket, so the server has to look for itself.

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, header};

/// Which origins may open and use a session.
///
/// A request without an `Origin` header does not come from a page in a browser and is never refused on these grounds.
#[derive(Clone, Debug, Default)]
pub enum OriginPolicy {
    /// The page must come from the host that it talks to. Two loopback hosts count as one, whatever their ports.
    #[default]
    SameOrigin,
    /// The page's origin must be one of these, or the host that it talks to.
    Listed(Vec<HeaderValue>),
    /// Any page may connect, with the visitor's cookies.
    Any,
}

impl OriginPolicy {
    /// Whether a request with these headers may go on.
    pub(crate) fn allows(&self, headers: &HeaderMap, authority: Option<&Authority>) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return true;
        };
        match self {
            Self::Any => true,
            Self::Listed(listed) => listed.contains(origin) || same_origin(origin, headers, authority),
            Self::SameOrigin => same_origin(origin, headers, authority),
        }
    }
}

fn same_origin(origin: &HeaderValue, headers: &HeaderMap, authority: Option<&Authority>) -> bool {
    let target = match authority {
        Some(authority) => authority.as_str(),
        None => match headers.get(header::HOST).map(HeaderValue::to_str) {
            Some(Ok(host)) => host,
            _ => return false,
        },
    };
    let Some((scheme, source)) = origin.to_str().ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let default_port = if scheme.eq_ignore_ascii_case("https") { "443" } else { "80" };
    let (source_host, source_port) = split_port(source, default_port);
    let (target_host, target_port) = split_port(target, default_port);
    if is_loopback(source_host) && is_loopback(target_host) {
        return true;
    }
    source_host.eq_ignore_ascii_case(target_host) && source_port == target_port
}

/// Host and port of an authority.
fn split_port<'a>(authority: &'a str, default_port: &'a str) -> (&'a str, &'a str) {
    match authority.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, default_port),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || address.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &OriginPolicy, origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        policy.allows(&headers, None)
    }

    #[test]
    fn the_same_host_and_port_is_the_same_origin() {
        let same = OriginPolicy::SameOrigin;
        for (origin, host) in [
            ("https://chat.example", "chat.example"),
            ("https://chat.example", "chat.example:443"),
            ("http://Chat.example:80", "chat.example"),
            ("https://chat.example:8443", "CHAT.example:8443"),
            ("http://localhost:5173", "127.0.0.1:3000"),
            ("http://[::1]:5173", "localhost:3000"),
            ("http://[2001:db8::1]:3000", "[2001:db8::1]:3000"),
        ] {
            assert!(allows(&same, origin, host), "{origin} -> {host}");
        }
        for (origin, host) in [
            ("https://evil.example", "chat.example"),
            ("https://chat.example.evil.example", "chat.example"),
            ("https://chat.example:8443", "chat.example"),
            ("http://localhost:3000", "chat.example"),
            ("http://chat.example", "127.0.0.1"),
            ("null", "chat.example"),
            ("", "chat.example"),
            ("chat.example", "chat.example"),
        ] {
            assert!(!allows(&same, origin, host), "{origin} -> {host}");
        }
    }

    #[test]
    fn a_request_that_comes_from_no_page_is_let_through() {
        assert!(OriginPolicy::SameOrigin.allows(&HeaderMap::new(), None));
    }

    #[test]
    fn the_policy_can_be_relaxed() {
        let listed = OriginPolicy::Listed(vec![HeaderValue::from_static("https://a.example")]);
        assert!(allows(&listed, "https://a.example", "b.example"));
        assert!(allows(&listed, "https://b.example", "b.example"));
        assert!(!allows(&listed, "https://c.example", "b.example"));
        assert!(allows(&OriginPolicy::Any, "null", "b.example"));
    }
}
