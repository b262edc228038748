//! HTTP/1.1, as much as a Socket.IO client needs: requests are written, responses are read.

use std::borrow::Cow;
use std::io;

const PATH: &str = "/socket.io/?EIO=4&transport=";
/// The longest head of a response that is waited for.
const MAX_HEAD: usize = 16 * 1024;

/// A poll: of the session `sid`, or the one that opens a session.
pub fn get(sid: Option<&str>) -> String {
    format!("GET {PATH}polling{} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n", query(sid))
}

/// A post of `payload` to the session `sid`.
pub fn post(sid: &str, payload: &str) -> String {
    format!(
        "POST {PATH}polling{} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\
         Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{payload}",
        query(Some(sid)),
        payload.len(),
    )
}

/// The request for a WebSocket: of the session `sid`, which then is to be upgraded, or of a new one.
pub fn upgrade(sid: Option<&str>) -> String {
    format!(
        "GET {PATH}websocket{} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        query(sid)
    )
}

fn query(sid: Option<&str>) -> String {
    sid.map(|sid| format!("&sid={sid}")).unwrap_or_default()
}

/// What a server has answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// The body, put together if it came in chunks.
    pub body: Cow<'a, [u8]>,
}

impl Response<'_> {
    /// An error for a response that should have been another.
    pub fn unexpected(&self) -> io::Error {
        invalid(&format!("the host answered {} {:?}", self.status, String::from_utf8_lossy(&self.body)))
    }
}

/// Cuts the first response off `bytes`, and says how long it was; `None` if it is not complete.
///
/// # Errors
///
/// When it is not HTTP/1.1, or its body would end with the connection: the clients we play keep theirs.
pub(crate) fn cut(bytes: &[u8]) -> io::Result<Option<(Response<'_>, usize)>> {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > MAX_HEAD { Err(invalid("a head without end")) } else { Ok(None) };
    };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| invalid("a head that is not text"))?;
    let status = status(head)?;
    let body = &bytes[end + 4..];
    let cut = match framing(head, status)? {
        Framing::Length(length) => body.get(..length).map(|body| (Cow::Borrowed(body), length)),
        Framing::Chunked => chunks(body)?,
    };
    Ok(cut.map(|(body, length)| (Response { status, body }, end + 4 + length)))
}

enum Framing {
    Length(usize),
    Chunked,
}

fn status(head: &str) -> io::Result<u16> {
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    status.ok_or_else(|| invalid("a response that is not HTTP/1.1"))
}

fn framing(head: &str, status: u16) -> io::Result<Framing> {
    if matches!(status, 100..200 | 204 | 304) {
        return Ok(Framing::Length(0));
    }
    for line in head.split("\r\n").skip(1) {
        let Some((name, value)) = line.split_once(':') else { return Err(invalid("a header without a colon")) };
        if name.eq_ignore_ascii_case("content-length") {
            return value.trim().parse().map(Framing::Length).map_err(|_| invalid("a length that is no number"));
        }
        if name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked") {
            return Ok(Framing::Chunked);
        }
    }
    Err(invalid("a body that ends with the connection"))
}

/// The body in chunks that `bytes` begins with, and how long it is with its framing.
fn chunks(bytes: &[u8]) -> io::Result<Option<(Cow<'_, [u8]>, usize)>> {
    let mut body = Cow::Borrowed(&[][..]);
    let mut at = 0;
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else { return Ok(None) };
        let size = std::str::from_utf8(&bytes[at..at + line]).ok();
        let size = size.and_then(|size| usize::from_str_radix(size.split(';').next()?.trim(), 16).ok());
        let size = size.ok_or_else(|| invalid("a chunk without a size"))?;
        let start = at + line + 2;
        let Some(end) = start.checked_add(size) else { return Err(invalid("a chunk that is too long")) };
        match bytes.get(end..).and_then(|rest| rest.get(..2)) {
            Some(b"\r\n") => {}
            Some(_) => return Err(invalid("a chunk that is longer than it says, or a trailer")),
            None => return Ok(None),
        }
        if size == 0 {
            return Ok(Some((body, end + 2)));
        }
        // One chunk is the rule.
        if body.is_empty() {
            body = Cow::Borrowed(&bytes[start..end]);
        } else {
            body.to_mut().extend_from_slice(&bytes[start..end]);
        }
        at = end + 2;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts `text`, with more behind it, and sees that no part of it is taken for the whole.
    #[track_caller]
    fn read(text: &str) -> (u16, String) {
        for end in 0..text.len() {
            assert_eq!(cut(&text.as_bytes()[..end]).unwrap(), None, "{:?}", &text[..end]);
        }
        let more = format!("{text}HTTP/1.1 ");
        let (response, length) = cut(more.as_bytes()).unwrap().unwrap();
        assert_eq!(length, text.len());
        (response.status, String::from_utf8(response.body.into_owned()).unwrap())
    }

    #[test]
    fn a_body_has_the_length_its_head_says() {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\ncontent-LENGTH: 2 \r\n\r\nok";
        assert_eq!(read(text), (200, "ok".to_owned()));
        assert_eq!(read("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), (400, String::new()));
    }

    #[test]
    fn a_body_in_chunks_is_put_together() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(read(&format!("{head}2\r\nok\r\n0\r\n\r\n")), (200, "ok".to_owned()));
        let text = format!("{head}a;x=y\r\n0123456789\r\nB\r\nabcdefghijk\r\n0\r\n\r\n");
        assert_eq!(read(&text), (200, "0123456789abcdefghijk".to_owned()));
        assert_eq!(read(&format!("{head}0\r\n\r\n")), (200, String::new()));
    }

    #[test]
    fn an_upgrade_has_no_body() {
        let text = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n";
        assert_eq!(read(text), (101, String::new()));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in [
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nuntil the end",
            "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nok\r\n",
        ] {
            assert!(cut(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(cut(&[b'x'; MAX_HEAD + 1]).is_err());
    }

    #[test]
    fn a_request_says_whose_it_is() {
        assert!(get(None).starts_with("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\n"));
        assert!(upgrade(Some("abc")).starts_with("GET /socket.io/?EIO=4&transport=websocket&sid=abc HTTP/1.1\r\n"));
        assert!(post("abc", "40").ends_with("Content-Length: 2\r\n\r\n40"));
    }
}
