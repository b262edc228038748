//! Many connections, driven by one thread.

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{io, mem};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};

use crate::connection::{Connection, Farewell};
use crate::frame;
use crate::reader::Message;

/// A host that has said nothing for so long, although something is to come, has lost it.
const SILENCE: Duration = Duration::from_secs(10);
/// Connections that are served before the clock is looked at.
const BATCH: usize = 256;
/// What is read at once, from one connection.
const BUFFER: usize = 64 * 1024;
const HUNG_UP: &str = "the host closed a connection";

/// What the connections of a [`Crowd`] say, and do with what they hear.
pub trait Driver {
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

    /// Connection `id` was pinged over its WebSocket, and has answered.
    fn pinged(&mut self, _crowd: &mut Crowd, _id: usize, _now: Instant) -> io::Result<()> {
        Ok(())
    }

    /// Does what is due, and says when it wants to be asked again at the latest; `None` if nothing depends on the time.
    fn poll(&mut self, _crowd: &mut Crowd, _now: Instant) -> io::Result<Option<Instant>> {
        Ok(None)
    }

    /// How many messages are to come.
    fn awaited(&self) -> usize;

    /// Connection `id` has ended, and not by us; its number may be given to another. That is an error, unless it is said
    /// that it is none.
    ///
    /// # Errors
    ///
    /// `error`: what the network said, or what was wrong with what the host did.
    fn closed(&mut self, _crowd: &mut Crowd, _id: usize, error: io::Error) -> io::Result<()> {
        Err(error)
    }
}

/// Connections to one host, numbered from 0 in the order in which they were dialled; the number of one that has ended is
/// given again. Dropped, it resets them all.
#[derive(Debug)]
pub struct Crowd {
    host: SocketAddr,
    poll: Poll,
    connections: Vec<Option<Connection>>,
    /// The numbers of those that have ended.
    free: Vec<usize>,
    /// How many there were.
    dialled: usize,
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
    ///
    /// # Errors
    ///
    /// When the kernel has no means to watch connections.
    pub fn of(host: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            host,
            poll: Poll::new()?,
            connections: Vec::new(),
            free: Vec::new(),
            dialled: 0,
            events: Events::with_capacity(BATCH),
            buffer: vec![0; BUFFER],
            pong: frame::text("3"),
            heard: Instant::now(),
            patience: SILENCE,
        })
    }

    /// Opens one more connection, and says its number. What is sent on it waits until it is open.
    ///
    /// # Errors
    ///
    /// When there is no socket to be had. That nobody listens is told to the driver.
    pub fn dial(&mut self) -> io::Result<usize> {
        self.dial_with(self.host, None)
    }

    /// As [`dial`](Self::dial), but the kernel keeps about `window` bytes that nobody has read, and then lets the host wait.
    ///
    /// # Errors
    ///
    /// As those of [`dial`](Self::dial).
    pub fn dial_narrow(&mut self, window: usize) -> io::Result<usize> {
        self.dial_with(self.host, Some(window))
    }

    /// As [`dial`](Self::dial), but to another host.
    ///
    /// # Errors
    ///
    /// As those of [`dial`](Self::dial).
    pub fn dial_elsewhere(&mut self, host: SocketAddr) -> io::Result<usize> {
        self.dial_with(host, None)
    }

    fn dial_with(&mut self, host: SocketAddr, window: Option<usize>) -> io::Result<usize> {
        let mut connection = Connection::dial(host, self.dialled, window)?;
        self.dialled += 1;
        let id = self.free.pop().unwrap_or(self.connections.len());
        self.poll.registry().register(connection.source(), Token(id), Interest::READABLE | Interest::WRITABLE)?;
        if id == self.connections.len() {
            self.connections.push(Some(connection));
        } else {
            self.connections[id] = Some(connection);
        }
        Ok(id)
    }

    /// Sends `bytes` on connection `id`. What the socket does not take waits.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub fn send(&mut self, id: usize, bytes: &[u8]) -> io::Result<()> {
        self.connections[id].as_mut().ok_or(io::ErrorKind::NotConnected)?.send(bytes)
    }

    /// Sends `bytes` on connection `id` if it has not ended. If it has just now, the driver is about to hear of it.
    pub fn send_if_open(&mut self, id: usize, bytes: &[u8]) {
        // The error is told once more, by what is read next.
        let _ = self.send(id, bytes);
    }

    /// Ends connection `id`, of which the driver hears no more.
    pub fn hang_up(&mut self, id: usize, farewell: Farewell) {
        if let Some(connection) = self.connections.get_mut(id).and_then(Option::take) {
            if farewell == Farewell::Fin {
                // One that has ended already cannot be ended in order.
                let _ = connection.part_in_order();
            }
            self.free.push(id);
        }
    }

    /// Reads nothing any more on connection `id`, until [`resume`](Self::resume).
    pub fn pause(&mut self, id: usize) {
        if let Some(connection) = &mut self.connections[id] {
            connection.paused = true;
        }
    }

    /// Reads again on connection `id`.
    ///
    /// # Errors
    ///
    /// When the kernel does not watch it any more.
    pub fn resume(&mut self, id: usize) -> io::Result<()> {
        let Some(connection) = &mut self.connections[id] else { return Ok(()) };
        connection.paused = false;
        // What came meanwhile was told then; to ask again has it told again.
        self.poll.registry().reregister(connection.source(), Token(id), Interest::READABLE | Interest::WRITABLE)
    }

    /// How many connections there are.
    pub fn count(&self) -> usize {
        self.connections.len() - self.free.len()
    }

    /// Does not wait as long as others do for what does not come.
    pub const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Leaves as clients do, closing each connection in order. A crowd that is only dropped resets them.
    ///
    /// # Errors
    ///
    /// When one has ended before.
    pub fn leave(self) -> io::Result<()> {
        self.connections.iter().flatten().try_for_each(Connection::part_in_order)
    }

    /// Runs until `done`.
    ///
    /// # Errors
    ///
    /// What the network or the driver has to say, and that the host was silent for 10 s while something was awaited.
    pub fn run_until<D: Driver>(&mut self, driver: &mut D, done: impl Fn(&D) -> bool) -> io::Result<()> {
        self.run(driver, None, done)
    }

    /// Runs for `time`.
    ///
    /// # Errors
    ///
    /// As those of [`run_until`](Self::run_until).
    pub fn run_for<D: Driver>(&mut self, driver: &mut D, time: Duration) -> io::Result<()> {
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
        match self.exchange(driver, id, event, buffer)? {
            Ok(()) => Ok(()),
            Err(error) => {
                self.hang_up(id, Farewell::Reset);
                driver.closed(self, id, error)
            }
        }
    }

    /// Writes and reads what the event allows. The inner error is the connection's, the outer one the driver's.
    fn exchange<D: Driver>(
        &mut self,
        driver: &mut D,
        id: usize,
        event: &Event,
        buffer: &mut [u8],
    ) -> io::Result<io::Result<()>> {
        // An event may be that of a connection that has just been hung up.
        if let Some(Err(error)) = self.connections[id].as_mut().filter(|_| event.is_writable()).map(Connection::flush) {
            return Ok(Err(error));
        }
        if !event.is_readable() {
            return Ok(Ok(()));
        }
        loop {
            let Some(connection) = self.connections[id].as_mut().filter(|connection| !connection.paused) else {
                return Ok(Ok(()));
            };
            let kept = connection.reader.restore(buffer);
            let length = match connection.read(&mut buffer[kept..]) {
                Ok(Some(0)) => return Ok(Err(io::Error::new(io::ErrorKind::ConnectionReset, HUNG_UP))),
                Ok(Some(length)) => length,
                Ok(None) => {
                    connection.reader.keep(&buffer[..kept]);
                    return Ok(Ok(()));
                }
                Err(error) => return Ok(Err(error)),
            };
            if let Err(error) = self.read(driver, id, &buffer[..kept + length])? {
                return Ok(Err(error));
            }
            // Less than asked for is all there was, and more will be another event.
            if kept + length < buffer.len() {
                return Ok(Ok(()));
            }
        }
    }

    fn read<D: Driver>(&mut self, driver: &mut D, id: usize, mut bytes: &[u8]) -> io::Result<io::Result<()>> {
        let now = Instant::now();
        let nth = self.connections[id].as_ref().map(|connection| connection.nth);
        // The driver may hang up on any message, and give the number to another.
        while let Some(connection) = self.connections[id].as_mut().filter(|connection| Some(connection.nth) == nth) {
            let message = match connection.reader.next(&mut bytes) {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(error) => return Ok(Err(error)),
            };
            if message == Message::Text(b"2") {
                if let Err(error) = connection.send(&self.pong) {
                    return Ok(Err(error));
                }
                driver.pinged(self, id, now)?;
            } else {
                self.heard = now;
                driver.message(self, id, message, now)?;
            }
        }
        if bytes.len() == BUFFER {
            let text = format!("a message of more than {BUFFER} bytes");
            return Ok(Err(io::Error::new(io::ErrorKind::InvalidData, text)));
        }
        match self.connections[id].as_mut().filter(|connection| Some(connection.nth) == nth) {
            Some(connection) => connection.reader.keep(bytes),
            None => return Ok(Ok(())),
        }
        driver.read(self, id, now).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
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

    /// Counts what is read, and hangs up on what is to be the last.
    struct Counting {
        read: usize,
        last: usize,
    }

    impl Driver for Counting {
        fn message(&mut self, crowd: &mut Crowd, id: usize, _: Message<'_>, _: Instant) -> io::Result<()> {
            self.read += 1;
            if self.read == self.last {
                crowd.hang_up(id, Farewell::Fin);
                assert_eq!(crowd.dial()?, id, "its number is given again");
            }
            Ok(())
        }

        fn awaited(&self) -> usize {
            0
        }
    }

    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    #[test]
    fn what_one_has_read_that_was_hung_up_is_nobodys() {
        let host = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut crowd = crowd(&host);
        let (mut connection, _) = host.accept().unwrap();
        connection.write_all(&RESPONSE.repeat(3)).unwrap();
        let mut driver = Counting { read: 0, last: 2 };
        crowd.run_for(&mut driver, Duration::from_millis(50)).unwrap();
        assert_eq!((driver.read, crowd.count()), (2, 1));
    }

    #[test]
    fn one_that_is_paused_reads_when_it_is_resumed() {
        let host = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut crowd = crowd(&host);
        let (mut connection, _) = host.accept().unwrap();
        crowd.pause(0);
        connection.write_all(RESPONSE).unwrap();
        let mut driver = Counting { read: 0, last: 0 };
        crowd.run_for(&mut driver, Duration::from_millis(50)).unwrap();
        assert_eq!(driver.read, 0);
        crowd.resume(0).unwrap();
        crowd.run_until(&mut driver, |driver| driver.read == 1).unwrap();
    }
}
