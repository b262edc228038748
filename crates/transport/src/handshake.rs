//! The request that opened a session, kept small.

use std::fmt;

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Uri, request};

/// The first request of a session.
///
/// hyper's header values are slices of its read buffer, and one of them would keep all 8 KiB of it alive for as long as
/// the session lives; a `HeaderMap` of fifteen headers costs 2.5 KiB more. So the bytes are copied into one allocation of
/// their own size, and put together again for whoever asks.
pub struct Handshake {
    /// The URI, then for each header the lengths of its name and value, its name and its value.
    packed: Box<[u8]>,
    uri_len: usize,
    extensions: Option<Box<Extensions>>,
}

/// Bytes in front of a header: two for the name's length, four for the value's.
const LENGTHS: usize = 6;

impl Handshake {
    /// Packs the head of a request.
    pub(crate) fn new(parts: request::Parts) -> Self {
        let uri = parts.uri.to_string();
        let headers: usize =
            parts.headers.iter().map(|(name, value)| LENGTHS + name.as_str().len() + value.len()).sum();
        let mut packed = Vec::with_capacity(uri.len() + headers);
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
            uri_len: uri.len(),
            extensions: (!parts.extensions.is_empty()).then(|| Box::new(parts.extensions)),
        }
    }

    /// The request's URI, as it came.
    pub fn uri(&self) -> Uri {
        Uri::try_from(&self.packed[..self.uri_len]).expect("it was a URI when it was packed")
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
        self.extensions.as_deref()
    }

    /// The head of the request, for axum's extractors.
    pub fn to_parts(&self) -> request::Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.uri = self.uri();
        parts.headers = self.headers();
        if let Some(extensions) = &self.extensions {
            parts.extensions = Extensions::clone(extensions);
        }
        parts
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let mut rest = &self.packed[self.uri_len..];
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
        let handshake = Handshake::new(parts);
        let parts = handshake.to_parts();
        assert_eq!((parts.uri, parts.headers), expected);
        assert_eq!(parts.extensions.get::<u8>(), Some(&7));
        assert_eq!(handshake.header("Cookie"), Some(&b"a=b"[..]));
        assert_eq!(handshake.header("x-none"), None);
        assert!(!format!("{handshake:?}").contains("a=b"));
    }
}
