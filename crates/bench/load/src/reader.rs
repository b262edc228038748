//! What a connection reads: messages, cut from bytes that come in as they like.

use std::{io, mem};

use crate::frame::{self, BINARY, CLOSE, TEXT};
use crate::http::{self, Response};

/// A message of the server.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// The answer to a request.
    Response(Response<'a>),
    /// The payload of a text frame.
    Text(&'a [u8]),
    /// The payload of a binary frame.
    Binary(&'a [u8]),
    /// The payload of the frame that says farewell: a code, and a reason.
    Close(&'a [u8]),
}

impl Message<'_> {
    /// An error for a message that should have been another.
    pub fn unexpected(&self) -> io::Error {
        const SHOWN: usize = 200;
        let (what, bytes) = match self {
            Self::Response(response) => return response.unexpected(),
            Self::Text(bytes) => ("the text", *bytes),
            Self::Binary(bytes) => ("the attachment", *bytes),
            Self::Close(_) => {
                return io::Error::new(io::ErrorKind::ConnectionAborted, "the host closed a WebSocket");
            }
        };
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
        io::Error::new(io::ErrorKind::InvalidData, format!("the host sent {what} {shown:?}, of {} bytes", bytes.len()))
    }
}

/// Cuts what one connection reads: responses, until one of them is an upgrade, and frames from then on.
///
/// It reads in a buffer that all connections share, and keeps only what is not a whole message yet.
#[derive(Debug, Default)]
pub struct Reader {
    upgraded: bool,
    kept: Vec<u8>,
}

impl Reader {
    /// Puts what was kept at the start of `buffer`, for what is read next to follow it, and says how long it is.
    pub fn restore(&mut self, buffer: &mut [u8]) -> usize {
        let length = self.kept.len();
        buffer[..length].copy_from_slice(&self.kept);
        self.kept.clear();
        length
    }

    /// Keeps what is left.
    pub fn keep(&mut self, rest: &[u8]) {
        self.kept.extend_from_slice(rest);
    }

    /// Takes the first message off `bytes`; `None` if it is not complete.
    ///
    /// # Errors
    ///
    /// When it is nothing that a server should send.
    pub fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> io::Result<Option<Message<'a>>> {
        let cut = if self.upgraded { frame::cut(bytes)?.map(message).transpose()? } else { self.response(bytes)? };
        let Some((message, length)) = cut else { return Ok(None) };
        *bytes = &mem::take(bytes)[length..];
        Ok(Some(message))
    }

    fn response<'a>(&mut self, bytes: &'a [u8]) -> io::Result<Option<(Message<'a>, usize)>> {
        let Some((response, length)) = http::cut(bytes)? else { return Ok(None) };
        self.upgraded = response.status == 101;
        Ok(Some((Message::Response(response), length)))
    }
}

fn message((frame, length): (frame::Frame<'_>, usize)) -> io::Result<(Message<'_>, usize)> {
    match frame.opcode {
        TEXT => Ok((Message::Text(frame.payload), length)),
        BINARY => Ok((Message::Binary(frame.payload), length)),
        CLOSE => Ok((Message::Close(frame.payload), length)),
        other => Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame with opcode {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\
        HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\
        \x81\x040{}x\x82\x03bin\x81\x00";

    fn told(message: &Message<'_>) -> String {
        match message {
            Message::Response(response) => format!("{} {}", response.status, String::from_utf8_lossy(&response.body)),
            Message::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
            Message::Binary(data) => format!("binary {}", String::from_utf8_lossy(data)),
            Message::Close(reason) => format!("close {reason:?}"),
        }
    }

    /// Reads `stream` in the pieces that `sizes` say.
    fn read(stream: &[u8], sizes: &mut dyn Iterator<Item = usize>) -> Vec<String> {
        let mut reader = Reader::default();
        let mut buffer = vec![0; 256];
        let mut messages = Vec::new();
        let mut at = 0;
        while at < stream.len() {
            let kept = reader.restore(&mut buffer);
            let size = sizes.next().unwrap().min(stream.len() - at);
            buffer[kept..kept + size].copy_from_slice(&stream[at..at + size]);
            at += size;
            let mut bytes = &buffer[..kept + size];
            while let Some(message) = reader.next(&mut bytes).unwrap() {
                messages.push(told(&message));
            }
            reader.keep(bytes);
        }
        messages
    }

    #[test]
    fn a_stream_reads_alike_however_it_is_split() {
        let whole = ["200 ok", "101 ", "text 0{}x", "binary bin", "text "];
        assert_eq!(read(STREAM, &mut [STREAM.len()].into_iter()), whole);
        for size in 1..STREAM.len() {
            assert_eq!(read(STREAM, &mut std::iter::repeat(size)), whole, "in pieces of {size}");
        }
        for first in 1..STREAM.len() {
            assert_eq!(read(STREAM, &mut [first, STREAM.len()].into_iter()), whole, "split at {first}");
        }
    }

    #[test]
    fn a_farewell_is_unexpected() {
        let mut reader = Reader { upgraded: true, kept: Vec::new() };
        let farewell = reader.next(&mut &b"\x88\x02\x03\xe8"[..]).unwrap().unwrap();
        assert_eq!(farewell, Message::Close(&[0x03, 0xe8]));
        assert_eq!(farewell.unexpected().kind(), io::ErrorKind::ConnectionAborted);
    }
}
