//! Many connections, driven by one thread.

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{io, mem};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};

use crate::load::connection::Connection;
use crate::load::frame;
use crate::load::reader::Message;

/// A host that has said nothing for so long, although something is to come, has lost it.
const SILENCE: Duration = Duration::from_secs(10);
/// Connections that are served before the clock is looked at.
const BATCH: usize = 256;
/// What is read at once, from one connection.
const BUFFER: usize = 64 * 1024;

/// What the connections of a [`Crowd`] say, and do with what they hear.
pub(crate) trait Driver {
    /// Connection `id` was sent a message. It was read at `now`.
    ///
    /// Pings have been answered: they do not come here.
    ///
    /// # Errors
    ///
    /// When the message is not what should have come; that ends the work.
    fn message(&mut self, crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()>;

    /// All messages that connection `id` read at once have been told: the moment to answer them with one write.
    fn read(&mut self, _crowd: &mut Crowd, _id: usize, _now: Instant) -> io::Result<()> {
        Ok(())
    }

    /// Does what is due, and says when it wants to be asked again at the latest; `None` if nothing depends on the time.
    fn poll(&mut self, _crowd: &mut Crowd, _now: Instant) -> io::Result<Option<Instant>> {
        Ok(None)
    }

    /// How many messages are to come.
    fn awaited(&self) -> usize;

    /// The host has closed connection `id`. That is an error, unless it is said that it is none.
    fn closed(&mut self, _id: usize) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "the host closed a connection"))
    }
}

/// Connections to one host, numbered from 0 in the order in which they were dialled. Dropped, it resets them all.
#[derive(Debug)]
pub(crate) struct Crowd {
    host: SocketAddr,
    poll: Poll,
    connections: Vec<Connection>,
    /// Taken out while it is used.
    events: Events,
    /// Taken out while it is used.
    buffer: Vec<u8>,
    pong: Vec<u8>,
    heard: Instant,
    /// How long the host may say nothing although something is to come.
    patience: Duration,
}

impl Crowd {
    /// Nobody yet, of `host`.
    pub(crate) fn of(host: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            host,
            poll: Poll::new()?,
            connections: Vec::new(),
            events: Events::with_capacity(BATCH),
            buffer: vec![0; BUFFER],
            pong: frame::text("3"),
            heard: Instant::now(),
            patience: SILENCE,
        })
    }

    /// Opens one more connection, and says its number. What is sent on it waits until it is open.
    pub(crate) fn dial(&mut self) -> io::Result<usize> {
        let id = self.connections.len();
        let mut connection = Connection::dial(self.host, id)?;
        self.poll.registry().register(connection.source(), Token(id), Interest::READABLE | Interest::WRITABLE)?;
        self.connections.push(connection);
        Ok(id)
    }

    /// Sends `bytes` on connection `id`. What the socket does not take waits.
    pub(crate) fn send(&mut self, id: usize, bytes: &[u8]) -> io::Result<()> {
        self.connections[id].send(bytes)
    }

    /// Does not wait as long as others do for what does not come.
    #[cfg(test)]
    pub(crate) const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Leaves as clients do, closing each connection in order. A crowd that is only dropped resets them.
    pub(crate) fn leave(self) -> io::Result<()> {
        self.connections.iter().try_for_each(Connection::part_in_order)
    }

    /// Runs until `done`.
    ///
    /// # Errors
    ///
    /// What the network or the driver has to say, and that the host was silent for 10 s while something was awaited.
    pub(crate) fn run_until<D: Driver>(&mut self, driver: &mut D, done: impl Fn(&D) -> bool) -> io::Result<()> {
        self.run(driver, None, done)
    }

    /// Runs for `time`.
    ///
    /// # Errors
    ///
    /// As those of [`run_until`](Self::run_until).
    pub(crate) fn run_for<D: Driver>(&mut self, driver: &mut D, time: Duration) -> io::Result<()> {
        self.run(driver, Some(Instant::now() + time), |_| false)
    }

    fn run<D: Driver>(&mut self, driver: &mut D, end: Option<Instant>, done: impl Fn(&D) -> bool) -> io::Result<()> {
        let mut now = Instant::now();
        self.heard = now;
        while !done(driver) && end.is_none_or(|end| now < end) {
            let next = driver.poll(self, now)?;
            if driver.awaited() == 0 {
                self.heard = now;
            } else if now - self.heard > self.patience {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("no answer for {:?}, {} messages are out", self.patience, driver.awaited()),
                ));
            }
            let next = [end, next].into_iter().flatten().fold(now + self.patience, Instant::min);
            self.turn(driver, next - now)?;
            now = Instant::now();
        }
        Ok(())
    }

    /// Waits for something to happen, at most for `time`, and sees to it.
    fn turn<D: Driver>(&mut self, driver: &mut D, time: Duration) -> io::Result<()> {
        let mut events = mem::replace(&mut self.events, Events::with_capacity(0));
        match self.poll.poll(&mut events, Some(time)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let mut buffer = mem::take(&mut self.buffer);
        for event in &events {
            self.serve(driver, event, &mut buffer)?;
        }
        self.buffer = buffer;
        self.events = events;
        Ok(())
    }

    fn serve<D: Driver>(&mut self, driver: &mut D, event: &Event, buffer: &mut [u8]) -> io::Result<()> {
        let Token(id) = event.token();
        if event.is_writable() {
            self.connections[id].flush()?;
        }
        if !event.is_readable() {
            return Ok(());
        }
        loop {
            let connection = &mut self.connections[id];
            let kept = connection.reader.restore(buffer);
            let Some(length) = connection.read(&mut buffer[kept..])? else {
                connection.reader.keep(&buffer[..kept]);
                return Ok(());
            };
            if length == 0 {
                return driver.closed(id);
            }
            self.read(driver, id, &buffer[..kept + length])?;
            // Less than asked for is all there was, and more will be another event.
            if kept + length < buffer.len() {
                return Ok(());
            }
        }
    }

    fn read<D: Driver>(&mut self, driver: &mut D, id: usize, mut bytes: &[u8]) -> io::Result<()> {
        let now = Instant::now();
        while let Some(message) = self.connections[id].reader.next(&mut bytes)? {
            if message == Message::Text(b"2") {
                self.connections[id].send(&self.pong)?;
            } else {
                self.heard = now;
                driver.message(self, id, message, now)?;
            }
        }
        if bytes.len() == BUFFER {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a message of more than {BUFFER} bytes")));
        }
        self.connections[id].reader.keep(bytes);
        driver.read(self, id, now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Waits for one message that does not come.
    struct Waiting;

    impl Driver for Waiting {
        fn message(&mut self, _: &mut Crowd, _: usize, message: Message<'_>, _: Instant) -> io::Result<()> {
            Err(message.unexpected())
        }

        fn awaited(&self) -> usize {
            1
        }
    }

    fn crowd(host: &TcpListener) -> Crowd {
        let mut crowd = Crowd::of(host.local_addr().unwrap()).unwrap();
        let id = crowd.dial().unwrap();
        crowd.send(id, b"GET / HTTP/1.1\r\n\r\n").unwrap();
        crowd
    }

    #[test]
    fn a_host_that_does_not_answer_is_an_error() {
        let host = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut crowd = crowd(&host);
        crowd.set_patience(Duration::from_millis(20));
        let error = crowd.run_until(&mut Waiting, |_| false).unwrap_err();
        assert_eq!(error.to_string(), "no answer for 20ms, 1 messages are out");
    }

    #[test]
    fn a_host_that_hangs_up_is_an_error() {
        let host = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut crowd = crowd(&host);
        drop(host.accept().unwrap());
        let error = crowd.run_until(&mut Waiting, |_| false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
