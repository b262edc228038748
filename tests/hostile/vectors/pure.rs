//! The machines alone: no server, no socket, no clock.

use std::sync::Arc;
use std::time::Instant;

use pintle_engine::{Config, Intent, Message, Method, Packet as EnginePacket, Packets, Reject, Request, Session, Sid};
use pintle_engine::{PacketError, TransportKind};
use pintle_proto::{Args, Connection, DecodeError, Encoded, Incoming, Slot, Violation};
use pintle_tests::vectors::{Before, Catalogue, Close, Input, SID, Said, Verdict};
use pintle_tests::{Packet, encode_payload};

/// An id that a session or a socket may have.
const ID: &str = "AAAAAAAAAAAAAAAAAAAA";

#[test]
fn the_machines_judge_every_vector() {
    let mut wrong = Vec::new();
    for vector in Catalogue::get().vectors() {
        for found in judge(vector.before, &vector.input) {
            if !agrees(&found, &vector.verdict) {
                wrong.push(format!("{}: {found:?}\n    must be {:?}", vector.id, vector.verdict));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The beginnings of everything, cut between any two bytes. They may mean anything, as long as nothing panics.
#[test]
fn a43_the_beginning_of_a_packet_is_judged_as_well() {
    const LONGEST: usize = 64;
    for vector in Catalogue::get().vectors() {
        let bytes = match &vector.input {
            Input::Payload(bytes) => bytes.clone(),
            Input::Packets(packets) => encode_payload(packets),
            Input::Frames(_) | Input::Request { .. } => continue,
        };
        for length in 0..bytes.len().min(LONGEST) {
            let mut client = Client::new(vector.before);
            client.payload(&bytes[..length]);
            // As the rest of a packet that has only just begun.
            let mut client = Client::new(vector.before);
            client.payload(&[b"42[\"", &bytes[..length]].concat());
        }
    }
}

/// What comes of an input: as packets of either transport, or as a request. Frames are no affair of the pure crates.
fn judge(before: Before, input: &Input) -> Vec<Verdict> {
    match input {
        Input::Request { method, query, websocket, .. } => vec![judge_request(method, query, *websocket)],
        Input::Payload(bytes) if bytes.len() > Config::default().max_payload() => {
            vec![Verdict::Refuse { status: 413, body: String::new() }]
        }
        Input::Payload(bytes) => vec![Client::new(before).judge(|client| client.payload(bytes))],
        Input::Packets(packets) => vec![
            Client::new(before).judge(|client| client.payload(&encode_payload(packets))),
            Client::new(before).judge(|client| client.messages(packets)),
        ],
        Input::Frames(_) => Vec::new(),
    }
}

fn agrees(found: &Verdict, expected: &Verdict) -> bool {
    match (found, expected) {
        // A machine does not know whether more is to come.
        (Verdict::Says(said), Verdict::Waits) => said.is_empty(),
        _ => found == expected,
    }
}

fn judge_request(method: &str, query: &str, websocket: bool) -> Verdict {
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        _ => Method::Other,
    };
    let query = query.replace(SID, ID);
    let session = |sid: &Sid| (sid.as_str() == ID).then_some(TransportKind::Polling);
    let refuse = |reject: Reject| Verdict::Refuse {
        status: reject.status(),
        body: if websocket { reject.to_string() } else { reject.body(None) },
    };
    match (Request { method, query: &query, websocket }).judge(&Config::default(), session) {
        Ok(Intent::Open { version: Ok(()), .. }) => Verdict::Opens,
        Ok(Intent::Open { version: Err(reject), .. }) | Err(reject) => refuse(reject),
        Ok(intent) => panic!("no vector is a proper request of a session: {intent:?}"),
    }
}

/// A client's session and connection, and the mirror on top of them.
struct Client {
    now: Instant,
    session: Session,
    /// The names of what it joined.
    connection: Connection<String>,
    said: Vec<Said>,
    close: Option<&'static str>,
}

impl Client {
    fn new(before: Before) -> Self {
        let now = Instant::now();
        let session = Session::new(Arc::new(Config::default()), TransportKind::WebSocket, now);
        let connection = Connection::new(Arc::default(), now);
        let mut client = Self { now, session, connection, said: Vec::new(), close: None };
        if before == Before::Joined {
            client.payload(b"40");
            client.said.clear();
        }
        client
    }

    fn judge(mut self, send: impl FnOnce(&mut Self)) -> Verdict {
        send(&mut self);
        match self.close {
            Some(reason) => Verdict::Close(Close::Reason(reason.to_owned())),
            None => Verdict::Says(self.said),
        }
    }

    fn payload(&mut self, body: &[u8]) {
        Packets::new(body).for_each(|packet| self.packet(packet));
    }

    fn messages(&mut self, packets: &[Packet]) {
        for packet in packets {
            match packet {
                Packet::Text(text) => self.packet(EnginePacket::parse(text)),
                Packet::Binary(data) => self.packet(Ok(EnginePacket::binary(data))),
            }
        }
    }

    fn packet(&mut self, packet: Result<EnginePacket<'_>, PacketError>) {
        if self.close.is_some() {
            return;
        }
        if let Some(message) = self.session.handle_packet(self.now, packet)
            && let Err(violation) = self.message(&message)
        {
            self.close = Some(match violation {
                Violation::Decode(_) => "forced close",
                Violation::Protocol(_) => "forced server close",
            });
        }
        if let Some(reason) = self.session.close_reason() {
            self.close = Some(reason.as_str());
        }
    }

    fn message(&mut self, message: &Message<'_>) -> Result<(), Violation> {
        let incoming = match message {
            Message::Text(text) => self.connection.handle_text(self.now, text)?,
            Message::Binary(data) => self.connection.handle_binary(self.now, data)?,
        };
        match incoming {
            Some(Incoming::Connect { slot, namespace, .. }) => self.connect(slot, namespace),
            Some(Incoming::Event { slot, id, name, args }) => self.event(slot, id, &name, valid(args)?),
            Some(Incoming::Ack { args, .. }) => drop(valid(args)?),
            Some(Incoming::Disconnect { slot }) => drop(self.connection.leave(slot)),
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, slot: Slot, namespace: &str) {
        if ["/", "/admin"].contains(&namespace) {
            self.connection.begin(slot, namespace.to_owned());
            self.connection.accept(slot);
            self.say(&Encoded::connect(namespace, ID, None));
        } else {
            self.connection.leave(slot);
            self.say(&Encoded::connect_error::<()>(namespace, "Invalid namespace", None).expect("a text is JSON"));
        }
    }

    fn event(&mut self, slot: Slot, id: Option<u64>, name: &str, args: Args) {
        let namespace = self.connection.get(slot).expect("events are of namespaces that are joined").clone();
        self.say(&Encoded::event(&namespace, None, "heard", &(name, &args)).expect("what was JSON is JSON"));
        if let Some(id) = id {
            self.say(&Encoded::ack(&namespace, id, &args).expect("what was JSON is JSON"));
        }
    }

    fn say(&mut self, packet: &Encoded) {
        self.said.extend(packet.frames().iter().map(|frame| match str::from_utf8(frame.body()) {
            Ok(text) if !frame.is_binary() => Said::text(text),
            _ => Said::binary(frame.body()),
        }));
    }
}

fn valid(args: Args) -> Result<Args, Violation> {
    args.validated().map_err(|_| DecodeError::InvalidPayload.into())
}
