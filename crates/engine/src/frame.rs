//! An outgoing packet in the form the wire takes it, cut once and shared by every receiver.
//!
//! A server's WebSocket frames are not masked, so the bytes of a broadcast are the same for everybody: the frame header
//! is written in front of the packet when it is encoded, and what is handed around afterwards is one reference-counted
//! [`Bytes`]. Long-polling sends the same packet without that header.

use std::cell::Cell;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes};

/// The longest header of an unmasked WebSocket frame.
const HEAD_ROOM: usize = 10;
/// FIN and the text opcode.
const TEXT: u8 = 0x81;
/// FIN and the binary opcode.
const BINARY: u8 = 0x82;
/// The longest prefix of a message that is written, Engine.IO's own digit included.
const PREFIX_ROOM: usize = 32;
/// Where what is written begins.
const START: usize = HEAD_ROOM + PREFIX_ROOM;
/// Up to this size a frame is copied out of the buffer in which it was written, so that it takes one allocation that fits;
/// a larger one takes the buffer with it, because the copy would cost more.
const COPIED: usize = 8 * 1024;

thread_local! {
    /// Where messages are written. Taken out meanwhile: data that sends another message while it is being written finds
    /// none, and makes its own.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// One packet, ready for any transport; a clone shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The whole WebSocket frame: header, then packet.
    wire: Bytes,
    /// How many bytes of `wire` are the header.
    head: u8,
    binary: bool,
}

impl Frame {
    /// A packet in its text form, type digit first.
    pub fn packet(text: &str) -> Self {
        Self::of(false, &[], text.as_bytes())
    }

    /// A text message.
    pub fn text(data: &str) -> Self {
        Self::of(false, b"4", data.as_bytes())
    }

    /// A binary message.
    pub fn binary(data: &[u8]) -> Self {
        Self::of(true, &[], data)
    }

    fn of(binary: bool, kind: &[u8], data: &[u8]) -> Self {
        let (header, head) = header(binary, kind.len() + data.len());
        let mut wire = Vec::with_capacity(head + kind.len() + data.len());
        wire.extend_from_slice(&header[..head]);
        wire.extend_from_slice(kind);
        wire.extend_from_slice(data);
        Self { wire: wire.into(), head: head as u8, binary }
    }

    /// A packet whose WebSocket frame is known beforehand.
    pub(crate) const fn from_static(wire: &'static [u8]) -> Self {
        Self { wire: Bytes::from_static(wire), head: 2, binary: false }
    }

    /// The whole WebSocket frame.
    pub const fn wire(&self) -> &Bytes {
        &self.wire
    }

    /// The packet alone: its text form, or the raw bytes of a binary message.
    pub fn body(&self) -> &[u8] {
        &self.wire[usize::from(self.head)..]
    }

    /// Whether this is a binary message.
    pub const fn is_binary(&self) -> bool {
        self.binary
    }

    /// What the frame counts for in a queue that is bounded in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a frame has a header: it is never empty")]
    pub fn len(&self) -> usize {
        self.wire.len()
    }

    /// Bytes that [`write_polling`](Self::write_polling) will append.
    pub(crate) fn polling_len(&self) -> usize {
        let body = self.wire.len() - usize::from(self.head);
        if self.binary { 1 + body.div_ceil(3) * 4 } else { body }
    }

    /// The packet as long-polling carries it, shared with all who have the frame. Binary has to be written for that.
    pub(crate) fn shared_text(&self) -> Option<Bytes> {
        (!self.binary).then(|| self.wire.slice(usize::from(self.head)..))
    }

    /// Appends the packet as long-polling carries it: text as it is, binary as `b` and base64.
    pub(crate) fn write_polling(&self, out: &mut Vec<u8>) {
        if self.binary {
            let start = out.len() + 1;
            out.resize(out.len() + self.polling_len(), b'b');
            STANDARD.encode_slice(self.body(), &mut out[start..]).expect("base64 is as long as polling_len says");
        } else {
            out.extend_from_slice(self.body());
        }
    }
}

/// The header of an unmasked frame, and how long it is.
fn header(binary: bool, length: usize) -> ([u8; HEAD_ROOM], usize) {
    let mut header = [0; HEAD_ROOM];
    header[0] = if binary { BINARY } else { TEXT };
    let head = match length {
        0..=125 => {
            header[1] = length as u8;
            2
        }
        126..=0xffff => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..10].copy_from_slice(&(length as u64).to_be_bytes());
            10
        }
    };
    (header, head)
}

/// Writes one text message, of which only the end tells how long it is and what it begins with.
#[derive(Debug)]
pub struct FrameWriter {
    bytes: Vec<u8>,
}

impl FrameWriter {
    /// A text message of about `capacity` bytes. What is written must be UTF-8.
    pub fn message(capacity: usize) -> Self {
        let mut bytes = BUFFER.take();
        bytes.reserve(START + capacity);
        bytes.extend_from_slice(&[0; START]);
        Self { bytes }
    }

    /// Appends to the message.
    #[inline]
    pub fn push_str(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Writes `prefix`, all its parts, and the header in front, and gives the finished frame.
    ///
    /// # Panics
    ///
    /// If the prefix is longer than 31 bytes.
    pub fn finish(self, prefix: &[&str]) -> Frame {
        let Self { mut bytes } = self;
        let mut body = START;
        for part in prefix.iter().rev() {
            let end = body;
            body -= part.len();
            bytes[body..end].copy_from_slice(part.as_bytes());
        }
        body -= 1;
        bytes[body] = b'4';
        let (header, head) = header(false, bytes.len() - body);
        let start = body - head;
        bytes[start..body].copy_from_slice(&header[..head]);
        let wire = if bytes.len() <= COPIED {
            let wire = Bytes::copy_from_slice(&bytes[start..]);
            bytes.clear();
            BUFFER.set(bytes);
            wire
        } else {
            let mut wire = Bytes::from(bytes);
            wire.advance(start);
            wire
        };
        Frame { wire, head: head as u8, binary: false }
    }
}

impl io::Write for FrameWriter {
    #[inline]
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_fits_the_length() {
        for (length, head) in [(0, 2), (124, 2), (125, 4), (65_534, 4), (65_535, 10)] {
            let frame = Frame::text(&"x".repeat(length));
            assert_eq!(frame.len(), head + 1 + length);
            assert_eq!(frame.body().len(), 1 + length);
            assert_eq!(frame.wire()[0], TEXT);
        }
        assert_eq!(&Frame::text("hi").wire()[..], b"\x81\x034hi");
        assert_eq!(&Frame::binary(&[1, 2]).wire()[..], b"\x82\x02\x01\x02");
    }

    #[test]
    fn polling_takes_the_same_packet_without_the_header() {
        let mut out = Vec::new();
        Frame::text("é").write_polling(&mut out);
        Frame::binary(&[1, 2, 3, 4]).write_polling(&mut out);
        assert_eq!(out, "4ébAQIDBA==".as_bytes());
        assert_eq!(Frame::text("é").shared_text().as_deref(), Some("4é".as_bytes()));
        assert_eq!(Frame::binary(&[1]).shared_text(), None);
        assert_eq!(Frame::binary(&[1, 2, 3, 4]).polling_len(), 9);
        assert_eq!(Frame::text("é").polling_len(), 3);
    }
}
