//! Which hosts requests may be for. A name that an attacker points at this server is the browser's idea of one origin.

use http::uri::Authority;
use http::{HeaderMap, header};

/// Which hosts a request may name, in its `Host` header or its URI.
#[derive(Clone, Debug, Default)]
pub enum HostPolicy {
    /// Whatever it names.
    #[default]
    Any,
    /// One of these; where a port is given, with that port.
    Listed(Vec<Authority>),
}

impl HostPolicy {
    /// Whether a request with these headers may go on.
    pub(crate) fn allows(&self, headers: &HeaderMap, authority: Option<&Authority>) -> bool {
        let Self::Listed(listed) = self else {
            return true;
        };
        let named = match authority {
            Some(authority) => Some(authority.clone()),
            None => headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok()),
        };
        named.is_some_and(|named| listed.iter().any(|listed| is_meant(listed, &named)))
    }
}

fn is_meant(listed: &Authority, named: &Authority) -> bool {
    listed.host().eq_ignore_ascii_case(named.host())
        && listed.port_u16().is_none_or(|port| named.port_u16() == Some(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(listed: &[&str], host: &[u8]) -> bool {
        let policy = HostPolicy::Listed(listed.iter().map(|host| host.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, http::HeaderValue::from_bytes(host).unwrap());
        policy.allows(&headers, None)
    }

    #[test]
    fn a_host_is_listed_with_any_port_or_with_one() {
        let listed = ["chat.example", "127.0.0.1:3000", "[::1]"];
        for host in ["chat.example", "Chat.Example:8443", "127.0.0.1:3000", "[::1]:3000"] {
            assert!(allows(&listed, host.as_bytes()), "{host}");
        }
        for host in ["evil.example", "chat.example.evil.example", "127.0.0.1", "127.0.0.1:80", "[::2]", ""] {
            assert!(!allows(&listed, host.as_bytes()), "{host}");
        }
        assert!(!allows(&listed, b"chat.ex\xff\xfeample"));
    }

    #[test]
    fn a_request_that_names_no_host_is_for_none_that_is_listed() {
        let listed = HostPolicy::Listed(vec![Authority::from_static("chat.example")]);
        assert!(!listed.allows(&HeaderMap::new(), None));
        assert!(listed.allows(&HeaderMap::new(), Some(&Authority::from_static("chat.example:443"))));
        assert!(HostPolicy::Any.allows(&HeaderMap::new(), None));
    }
}
