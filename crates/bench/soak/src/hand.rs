//! One client by hand, which waits for each answer: for what is too large or too odd for a crowd.

use std::borrow::Cow;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bench_load::{Message, Reader};

const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    reader: Reader,
    read: Vec<u8>,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A response: its status and its body.
    Response(u16, Vec<u8>),
    /// A text frame.
    Text(Vec<u8>),
    /// A close frame, and its code: 1005 if it has none.
    Close(u16),
    /// Another frame.
    Other,
    /// The end of the stream, or a reset.
    End,
}

impl Wire {
    pub(crate) fn to(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, reader: Reader::default(), read: Vec::new() })
    }

    /// A client on a WebSocket that has connected to `/`.
    pub(crate) fn on_websocket(address: SocketAddr) -> io::Result<Self> {
        let mut wire = Self::to(address)?;
        wire.send(bench_load::upgrade(None).as_bytes())?;
        wire.send(&bench_load::text("40"))?;
        // 101, the open packet, and the CONNECT of the server.
        for _ in 0..3 {
            wire.answer()?;
        }
        Ok(wire)
    }

    /// A session on long-polling that has connected to `/`, and its id.
    pub(crate) fn on_polling(address: SocketAddr) -> io::Result<(Self, String)> {
        let mut wire = Self::to(address)?;
        wire.send(bench_load::get(None).as_bytes())?;
        let Answer::Response(200, open) = wire.answer()? else { return Err(unexpected("no session")) };
        let open = String::from_utf8_lossy(&open).into_owned();
        let sid = open.split_once(r#""sid":""#).and_then(|(_, rest)| rest.split('"').next());
        let sid = sid.ok_or_else(|| unexpected("a session without an id"))?.to_owned();
        wire.send(bench_load::post(&sid, "40").as_bytes())?;
        wire.answer()?;
        wire.send(bench_load::get(Some(&sid)).as_bytes())?;
        wire.answer()?;
        Ok((wire, sid))
    }

    /// Sends all of it, or as much as is taken: a server may close before it has read what it does not want.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.stream.write_all(bytes) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// How long it waits for what the server says.
    pub(crate) fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(patience))
    }

    /// The next thing that the server says. Pings are passed over.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        loop {
            let mut rest = &self.read[..];
            if let Some(message) = self.reader.next(&mut rest)? {
                let answer = Answer::from(message);
                let left = rest.len();
                self.read.drain(..self.read.len() - left);
                if answer != Answer::Text(b"2".to_vec()) {
                    return Ok(answer);
                }
                continue;
            }
            let mut buffer = [0; 64 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(Answer::End),
                Ok(length) => self.read.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(Answer::End),
                Err(error) => return Err(error),
            }
        }
    }
}

impl From<Message<'_>> for Answer {
    fn from(message: Message<'_>) -> Self {
        match message {
            Message::Response(response) => Self::Response(response.status, Cow::into_owned(response.body)),
            Message::Text(text) => Self::Text(text.to_vec()),
            Message::Binary(_) => Self::Other,
            Message::Close([high, low, ..]) => Self::Close(u16::from_be_bytes([*high, *low])),
            Message::Close(_) => Self::Close(1005),
        }
    }
}

fn unexpected(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the host answered with {what}"))
}
