//! One TCP connection to the host.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{Domain, SockRef, Socket, Type};

use crate::reader::Reader;

/// As many addresses of the loopback network as connections come from, in turn: one address has 28,000 ports.
const SOURCES: usize = 16;

/// How a client ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// In order, with a FIN.
    Fin,
    /// With a reset: so no port is occupied by one that has ended.
    Reset,
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    pub(crate) reader: Reader,
    /// What the socket did not take yet.
    unsent: Vec<u8>,
    /// Which it is of all that were dialled.
    pub(crate) nth: usize,
    /// Nothing is read.
    pub(crate) paused: bool,
}

impl Connection {
    /// Begins to connect; what is sent meanwhile waits. `window` is how many bytes the kernel may keep for it that nobody has
    /// read, if that is not as usual. Dropped, it resets the connection.
    pub(crate) fn dial(host: SocketAddr, nth: usize, window: Option<usize>) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_linger(Some(Duration::ZERO))?;
        if let Some(window) = window {
            socket.set_recv_buffer_size(window)?;
        }
        let source = Ipv4Addr::new(127, 0, 0, 2 + (nth % SOURCES) as u8);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        match socket.connect(&host.into()) {
            Err(error) if error.raw_os_error() != Some(nix::errno::Errno::EINPROGRESS as i32) => return Err(error),
            _ => {}
        }
        let stream = TcpStream::from_std(socket.into());
        Ok(Self { stream, reader: Reader::default(), unsent: Vec::new(), nth, paused: false })
    }

    /// What is to be watched.
    pub(crate) const fn source(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Ends it in order when it is dropped, not with a reset.
    pub(crate) fn part_in_order(&self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(None)
    }

    /// Sends `bytes`, at once as far as the socket takes them.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = if self.unsent.is_empty() { write(&mut self.stream, bytes)? } else { 0 };
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Sends on what waits.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let sent = write(&mut self.stream, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    /// Reads what is there, at most once; `None` if there is nothing.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match self.stream.read(buffer) {
                Ok(length) => return Ok(Some(length)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Writes until the socket takes no more, and says how much that was.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => written += length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
