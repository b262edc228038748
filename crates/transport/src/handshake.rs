//! The request that opened a session, kept small.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Uri, header, request};

/// The first request of a session. Node's `socket.handshake`, as far as it is the request's.
///
/// hyper's header values are slices of its read buffer, and one of them would keep all 8 KiB of it alive for as long as
/// the session lives; a `HeaderMap` of fifteen headers costs 2.5 KiB more. So the bytes are copied into one allocation of
/// their own size, and put together again for whoever asks.
pub struct Handshake {
    /// The URI's length and the URI, then for each header the lengths of its name and value, its name and its value.
    packed: Box<[u8]>,
    extensions: Extensions,
    /// Nanoseconds since 1970, which take half of what a `SystemTime` does.
    issued: u64,
}

/// Bytes in front of the URI.
const URI_LENGTH: usize = 4;

/// Bytes in front of a header: two for the name's length, four for the value's.
const LENGTHS: usize = 6;

impl Handshake {
    /// Packs the head of a request that opens a session at this time.
    pub(crate) fn new(parts: request::Parts, issued: SystemTime) -> Self {
        let uri = parts.uri.to_string();
        let headers: usize =
            parts.headers.iter().map(|(name, value)| LENGTHS + name.as_str().len() + value.len()).sum();
        let mut packed = Vec::with_capacity(URI_LENGTH + uri.len() + headers);
        packed.extend_from_slice(&(uri.len() as u32).to_be_bytes());
        packed.extend_from_slice(uri.as_bytes());
        for (name, value) in &parts.headers {
            let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
            packed.extend_from_slice(&(name.len() as u16).to_be_bytes());
            packed.extend_from_slice(&(value.len() as u32).to_be_bytes());
            packed.extend_from_slice(name);
            packed.extend_from_slice(value);
        }
        Self {
            packed: packed.into_boxed_slice(),
            extensions: if parts.extensions.is_empty() { Extensions::new() } else { parts.extensions },
            issued: issued.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64,
        }
    }

    /// The request's URI, as it came.
    pub fn uri(&self) -> Uri {
        Uri::try_from(self.split().0).expect("it was a URI when it was packed")
    }

    /// When the session was opened. Node's `issued` and `time`.
    pub fn issued(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_nanos(self.issued)
    }

    /// A parameter of the query, decoded; the last where there are several, as in Node's `query`.
    pub fn query(&self, name: &str) -> Option<Cow<'_, str>> {
        self.query_pairs().filter(|(other, _)| other == name).last().map(|(_, value)| value)
    }

    /// All parameters of the query, decoded, in their order. Engine.IO's own are among them: `EIO`, `transport` and, from
    /// the JavaScript client, `t`.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let (uri, _) = self.split();
        let query = uri.iter().position(|byte| *byte == b'?').map_or(&[][..], |mark| &uri[mark + 1..]);
        form_urlencoded::parse(query)
    }

    /// Whether the URI says `https`. Node's `secure`.
    ///
    /// Over HTTP/2 it tells how the client came here. A request over HTTP/1.1 does not say, so this is `false` unless an
    /// outer layer has put the scheme into the URI; a proxy that ends TLS tells in `X-Forwarded-Proto`.
    pub fn is_secure(&self) -> bool {
        let (uri, _) = self.split();
        uri.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https://"))
    }

    /// Whether the request has an `Origin`: a page in a browser made it, though not always one of another host. Node's
    /// `xdomain`.
    pub fn is_cross_domain(&self) -> bool {
        self.header(header::ORIGIN.as_str()).is_some_and(|origin| !origin.is_empty())
    }

    /// The value of a header; the first where there are several.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(header, _)| header.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// All headers.
    pub fn headers(&self) -> HeaderMap {
        self.iter()
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(name).expect("it was a header when it was packed");
                let value = HeaderValue::from_bytes(value).expect("it was a header when it was packed");
                (name, value)
            })
            .fold(HeaderMap::new(), |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            })
    }

    /// What outer layers attached to the request.
    pub fn extensions(&self) -> Option<&Extensions> {
        (!self.extensions.is_empty()).then_some(&self.extensions)
    }

    /// The head of the request, for axum's extractors.
    pub fn to_parts(&self) -> request::Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.uri = self.uri();
        parts.headers = self.headers();
        parts.extensions = self.extensions.clone();
        parts
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let (_, mut rest) = self.split();
        std::iter::from_fn(move || {
            let (lengths, tail) = rest.split_at_checked(LENGTHS)?;
            let (name, value) = lengths.split_at(2);
            let name = u16::from_be_bytes(name.try_into().ok()?);
            let value = u32::from_be_bytes(value.try_into().ok()?);
            let (name, tail) = tail.split_at_checked(name.into())?;
            let (value, tail) = tail.split_at_checked(value as usize)?;
            rest = tail;
            Some((name, value))
        })
    }

    /// The URI, and the headers.
    fn split(&self) -> (&[u8], &[u8]) {
        let (length, rest) = self.packed.split_first_chunk::<URI_LENGTH>().expect("the URI's length comes first");
        rest.split_at(u32::from_be_bytes(*length) as usize)
    }
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not its headers: cookies and tokens do not belong in a log.
        f.debug_struct("Handshake").field("path", &self.uri().path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(uri: &str, headers: &[(&str, &str)]) -> Handshake {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Handshake::new(request.body(()).unwrap().into_parts().0, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn what_goes_in_comes_out() {
        let request = Request::builder()
            .uri("/socket.io/?EIO=4&transport=polling")
            .header("cookie", "a=b")
            .header("accept", "text/html")
            .header("accept", "*/*")
            .header("x-bytes", HeaderValue::from_bytes(b"\xff\x80").unwrap())
            .extension(7_u8)
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let expected = (parts.uri.clone(), parts.headers.clone());
        let issued = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        let handshake = Handshake::new(parts, issued);
        assert_eq!(handshake.issued(), issued);
        let parts = handshake.to_parts();
        assert_eq!((parts.uri, parts.headers), expected);
        assert_eq!(parts.extensions.get::<u8>(), Some(&7));
        assert_eq!(handshake.header("Cookie"), Some(&b"a=b"[..]));
        assert_eq!(handshake.header("x-none"), None);
        assert!(!format!("{handshake:?}").contains("a=b"));
    }
    #[test]
    fn the_query_is_read_as_a_form() {
        let asked = handshake("/socket.io/?EIO=4&a=1&b=x+y%26z%C3%A9&a=2&flag&=nameless&q=a?b=c", &[]);
        assert_eq!(asked.query("EIO").as_deref(), Some("4"));
        assert_eq!(asked.query("a").as_deref(), Some("2"), "the last one wins");
        assert_eq!(asked.query("b").as_deref(), Some("x y&zé"));
        assert_eq!(asked.query("flag").as_deref(), Some(""));
        assert_eq!(asked.query("").as_deref(), Some("nameless"));
        assert_eq!(asked.query("q").as_deref(), Some("a?b=c"));
        assert_eq!(asked.query("none"), None);
        let names: Vec<_> = asked.query_pairs().map(|(name, _)| name.into_owned()).collect();
        assert_eq!(names, ["EIO", "a", "b", "a", "flag", "", "q"]);
        assert_eq!(handshake("/socket.io/", &[("cookie", "?a=b")]).query_pairs().count(), 0);
    }

    #[test]
    fn where_it_comes_from() {
        let plain = handshake("/socket.io/?EIO=4", &[]);
        assert!(!plain.is_secure() && !plain.is_cross_domain());
        let page = handshake("http://chat.example/socket.io/", &[("origin", "https://chat.example")]);
        assert!(!page.is_secure() && page.is_cross_domain());
        let secure = handshake("HTTPS://chat.example/socket.io/?EIO=4", &[("origin", "")]);
        assert!(secure.is_secure() && !secure.is_cross_domain());
        assert_eq!(secure.query("EIO").as_deref(), Some("4"));
    }
}
