//! A connection whose both sides do as they like, at random, beside a model so plain that it is right.
//!
//! The model keeps a list of joins, and says at each move what must come of it: who is heard, who is passed over, what breaks
//! the protocol, what is given back, and until when what is waited for.

use proptest::prelude::*;

use super::*;

/// The namespaces that the client knows. One more than it may have.
const NAMES: [&str; 4] = ["/", "/a", "/b", "/c"];
const MAX_NAMESPACES: usize = 3;
const CONNECT_TIMEOUT: u64 = 450;
const ATTACHMENT_TIMEOUT: u64 = 100;

#[derive(Clone, Debug)]
enum Move {
    Wait(u64),
    /// The client's packets, to a namespace.
    Connect(usize),
    Disconnect(usize),
    Event {
        namespace: usize,
        attachments: usize,
    },
    Ack {
        namespace: usize,
        attachments: usize,
    },
    Attachment,
    /// What the server does to one of the joins, past ones included.
    Accept(prop::sample::Index),
    Leave(prop::sample::Index),
    Dismiss(prop::sample::Index),
}

fn moves() -> impl Strategy<Value = Move> {
    let namespace = || 0..NAMES.len();
    let join = any::<prop::sample::Index>;
    prop_oneof![
        2 => (0..150_u64).prop_map(Move::Wait),
        6 => namespace().prop_map(Move::Connect),
        2 => namespace().prop_map(Move::Disconnect),
        6 => (namespace(), 0..3_usize).prop_map(|(namespace, attachments)| Move::Event { namespace, attachments }),
        2 => (namespace(), 0..2_usize).prop_map(|(namespace, attachments)| Move::Ack { namespace, attachments }),
        6 => Just(Move::Attachment),
        8 => join().prop_map(Move::Accept),
        3 => join().prop_map(Move::Leave),
        3 => join().prop_map(Move::Dismiss),
    ]
}

/// A time that a client joined a namespace, or asked to.
struct Join {
    slot: Slot,
    namespace: usize,
    stage: Option<Stage>,
    /// What is kept for it: its number.
    kept: Option<usize>,
}

/// A packet that lacks attachments.
struct Lacking {
    join: usize,
    attachments: usize,
    until: u64,
    is_event: bool,
}

struct World {
    connection: Connection<usize>,
    start: Instant,
    now: u64,
    joins: Vec<Join>,
    lacking: Option<Lacking>,
    /// Until when the client must have joined something.
    lonely_until: Option<u64>,
}

impl World {
    fn new() -> Self {
        let mut config = Config::default();
        config
            .set_max_namespaces(MAX_NAMESPACES)
            .set_connect_timeout(Duration::from_millis(CONNECT_TIMEOUT))
            .set_attachment_timeout(Duration::from_millis(ATTACHMENT_TIMEOUT));
        let start = start();
        Self {
            connection: Connection::new(Arc::new(config), start),
            start,
            now: 0,
            joins: Vec::new(),
            lacking: None,
            lonely_until: Some(CONNECT_TIMEOUT),
        }
    }

    fn at(&self, time: u64) -> Instant {
        self.start + Duration::from_millis(time)
    }

    /// Whether a client that keeps to the protocol, and is in no hurry, would make this move. If not, it is the last.
    fn is_proper(&self, step: &Move) -> bool {
        let stage = |namespace: usize| self.found(namespace).and_then(|join| self.joins[join].stage);
        match step {
            Move::Wait(time) => {
                let lacking = self.lacking.as_ref().map(|lacking| lacking.until);
                lacking.into_iter().chain(self.lonely_until).all(|until| self.now + time < until)
            }
            Move::Connect(namespace) => {
                let counts = |join: &&Join| !matches!(join.stage, None | Some(Stage::Dismissed));
                let free = self.joins.iter().filter(counts).count() < MAX_NAMESPACES;
                self.lacking.is_none() && free && matches!(stage(*namespace), None | Some(Stage::Dismissed))
            }
            Move::Disconnect(namespace) | Move::Event { namespace, .. } | Move::Ack { namespace, .. } => {
                self.lacking.is_none() && matches!(stage(*namespace), Some(Stage::Joined | Stage::Dismissed))
            }
            Move::Attachment => self.lacking.is_some(),
            Move::Accept(_) | Move::Leave(_) | Move::Dismiss(_) => true,
        }
    }

    /// Makes a move. False if the client has broken the protocol: that is the end.
    fn make(&mut self, step: &Move) -> bool {
        let goes_on = match step {
            Move::Wait(time) => self.wait(*time),
            Move::Connect(namespace) => self.connect(*namespace),
            Move::Disconnect(namespace) => self.disconnect(*namespace),
            Move::Event { namespace, attachments } => self.packet(*namespace, *attachments, true),
            Move::Ack { namespace, attachments } => self.packet(*namespace, *attachments, false),
            Move::Attachment => self.attachment(),
            Move::Accept(_) | Move::Leave(_) | Move::Dismiss(_) if self.joins.is_empty() => true,
            Move::Accept(join) => self.accept(join.index(self.joins.len())),
            Move::Leave(join) => self.leave(join.index(self.joins.len())),
            Move::Dismiss(join) => self.dismiss(join.index(self.joins.len())),
        };
        self.check();
        goes_on
    }

    fn wait(&mut self, time: u64) -> bool {
        self.now += time;
        let told = self.connection.handle_timeout(self.at(self.now));
        let over = |until: Option<u64>| until.is_some_and(|until| until <= self.now);
        let expected = if over(self.lacking.as_ref().map(|lacking| lacking.until)) {
            Err(DecodeError::AttachmentTimeout.into())
        } else if over(self.lonely_until) {
            Err(ProtocolError::ConnectTimeout.into())
        } else {
            Ok(())
        };
        assert_eq!(told, expected);
        told.is_ok()
    }

    /// What comes of a packet, if nothing lacks attachments.
    fn text<'a>(&mut self, packet: &'a str) -> Result<Option<Incoming<'a>>, Violation> {
        let now = self.at(self.now);
        let lacking = self.lacking.is_some();
        let heard = self.connection.handle_text(now, packet);
        assert_eq!(matches!(heard, Err(Violation::Decode(DecodeError::UnexpectedText))), lacking);
        heard
    }

    fn found(&self, namespace: usize) -> Option<usize> {
        let is_there = |join: &Join| join.namespace == namespace && !matches!(join.stage, None | Some(Stage::Left));
        self.joins.iter().position(is_there)
    }

    fn connect(&mut self, namespace: usize) -> bool {
        let found = self.found(namespace);
        let stage = found.and_then(|join| self.joins[join].stage);
        let lacking = self.lacking.is_some();
        let packet = format!("0{},", NAMES[namespace]);
        let heard = self.text(&packet);
        if lacking {
            return false;
        }
        if matches!(stage, Some(Stage::Joining | Stage::Joined)) {
            assert!(matches!(heard, Err(Violation::Protocol(ProtocolError::DuplicateConnect))));
            return false;
        }
        if let Some(join) = found {
            self.gone(join);
        }
        let places = |world: &Self| world.joins.iter().filter(|join| join.stage.is_some()).count();
        if places(self) == MAX_NAMESPACES {
            // Of those that only the client does not know to be over, one makes room.
            let dismissed = |join: &Join| join.stage == Some(Stage::Dismissed);
            if !self.joins.iter().any(dismissed) {
                assert!(matches!(heard, Err(Violation::Protocol(ProtocolError::TooManyNamespaces))));
                return false;
            }
            let forgotten = self.joins.iter().position(|join| dismissed(join) && self.is_forgotten(join)).unwrap();
            self.joins[forgotten].stage = None;
        }
        let Ok(Some(Incoming::Connect { slot, namespace: name, auth: None })) = heard else {
            panic!("{heard:?}");
        };
        assert_eq!(name, NAMES[namespace]);
        assert!(self.joins.iter().all(|join| join.slot != slot), "a slot is of one join");
        let number = self.joins.len();
        self.connection.begin(slot, number);
        self.joins.push(Join { slot, namespace, stage: Some(Stage::Joining), kept: Some(number) });
        true
    }

    /// Whether the connection has another join in the place of this one.
    fn is_forgotten(&self, join: &Join) -> bool {
        self.connection.place(join.slot).is_none()
    }

    fn disconnect(&mut self, namespace: usize) -> bool {
        let lacking = self.lacking.is_some();
        let found = self.found(namespace);
        let packet = format!("1{},", NAMES[namespace]);
        let heard = self.text(&packet);
        match found.map(|join| (join, self.joins[join].stage)) {
            _ if lacking => return false,
            Some((join, Some(Stage::Joined))) => {
                assert!(matches!(heard, Ok(Some(Incoming::Disconnect { slot })) if slot == self.joins[join].slot));
                self.joins[join].stage = Some(Stage::Left);
                // The caller takes note at once, as it is meant to.
                return self.leave(join);
            }
            Some((join, Some(Stage::Dismissed))) => {
                assert!(matches!(heard, Ok(None)));
                self.gone(join);
            }
            _ => {
                assert!(matches!(heard, Err(Violation::Protocol(ProtocolError::NotJoined))));
                return false;
            }
        }
        true
    }

    fn packet(&mut self, namespace: usize, attachments: usize, is_event: bool) -> bool {
        let lacking = self.lacking.is_some();
        let name = NAMES[namespace];
        let packet = match (is_event, attachments) {
            (true, 0) => format!(r#"2{name},7["x"]"#),
            (true, _) => format!(r#"5{attachments}-{name},7["x"]"#),
            (false, 0) => format!("3{name},7[]"),
            (false, _) => format!("6{attachments}-{name},7[]"),
        };
        let heard = self.text(&packet);
        if lacking {
            return false;
        }
        let found = self.found(namespace).map(|join| (join, self.joins[join].stage));
        let Some((join, stage @ Some(Stage::Joined | Stage::Dismissed))) = found else {
            assert!(matches!(heard, Err(Violation::Protocol(ProtocolError::NotJoined))));
            return false;
        };
        if attachments > 0 {
            assert!(matches!(heard, Ok(None)));
            self.lacking = Some(Lacking { join, attachments, until: self.now + ATTACHMENT_TIMEOUT, is_event });
        } else {
            self.delivered(&heard, (stage == Some(Stage::Joined)).then_some(join), is_event);
        }
        true
    }

    fn attachment(&mut self) -> bool {
        let heard = self.connection.handle_binary(self.at(self.now), b"x");
        let Some(lacking) = &mut self.lacking else {
            assert!(matches!(heard, Err(Violation::Decode(DecodeError::UnexpectedBinary))));
            return false;
        };
        lacking.attachments -= 1;
        if lacking.attachments > 0 {
            assert!(matches!(heard, Ok(None)));
            lacking.until = self.now + ATTACHMENT_TIMEOUT;
        } else if let Some(Lacking { join, is_event, .. }) = self.lacking.take() {
            self.delivered(&heard, (self.joins[join].stage == Some(Stage::Joined)).then_some(join), is_event);
        }
        true
    }

    fn delivered(&self, heard: &Result<Option<Incoming<'_>>, Violation>, to: Option<usize>, is_event: bool) {
        let slot = match heard {
            Ok(Some(Incoming::Event { slot, id: Some(7), .. })) if is_event => Some(*slot),
            Ok(Some(Incoming::Ack { slot, id: 7, .. })) if !is_event => Some(*slot),
            Ok(None) => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(slot, to.map(|join| self.joins[join].slot), "who has joined is heard, and nobody else");
    }

    fn accept(&mut self, join: usize) -> bool {
        let Join { slot, stage, .. } = &mut self.joins[join];
        let accepted = matches!(stage, Some(Stage::Joining | Stage::Joined));
        assert_eq!(self.connection.accept(*slot), accepted);
        if accepted {
            *stage = Some(Stage::Joined);
            self.lonely_until = None;
        }
        true
    }

    fn leave(&mut self, join: usize) -> bool {
        let left = self.connection.leave(self.joins[join].slot);
        assert_eq!(left, self.joins[join].kept, "what is kept comes back, once");
        self.gone(join);
        true
    }

    fn dismiss(&mut self, join: usize) -> bool {
        let dismissed = self.connection.dismiss(self.joins[join].slot);
        assert_eq!(dismissed, self.joins[join].kept.take(), "what is kept comes back, once");
        if self.joins[join].stage.is_some() {
            self.joins[join].stage = Some(Stage::Dismissed);
            self.lonely();
        }
        true
    }

    /// A join is over, and its place is free.
    fn gone(&mut self, join: usize) {
        self.joins[join].kept = None;
        if self.joins[join].stage.take().is_some() {
            self.lacking.take_if(|lacking| lacking.join == join);
            self.lonely();
        }
    }

    /// Who has nothing joined any more has a while to join something.
    fn lonely(&mut self) {
        let joined = self.joins.iter().any(|join| join.stage == Some(Stage::Joined));
        if !joined && self.lonely_until.is_none() {
            // It is counted from the next time that the connection is told the time, which is now.
            self.lonely_until = Some(self.now + CONNECT_TIMEOUT);
            assert_eq!(self.connection.handle_timeout(self.at(self.now)), Ok(()));
        }
    }

    fn check(&self) {
        let lacking = self.lacking.as_ref().map(|lacking| lacking.until);
        let until = lacking.into_iter().chain(self.lonely_until).min().map(|until| self.at(until));
        assert_eq!(self.connection.poll_timeout(), until, "what is waited for");
        for join in &self.joins {
            assert_eq!(self.connection.is_joined(join.slot), join.stage == Some(Stage::Joined));
            assert_eq!(self.connection.get(join.slot), join.kept.as_ref());
        }
        let mut kept: Vec<_> = self.connection.slots().map(|(_, number)| *number).collect();
        kept.sort_unstable();
        assert_eq!(kept, self.joins.iter().filter_map(|join| join.kept).collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn who_has_joined_is_heard_and_what_is_kept_comes_back_once(
        steps in prop::collection::vec((moves(), prop::bool::weighted(0.03)), 1..60),
    ) {
        let mut world = World::new();
        // A violation is final, so they are few.
        for (step, rude) in &steps {
            if (*rude || world.is_proper(step)) && !world.make(step) {
                break;
            }
        }
        let mut kept: Vec<_> = world.connection.drain().collect();
        kept.sort_unstable();
        prop_assert_eq!(kept, world.joins.iter().filter_map(|join| join.kept).collect::<Vec<_>>());
    }
}
