//! The pure state machines of a session, on virtual time: what they cost without a runtime and without IO.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use pintle_engine::{Frame, Message, Outbox, Packet, Session, Transmit, TransportKind};
use pintle_proto::{Connection, Encoded, Incoming};

use crate::meter::{cpu_of, resident};
use crate::report::{Row, Rows};

/// Packets to measure, at least.
const PACKETS: usize = 400_000;
const EVENT: &str = r#"42["message","0123456789abcdef"]"#;

pub(crate) fn measure(sessions: usize) -> Vec<Row> {
    let mut rows = Rows::new("machines", sessions);
    rows.value("size of the values of a session", "bytes", size_of::<Machines>() as f64);

    let mut driver = Driver::new();
    // So that what the allocator begins with is not put down to the sessions.
    drop(driver.open());
    let before = resident();
    let mut all = Vec::with_capacity(sessions);
    let opening = cpu_of(|| all.extend((0..sessions).map(|_| driver.open())));
    rows.memory("resident for each session", before, resident());
    rows.cpu("opening and joining, for each session", opening, sessions);

    let rounds = PACKETS.div_ceil(sessions);
    let echo = |driver: &mut Driver, all: &mut [Machines]| all.iter_mut().for_each(|session| driver.echo(session));
    echo(&mut driver, &mut all);
    let packets = cpu_of(|| (0..rounds).for_each(|_| echo(&mut driver, &mut all)));
    rows.cpu("an event in and its answer out, all sessions in turn", packets, rounds * sessions);

    let beats = cpu_of(|| {
        for _ in 0..rounds {
            driver.now += driver.engine.ping_interval();
            all.iter_mut().for_each(|session| driver.beat(session));
        }
    });
    rows.cpu("a round of timeouts with ping and pong, for each session", beats, rounds * sessions);
    rows.finish()
}

/// What a session consists of.
struct Machines {
    session: Session,
    connection: Connection<()>,
    outbox: Outbox,
}

/// What the transport does for all of them.
struct Driver {
    engine: Arc<pintle_engine::Config>,
    proto: Arc<pintle_proto::Config>,
    now: Instant,
    /// What goes out. Nobody gets it.
    frames: VecDeque<Frame>,
}

impl Driver {
    fn new() -> Self {
        Self { engine: Arc::default(), proto: Arc::default(), now: Instant::now(), frames: VecDeque::new() }
    }

    /// A session on a WebSocket, in `/`.
    fn open(&mut self) -> Machines {
        let session = Session::new(self.engine.clone(), TransportKind::WebSocket, self.now);
        let connection = Connection::new(self.proto.clone(), self.now);
        let mut machines = Machines { session, connection, outbox: Outbox::default() };
        let Some(Incoming::Connect { slot, .. }) = self.hear(&mut machines, "40") else {
            unreachable!("the packet is a CONNECT");
        };
        machines.connection.begin(slot, ());
        assert!(machines.connection.accept(slot), "the namespace is pending");
        self.send(&mut machines, &Encoded::connect("/", "0123456789abcdefghij", None));
        machines
    }

    /// An event comes, and goes back under another name.
    fn echo(&mut self, machines: &mut Machines) {
        let Some(Incoming::Event { args, .. }) = self.hear(machines, black_box(EVENT)) else {
            unreachable!("the packet is an event");
        };
        let answer = Encoded::event("/", None, "message-back", &args).expect("it came as JSON");
        self.send(machines, &answer);
    }

    /// The time for a ping has come, and the pong comes.
    fn beat(&mut self, machines: &mut Machines) {
        assert!(machines.session.poll_timeout().is_some_and(|at| at <= self.now), "a ping is due");
        machines.session.handle_timeout(self.now);
        self.transmit(machines);
        assert!(machines.session.handle_packet(self.now, Packet::parse(black_box("3"))).is_none(), "it is a pong");
    }

    fn hear<'a>(&self, machines: &mut Machines, packet: &'a str) -> Option<Incoming<'a>> {
        match machines.session.handle_packet(self.now, Packet::parse(packet)) {
            Some(Message::Text(text)) => machines.connection.handle_text(self.now, text).expect("the client is honest"),
            _ => None,
        }
    }

    fn send(&mut self, machines: &mut Machines, packet: &Encoded) {
        machines.outbox.push(&self.engine, packet, true).expect("there is room");
        self.transmit(machines);
    }

    fn transmit(&mut self, machines: &mut Machines) {
        let transmit = machines.session.poll_transmit(&mut machines.outbox, &mut self.frames);
        assert_eq!(transmit, Transmit::Send, "there is something to send");
        black_box(&mut self.frames).clear();
    }
}
