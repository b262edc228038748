//! A client that allocates nothing while it attacks.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use pintle_tests::vectors::{Before, Input, SID, Vector, Verdict};
use pintle_tests::{Opcode, Packet, Request, WebSocket, encode_frame, encode_packet, encode_payload};

use crate::heap::Heap;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Stands for the id of a session in requests that are written beforehand.
const PLACE: &[u8; 20] = b"--------------------";
/// What is sent behind a vector, and what is answered: by then the server has said all there is to say about it.
const LAST: &str = "40/last,";
const LAST_ANSWER: &[u8] = br#"44/last,{"message":"Invalid namespace"}"#;

/// A vector on one transport, with everything that will be sent.
#[derive(Debug)]
pub(crate) struct Attack {
    way: Way,
    joined: bool,
    end: End,
    packets: usize,
    attachments: bool,
    bytes: Vec<u8>,
}

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Request,
    Post,
    Stream,
}

/// What there is to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// What the server says.
    Answer,
    /// The end of the session.
    Close,
    /// Nothing: the vector is not whole.
    Nothing,
}

impl Attack {
    /// A vector, on each transport that it is for.
    pub(crate) fn each(vector: &Vector) -> Vec<Self> {
        let ways = match &vector.input {
            Input::Request { method, query, websocket, headers } => {
                let target = target(&query.replace(SID, str::from_utf8(PLACE).unwrap()));
                let request = if *websocket { WebSocket::request(target) } else { Request::get(target) };
                let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
                vec![(Way::Request, encode(request.method(method)))]
            }
            Input::Payload(body) => vec![(Way::Post, post(body))],
            Input::Frames(bytes) => vec![(Way::Stream, bytes.clone())],
            Input::Packets(packets) => vec![
                (Way::Post, post(&encode_payload(packets))),
                (Way::Stream, packets.iter().flat_map(encode_packet).collect()),
            ],
        };
        let joined = vector.before == Before::Joined;
        let end = match vector.verdict {
            Verdict::Close(_) => End::Close,
            Verdict::Waits => End::Nothing,
            _ => End::Answer,
        };
        let attack = |(way, bytes): (Way, Vec<u8>)| Self {
            way,
            joined,
            end,
            packets: count_packets(way, &bytes),
            attachments: way == Way::Post && bytes.windows(2).any(|two| two == b"\x1eb"),
            bytes,
        };
        ways.into_iter().map(attack).collect()
    }

    /// Whether there is a packet with attachments, which long-polling carries as base64.
    pub(crate) fn has_attachments(&self) -> bool {
        self.attachments
    }

    /// How many packets or requests are sent, whole or not.
    pub(crate) fn packets(&self) -> usize {
        self.packets
    }

    /// How many bytes are sent.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// A client of a server, with the requests that it makes of every session.
#[derive(Debug)]
pub(crate) struct Attacker {
    address: SocketAddr,
    /// Where answers are read to.
    scratch: Box<[u8]>,
    open: Vec<u8>,
    upgrade: Vec<u8>,
    get: Vec<u8>,
    connect: Vec<u8>,
    last: Vec<u8>,
    close: Vec<u8>,
    connect_frame: Vec<u8>,
    last_frame: Vec<u8>,
}

impl Attacker {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            scratch: vec![0; 256 * 1024].into(),
            open: encode(Request::get(target("EIO=4&transport=polling"))),
            upgrade: encode(WebSocket::request(target("EIO=4&transport=websocket"))),
            get: encode(Request::get(session_target())),
            connect: post(b"40"),
            last: post(LAST.as_bytes()),
            close: post(b"1"),
            connect_frame: encode_frame(true, Opcode::Text, b"40"),
            last_frame: encode_frame(true, Opcode::Text, LAST.as_bytes()),
        }
    }

    /// Sends a vector, waits for what comes of it, and tells what the server has asked for meanwhile.
    pub(crate) fn attack(&mut self, attack: &mut Attack) -> Heap {
        match attack.way {
            Way::Request => self.request(attack),
            Way::Post => self.post(attack),
            Way::Stream => self.stream(attack),
        }
    }

    /// Sends packets on a WebSocket, and gives how much more there is when they have been read and are held.
    pub(crate) fn fill_up(&mut self, packets: &[Packet]) -> usize {
        let bytes: Vec<u8> = packets.iter().flat_map(encode_packet).collect();
        let mut connection = self.join();
        let before = Heap::settled().live();
        connection.write_all(&bytes).unwrap();
        connection.write_all(&self.last_frame).unwrap();
        assert!(self.read_to(&mut connection, LAST_ANSWER), "the session is over");
        Heap::settled().live().saturating_sub(before)
    }

    fn request(&mut self, attack: &mut Attack) -> Heap {
        let session = self.open();
        fill(&mut attack.bytes, PLACE, &session);
        let before = Heap::now();
        let mut connection = self.connect();
        connection.write_all(&attack.bytes).unwrap();
        let opened = self.read_id(&mut connection);
        let asked = before.since();
        fill(&mut attack.bytes, &session, PLACE);
        self.leave(&session);
        if let Some(opened) = opened {
            self.leave(&opened);
        }
        asked
    }

    fn post(&mut self, attack: &mut Attack) -> Heap {
        let session = self.open();
        if attack.joined {
            self.exchange(&session, |attacker| &mut attacker.connect);
            self.exchange(&session, |attacker| &mut attacker.get);
        }
        fill(&mut attack.bytes, PLACE, &session);
        let before = Heap::now();
        let mut connection = self.connect();
        // A server that has seen enough does not read the rest.
        let _ = connection.write_all(&attack.bytes);
        self.read_to_end(&mut connection);
        let asked = before.since();
        if attack.end == End::Answer {
            self.hear_all(&session);
        }
        fill(&mut attack.bytes, &session, PLACE);
        self.leave(&session);
        asked
    }

    fn stream(&mut self, attack: &Attack) -> Heap {
        let mut connection = if attack.joined { self.join() } else { self.upgrade() };
        let before = Heap::now();
        let _ = connection.write_all(&attack.bytes);
        match attack.end {
            End::Answer => {
                connection.write_all(&self.last_frame).unwrap();
                assert!(self.read_to(&mut connection, LAST_ANSWER), "the session is over");
            }
            End::Close => self.read_to_end(&mut connection),
            End::Nothing => {}
        }
        before.since()
    }

    /// Opens a session on a WebSocket.
    fn upgrade(&mut self) -> TcpStream {
        let mut connection = self.connect();
        connection.write_all(&self.upgrade).unwrap();
        assert!(self.read_to(&mut connection, b"}"), "no session");
        connection
    }

    /// Opens a session on a WebSocket, and joins `/`.
    fn join(&mut self) -> TcpStream {
        let mut connection = self.upgrade();
        connection.write_all(&self.connect_frame).unwrap();
        assert!(self.read_to(&mut connection, b"}"), "no socket");
        connection
    }

    /// Opens a session on long-polling, and gives its id.
    fn open(&mut self) -> [u8; PLACE.len()] {
        let mut connection = self.connect();
        connection.write_all(&self.open).unwrap();
        self.read_id(&mut connection).expect("a session")
    }

    /// Ends a session, if there is still one: what it has to say is taken first.
    fn leave(&mut self, session: &[u8; PLACE.len()]) {
        self.exchange(session, |attacker| &mut attacker.close);
        // It has been told of its end, and is told of its absence.
        while !self.exchange(session, |attacker| &mut attacker.get).starts_with(b"HTTP/1.1 4") {}
    }

    /// Hears all that the server has to say to a session. If that is much, it does not read before it is heard.
    fn hear_all(&mut self, session: &[u8; PLACE.len()]) {
        let mut last = self.send(session, |attacker| &mut attacker.last);
        loop {
            let mut get = self.send(session, |attacker| &mut attacker.get);
            assert_eq!(status(&mut get), *b"HTTP/1.1 2", "the session is over");
            if self.read_to(&mut get, LAST_ANSWER) {
                break;
            }
        }
        self.read_to_end(&mut last);
    }

    /// Makes a request of a session, and gives the beginning of the response.
    fn exchange(&mut self, session: &[u8; PLACE.len()], request: impl Fn(&mut Self) -> &mut Vec<u8>) -> [u8; 10] {
        let mut connection = self.send(session, request);
        let status = status(&mut connection);
        self.read_to_end(&mut connection);
        status
    }

    fn send(&mut self, session: &[u8; PLACE.len()], request: impl Fn(&mut Self) -> &mut Vec<u8>) -> TcpStream {
        let mut connection = self.connect();
        fill(request(self), PLACE, session);
        connection.write_all(request(self)).unwrap();
        fill(request(self), session, PLACE);
        connection
    }

    fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.set_nodelay(true).unwrap();
        connection
    }

    /// Reads a response that may open a session, and gives the session's id.
    fn read_id(&mut self, connection: &mut TcpStream) -> Option<[u8; PLACE.len()]> {
        const BEFORE: &[u8] = br#"{"sid":""#;
        let mut length = 0;
        let switched =
            |read: &[u8]| read.starts_with(b"HTTP/1.1 101") && read.windows(4).any(|four| four == b"\r\n\r\n");
        while !switched(&self.scratch[..length]) {
            match connection.read(&mut self.scratch[length..]).unwrap() {
                0 => break,
                read => length += read,
            }
        }
        let read = &self.scratch[..length];
        if read.starts_with(b"HTTP/1.1 101") {
            return None;
        }
        let at = read.windows(BEFORE.len()).position(|window| window == BEFORE)? + BEFORE.len();
        read[at..].first_chunk().copied()
    }

    /// Reads until something has been said, and drops all of it. Whether it has been, before the end.
    fn read_to(&mut self, connection: &mut TcpStream, end: &[u8]) -> bool {
        let mut kept = 0;
        loop {
            let read = connection.read(&mut self.scratch[kept..]).unwrap();
            let length = kept + read;
            // A heartbeat may be behind it, and no more.
            let tail = length.saturating_sub(end.len() + 16);
            if self.scratch[tail..length].windows(end.len()).any(|window| window == end) {
                return true;
            }
            if read == 0 {
                return false;
            }
            // The end of what was read may be the beginning of what is looked for.
            kept = length.min(end.len());
            self.scratch.copy_within(length - kept..length, 0);
        }
    }

    fn read_to_end(&mut self, connection: &mut TcpStream) {
        loop {
            match connection.read(&mut self.scratch) {
                Ok(0) => return,
                Ok(_) => {}
                // It has not read all that was sent.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
                Err(error) => panic!("the end of the connection does not come: {error}"),
            }
        }
    }
}

fn count_packets(way: Way, mut bytes: &[u8]) -> usize {
    let mut packets = 1;
    if way != Way::Stream {
        return packets + bytes.iter().filter(|byte| **byte == 0x1e).count();
    }
    while let [_, length, rest @ ..] = bytes {
        let (head, length) = match length & 0x7f {
            126 => (2, rest.first_chunk().map_or(0, |length| u16::from_be_bytes(*length).into())),
            127 => (8, rest.first_chunk().map_or(0, |length| u64::from_be_bytes(*length))),
            length => (0, length.into()),
        };
        // A mask of four bytes.
        let frame = length.saturating_add(head + 4);
        bytes = usize::try_from(frame).ok().and_then(|frame| rest.get(frame..)).unwrap_or_default();
        packets += 1;
    }
    packets
}

/// The beginning of a response.
fn status(connection: &mut TcpStream) -> [u8; 10] {
    let mut status = [0; 10];
    connection.read_exact(&mut status).unwrap();
    status
}

fn target(query: &str) -> String {
    format!("/socket.io/?{query}")
}

fn session_target() -> String {
    target(&format!("EIO=4&transport=polling&sid={}", str::from_utf8(PLACE).unwrap()))
}

fn post(body: &[u8]) -> Vec<u8> {
    encode(Request::post(session_target(), body))
}

/// A request that is the only one of its connection, unless that becomes a WebSocket.
fn encode(request: Request) -> Vec<u8> {
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let request = if request.has("connection") { request } else { request.header("connection", "close") };
    request.encode(address)
}

/// Replaces an id in the first line of a request.
fn fill(request: &mut [u8], from: &[u8; PLACE.len()], to: &[u8; PLACE.len()]) {
    let line = request.iter().position(|byte| *byte == b'\r').unwrap();
    if let Some(at) = request[..line].windows(from.len()).position(|window| window == from) {
        request[at..at + to.len()].copy_from_slice(to);
    }
}
