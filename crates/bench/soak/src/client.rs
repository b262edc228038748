//! A Socket.IO client over the connections of a crowd: on a WebSocket, on long-polling, or on the way between them.

use std::{io, mem};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bench_load::{Crowd, Farewell, Message, Response};

const SEPARATOR: char = '\u{1e}';
/// A close frame with 1000, masked with zeros.
const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];

/// What a client has heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The server has taken it into its namespace.
    Connected,
    /// The text of a Socket.IO packet.
    Text(String),
    /// An attachment.
    Binary(Vec<u8>),
    /// It has left long-polling for a WebSocket.
    Upgraded,
    /// The server has said that it closes the connection.
    Farewell,
}

/// An Engine.IO message.
#[derive(Debug)]
enum Packet {
    Text(String),
    Binary(Vec<u8>),
    /// No message, but what a ping over long-polling is answered with.
    Pong,
}

/// One client. Its connections are those of the crowd that it was begun with.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// As packets have it: empty, or with a comma behind it.
    namespace: String,
    sid: String,
    /// The connections; polling has two, so that a GET can wait while a POST goes on.
    get: Option<usize>,
    post: Option<usize>,
    websocket: Option<usize>,
    /// A GET is out.
    polls: bool,
    /// A POST is out.
    posts: bool,
    /// The probe was answered: nothing is posted any more, and what is out is waited for.
    probed: bool,
    upgraded: bool,
    connected: bool,
    /// What is to be posted, or to be sent when the upgrade is complete.
    waiting: Vec<Packet>,
}

impl Client {
    /// Connects over a WebSocket. `window` narrows what the kernel keeps for it.
    pub(crate) fn on_websocket(crowd: &mut Crowd, namespace: &str, window: Option<usize>) -> io::Result<Self> {
        let websocket = match window {
            Some(window) => crowd.dial_narrow(window)?,
            None => crowd.dial()?,
        };
        crowd.send_if_open(websocket, bench_load::upgrade(None).as_bytes());
        let websocket = Some(websocket);
        Ok(Self { namespace: namespace.to_owned(), websocket, upgraded: true, ..Self::default() })
    }

    /// Connects over long-polling.
    pub(crate) fn on_polling(crowd: &mut Crowd, namespace: &str) -> io::Result<Self> {
        let (get, post) = (crowd.dial()?, crowd.dial()?);
        crowd.send_if_open(get, bench_load::get(None).as_bytes());
        let (namespace, get, post) = (namespace.to_owned(), Some(get), Some(post));
        Ok(Self { namespace, get, post, polls: true, ..Self::default() })
    }

    /// The numbers of its connections.
    pub(crate) fn connections(&self) -> impl Iterator<Item = usize> + use<> {
        [self.get, self.post, self.websocket].into_iter().flatten()
    }

    pub(crate) const fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether it could be told to upgrade.
    pub(crate) const fn is_polling(&self) -> bool {
        self.connected && !self.upgraded && self.websocket.is_none()
    }

    /// Asks for a WebSocket beside the long-polling, and moves there.
    pub(crate) fn upgrade(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let websocket = crowd.dial()?;
        crowd.send_if_open(websocket, bench_load::upgrade(Some(&self.sid)).as_bytes());
        self.websocket = Some(websocket);
        Ok(())
    }

    /// Sends an event, `array` being its name and arguments. `ack` is the id of the acknowledgement, or empty.
    pub(crate) fn emit(&mut self, crowd: &mut Crowd, ack: &str, array: &str) {
        let packet = format!("2{}{ack}{array}", self.namespace);
        self.send(crowd, Packet::Text(packet));
    }

    /// The same with one attachment, whose placeholder is in `array`.
    pub(crate) fn emit_binary(&mut self, crowd: &mut Crowd, ack: &str, array: &str, attachment: Vec<u8>) {
        let packet = format!("51-{}{ack}{array}", self.namespace);
        self.send(crowd, Packet::Text(packet));
        self.send(crowd, Packet::Binary(attachment));
    }

    /// Says goodbye, and leaves.
    pub(crate) fn leave(&mut self, crowd: &mut Crowd) {
        let goodbye = format!("1{}", self.namespace);
        self.send(crowd, Packet::Text(goodbye));
        if self.upgraded
            && let Some(websocket) = self.websocket
        {
            crowd.send_if_open(websocket, &CLOSE);
        }
        self.hang_up(crowd, Farewell::Fin);
    }

    /// Ends all its connections.
    pub(crate) fn hang_up(&mut self, crowd: &mut Crowd, farewell: Farewell) {
        for id in [self.get.take(), self.post.take(), self.websocket.take()].into_iter().flatten() {
            crowd.hang_up(id, farewell);
        }
    }

    /// Connection `id` has ended. Says whether it was of no more use.
    pub(crate) fn lost(&mut self, id: usize) -> bool {
        let polling = [&mut self.get, &mut self.post].into_iter().find(|polling| **polling == Some(id));
        if let Some(polling) = polling {
            *polling = None;
            return self.upgraded;
        }
        self.websocket = None;
        false
    }

    /// Takes what connection `id` has read, does what the protocol wants, and adds what it means to `heard`.
    pub(crate) fn hear(
        &mut self,
        crowd: &mut Crowd,
        id: usize,
        message: Message<'_>,
        heard: &mut Vec<Heard>,
    ) -> io::Result<()> {
        match message {
            Message::Response(response) if Some(id) == self.websocket => {
                if response.status != 101 {
                    return Err(response.unexpected());
                }
                if !self.upgraded {
                    crowd.send_if_open(id, &bench_load::text("2probe"));
                }
            }
            Message::Response(response) if Some(id) == self.post => {
                if response.status != 200 {
                    return Err(response.unexpected());
                }
                self.posts = false;
                self.proceed(crowd, heard);
            }
            Message::Response(response) => {
                self.polls = false;
                self.polled(&response, heard)?;
                self.proceed(crowd, heard);
            }
            Message::Text(b"3probe") if !self.upgraded => {
                self.probed = true;
                self.proceed(crowd, heard);
            }
            Message::Text(text) => {
                let text = str::from_utf8(text).map_err(|_| invalid("a text frame that is no text"))?;
                self.packet(text, heard)?;
                self.flush(crowd);
            }
            Message::Binary(data) => heard.push(Heard::Binary(data.into())),
            Message::Close(_) => heard.push(Heard::Farewell),
        }
        Ok(())
    }

    /// Takes what a GET brought.
    fn polled(&mut self, response: &Response<'_>, heard: &mut Vec<Heard>) -> io::Result<()> {
        if response.status != 200 {
            return Err(response.unexpected());
        }
        let payload = str::from_utf8(&response.body).map_err(|_| invalid("a payload that is no text"))?;
        for packet in payload.split(SEPARATOR) {
            match packet.strip_prefix('b') {
                Some(base64) => {
                    let data = STANDARD.decode(base64).map_err(|_| invalid("an attachment that is no Base64"))?;
                    heard.push(Heard::Binary(data));
                }
                None => self.packet(packet, heard)?,
            }
        }
        Ok(())
    }

    fn packet(&mut self, packet: &str, heard: &mut Vec<Heard>) -> io::Result<()> {
        match (packet.as_bytes().first(), packet.get(1..)) {
            (Some(b'0'), _) => {
                let sid = packet.split_once(r#""sid":""#).and_then(|(_, rest)| rest.split('"').next());
                self.sid = sid.ok_or_else(|| invalid("an open packet without an id"))?.to_owned();
                let connect = format!("0{}", self.namespace);
                self.waiting.insert(0, Packet::Text(connect));
            }
            (Some(b'4'), Some(text)) if text.starts_with('0') && !self.connected => {
                self.connected = true;
                heard.push(Heard::Connected);
            }
            (Some(b'4'), Some(text)) => heard.push(Heard::Text(text.to_owned())),
            // On a WebSocket the crowd answers.
            (Some(b'2'), Some("")) => self.waiting.push(Packet::Pong),
            (Some(b'1'), Some("")) => heard.push(Heard::Farewell),
            (Some(b'6'), Some("")) => {}
            _ => return Err(invalid(&format!("the packet {packet:?}"))),
        }
        Ok(())
    }

    /// Polls on and posts what waits, or, if the probe was answered and nothing is out, moves to the WebSocket.
    fn proceed(&mut self, crowd: &mut Crowd, heard: &mut Vec<Heard>) {
        if self.upgraded {
            return;
        }
        if !self.probed {
            if let Some(get) = self.get.filter(|_| !self.polls) {
                self.polls = true;
                crowd.send_if_open(get, bench_load::get(Some(&self.sid)).as_bytes());
            }
            self.flush(crowd);
        } else if !self.polls && !self.posts {
            if let Some(websocket) = self.websocket {
                crowd.send_if_open(websocket, &bench_load::text("5"));
            }
            self.upgraded = true;
            heard.push(Heard::Upgraded);
            for id in [self.get.take(), self.post.take()].into_iter().flatten() {
                crowd.hang_up(id, Farewell::Fin);
            }
            self.flush(crowd);
        }
    }

    fn send(&mut self, crowd: &mut Crowd, packet: Packet) {
        self.waiting.push(packet);
        self.flush(crowd);
    }

    /// Sends what waits, if it can be sent now.
    fn flush(&mut self, crowd: &mut Crowd) {
        if self.waiting.is_empty() || self.sid.is_empty() {
            return;
        }
        if self.upgraded {
            let Some(websocket) = self.websocket else { return };
            for packet in self.waiting.drain(..) {
                let frame = match packet {
                    Packet::Text(text) => bench_load::text(&format!("4{text}")),
                    Packet::Binary(data) => bench_load::binary(&data),
                    Packet::Pong => bench_load::text("3"),
                };
                crowd.send_if_open(websocket, &frame);
            }
        } else if let Some(post) = self.post.filter(|_| !self.posts && !self.probed) {
            self.posts = true;
            let packets = mem::take(&mut self.waiting);
            let packets: Vec<String> = packets.into_iter().map(|packet| packet.in_payload()).collect();
            crowd.send_if_open(post, bench_load::post(&self.sid, &packets.join("\u{1e}")).as_bytes());
        }
    }
}

impl Packet {
    fn in_payload(&self) -> String {
        match self {
            Self::Text(text) => format!("4{text}"),
            Self::Binary(data) => format!("b{}", STANDARD.encode(data)),
            Self::Pong => "3".to_owned(),
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the host sent {what}"))
}
