//! A packet while it is being written.

use std::fmt;
use std::io::{self, Write as _};

use pintle_engine::{Frame, FrameWriter};
use serde::Serialize;
use serde_json::ser::Formatter;

use super::spread::Spread;
use crate::error::EncodeError;
use crate::packet::is_reserved;
use crate::plain::plain;

/// What most packets fit into besides the names, so that the text is allocated once.
const TYPICAL: usize = 112;

/// The text of a packet and the attachments met on the way.
pub(crate) struct Body {
    writer: FrameWriter,
    attachments: Vec<Frame>,
    /// Whether the next argument is the first of its array.
    first: bool,
}

/// serde_json's serializer, set up to write one argument.
pub(super) type Json<'a> = serde_json::Serializer<&'a mut FrameWriter, Attaching<'a>>;

impl Body {
    /// Starts a packet.
    pub(crate) fn new(namespace: &str, names: usize) -> Self {
        let mut writer = FrameWriter::message(TYPICAL + namespace.len() + names);
        if namespace != "/" {
            writer.push_str(namespace);
            writer.push_str(",");
        }
        Self { writer, attachments: Vec::new(), first: true }
    }

    /// Appends text that is neither data nor an argument.
    pub(crate) fn push_str(&mut self, text: &str) {
        self.writer.push_str(text);
    }

    /// Writes JSON in which bytes are arrays of numbers.
    pub(crate) fn plain<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.writer, value)
    }

    /// Writes one argument.
    pub(crate) fn argument<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        value.serialize(&mut self.next())
    }

    /// Writes one argument that is a string.
    pub(super) fn string(&mut self, value: &str) -> serde_json::Result<()> {
        if plain(value.as_bytes()) < value.len() {
            return self.argument(value);
        }
        self.separate();
        self.push_str("\"");
        self.push_str(value);
        self.push_str("\"");
        Ok(())
    }

    /// Writes the arguments that `data` stands for: those of a tuple, none for unit, else `data` itself.
    pub(crate) fn arguments<T: Serialize + ?Sized>(&mut self, data: &T) -> serde_json::Result<()> {
        data.serialize(Spread::new(self, &mut None))
    }

    /// Writes what an event says, up to the end of its arguments.
    pub(crate) fn event<T: Serialize + ?Sized>(
        &mut self,
        id: Option<u64>,
        name: &str,
        data: &T,
    ) -> Result<(), EncodeError> {
        if is_reserved(name) {
            return Err(EncodeError::reserved(name));
        }
        if let Some(id) = id {
            self.plain(&id)?;
        }
        self.push_str("[");
        self.string(name)?;
        self.arguments(data)?;
        Ok(())
    }

    /// Writes arguments that are JSON already.
    pub(super) fn verbatim(&mut self, arguments: impl fmt::Display) -> serde_json::Result<()> {
        self.separate();
        write!(self.writer, "{arguments}").map_err(serde_json::Error::io)
    }

    fn separate(&mut self) {
        if !self.first {
            self.writer.push_str(",");
        }
        self.first = false;
    }

    /// Makes a serializer for the next argument.
    pub(super) fn next(&mut self) -> Json<'_> {
        self.separate();
        Json::with_formatter(&mut self.writer, Attaching(&mut self.attachments))
    }

    /// Ends a packet of the type digit `kind`, or `binary` if it has attachments: only its end tells. Gives its text and
    /// those.
    pub(crate) fn finish(self, kind: &str, binary: &str) -> (Frame, Vec<Frame>) {
        let Self { writer, attachments, .. } = self;
        let text = match attachments.len() {
            0 => writer.finish(&[kind]),
            count => writer.finish(&[binary, itoa::Buffer::new().format(count), "-"]),
        };
        (text, attachments)
    }
}

/// A JSON formatter that puts a placeholder where bytes are, and the bytes aside.
pub(super) struct Attaching<'a>(&'a mut Vec<Frame>);

impl Formatter for Attaching<'_> {
    fn write_byte_array<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()> {
        let num = self.0.len();
        self.0.push(Frame::binary(value));
        // Not by `write!`, which takes as long as all the rest.
        writer.write_all(br#"{"_placeholder":true,"num":"#)?;
        writer.write_all(itoa::Buffer::new().format(num).as_bytes())?;
        writer.write_all(b"}")
    }
}
