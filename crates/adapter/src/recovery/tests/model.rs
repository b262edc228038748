//! Clients that come and go, at random, and a model so simple that it is right.

use proptest::prelude::*;

use super::*;
use crate::{MemberId, Rooms};

const CLIENTS: usize = 3;
/// The rooms that clients join and leave. Each is in a subset of them, and in that of its own id.
const NAMES: [&str; 3] = ["a", "b", "c"];
const MAX_PACKETS: usize = 6;
const MAX_BYTES: usize = 60;
const MAX_SESSIONS: usize = 2;
const MAX_AGE: u64 = 100;

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Purge,
    Record {
        to: Vec<u8>,
        except: Vec<u8>,
        size: usize,
    },
    /// A client joins a room, or leaves one.
    Move {
        client: usize,
        room: usize,
        join: bool,
    },
    /// The connection is lost, and with it the last so many packets.
    Leave {
        client: usize,
        lost: usize,
    },
    /// A client comes back; or comes, if it was not there before.
    Return {
        client: usize,
    },
    /// Somebody says something strange.
    Forge {
        client: usize,
        offset: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    // Names by number: the rooms, then the ids of the clients.
    let names = || prop::collection::vec(0..6_u8, 0..3);
    let record = |size: std::ops::Range<usize>| {
        (names(), names(), size).prop_map(|(to, except, size)| Step::Record { to, except, size })
    };
    prop_oneof![
        3 => (0..60_u64).prop_map(Step::Wait),
        1 => Just(Step::Purge),
        12 => record(0..20),
        1 => record(50..70),
        4 => (0..CLIENTS, 0..NAMES.len(), any::<bool>()).prop_map(|(client, room, join)| Step::Move { client, room, join }),
        4 => (0..CLIENTS, 0..4_usize).prop_map(|(client, lost)| Step::Leave { client, lost }),
        8 => (0..CLIENTS).prop_map(|client| Step::Return { client }),
        1 => (0..CLIENTS, 0..50_u64).prop_map(|(client, offset)| Step::Forge { client, offset }),
    ]
}

/// A packet as the model knows it.
#[derive(Clone)]
struct Sent {
    offset: Offset,
    at: u64,
    size: usize,
    /// The rooms by number, as in [`Step::Record`].
    to: Vec<u8>,
    except: Vec<u8>,
    /// The clients that it is for, according to [`Rooms`].
    receivers: Vec<usize>,
}

/// A client that knows what it should have had.
#[derive(Default)]
struct Client {
    member: Option<MemberId>,
    pid: Option<Pid>,
    /// It keeps this when it gets a new session, like official clients.
    offset: Option<Offset>,
    /// What it received in this session.
    received: Vec<Offset>,
    joined: Option<Offset>,
    delivered: Option<Offset>,
    /// Where the log was when it joined each of the rooms that it is in.
    since: [Option<Offset>; NAMES.len()],
    /// It has left a room in this session: what was sent to that one before counts as not for it.
    moved_out: bool,
    /// When it left, and where the log was.
    left: Option<(u64, Offset)>,
}

impl Client {
    fn new(names: &[u8]) -> Self {
        let mut client = Self::default();
        for &name in names {
            client.since[usize::from(name)] = Some(Offset::START);
        }
        client
    }

    /// Whether it was in a room, of those by number, when a packet was sent.
    fn was_in(&self, number: usize, room: u8, at: Offset) -> bool {
        match self.since.get(usize::from(room)) {
            Some(since) => since.is_some_and(|since| since < at),
            None => usize::from(room) - NAMES.len() == number,
        }
    }
}

struct World {
    start: Instant,
    now: u64,
    /// Every client stays a member, so that the receivers of a packet are those that should have it, there or not.
    rooms: Rooms<usize>,
    members: Vec<MemberId>,
    recovery: Recovery<Offset, usize>,
    clients: Vec<Client>,
    sent: Vec<Sent>,
    /// How many of those sent are not kept any more.
    dropped: usize,
    /// The clients whose sessions are kept, in the order in which they left.
    kept: Vec<usize>,
    pids: u8,
}

impl World {
    fn new(origin: u64, joined: &[Vec<u8>]) -> Self {
        let mut config = RecoveryConfig::default();
        config
            .set_max_packets(MAX_PACKETS)
            .set_max_bytes(MAX_BYTES)
            .set_max_sessions(MAX_SESSIONS)
            .set_max_disconnection(Duration::from_millis(MAX_AGE));
        let mut rooms = Rooms::new();
        let members: Vec<_> = (0..CLIENTS).map(|client| rooms.insert(socket_id(client as u8), client)).collect();
        for (&member, names) in members.iter().zip(joined) {
            for &name in names {
                rooms.join(member, NAMES[usize::from(name)]).unwrap();
            }
        }
        Self {
            start: start(),
            now: 0,
            rooms,
            members,
            recovery: Recovery::with_origin(config, origin),
            clients: joined.iter().map(|names| Client::new(names)).collect(),
            sent: Vec::new(),
            dropped: 0,
            kept: Vec::new(),
            pids: 0,
        }
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_millis(self.now)
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Wait(time) => self.now += time,
            Step::Purge => self.purge(),
            Step::Record { to, except, size } => self.record(to, except, *size),
            Step::Move { client, room, join } => self.move_to(*client, *room, *join),
            Step::Leave { client, lost } => self.leave(*client, *lost),
            Step::Return { client } => self.come(*client),
            Step::Forge { client, offset } => self.forge(*client, *offset),
        }
        self.check();
    }

    fn purge(&mut self) {
        let now = self.instant();
        let due = self.recovery.next_expiry().is_some_and(|expiry| expiry <= now);
        let (packets, sessions) = (self.recovery.packets(), self.recovery.sessions());
        let gone = self.recovery.purge(now);
        self.expire();
        let expired = |client: &usize| self.clients[*client].left.unwrap().0 + MAX_AGE <= self.now;
        let (over, kept): (Vec<_>, Vec<_>) = self.kept.iter().copied().partition(expired);
        assert_eq!(gone.iter().map(|session| session.state).collect::<Vec<_>>(), over);
        self.kept = kept;
        assert_eq!(due, (packets, sessions) != (self.recovery.packets(), self.recovery.sessions()));
    }

    fn record(&mut self, to: &[u8], except: &[u8], size: usize) {
        let name = |&n: &u8| match NAMES.get(usize::from(n)) {
            Some(&name) => Arc::from(name),
            None => Arc::from(socket_id(n - NAMES.len() as u8).as_str()),
        };
        let select = Select { rooms: to.iter().map(name).collect(), except: except.iter().map(name).collect() };
        let receivers: Vec<usize> = self.rooms.select(&select).iter().copied().collect();
        let (offset, _) = self.recovery.record(self.instant(), &select, |offset| (offset, size));
        for &client in &receivers {
            let client = &mut self.clients[client];
            if client.member.is_some() {
                client.received.push(offset);
                client.delivered = Some(offset);
            }
        }
        self.expire();
        self.sent.push(Sent { offset, at: self.now, size, to: to.to_vec(), except: except.to_vec(), receivers });
        let retained = |world: &Self| world.sent[world.dropped..].iter().map(|sent| sent.size).sum::<usize>();
        if size > MAX_BYTES {
            self.dropped = self.sent.len();
        }
        while self.sent.len() - self.dropped > MAX_PACKETS || retained(self) > MAX_BYTES {
            self.dropped += 1;
        }
    }

    /// Only who is there joins and leaves rooms.
    fn move_to(&mut self, number: usize, room: usize, join: bool) {
        let client = &mut self.clients[number];
        let Some(member) = client.member else {
            return;
        };
        if join {
            if self.rooms.join(member, NAMES[room]).unwrap() {
                client.since[room] = Some(self.recovery.latest());
            }
        } else if self.rooms.leave(member, NAMES[room]) {
            client.since[room] = None;
            client.moved_out = true;
        }
    }

    fn leave(&mut self, number: usize, lost: usize) {
        let client = &mut self.clients[number];
        let Some(member) = client.member.take() else {
            return;
        };
        let (joined, left) = (client.joined.unwrap(), self.recovery.latest());
        let since = |room: &str| NAMES.iter().position(|name| *name == room).and_then(|room| client.since[room]);
        let rooms = self.rooms.rooms_of(member).into_iter();
        let session = Departed {
            id: socket_id(number as u8),
            rooms: rooms.map(|room| (room.clone(), since(&room).unwrap_or(joined))).collect(),
            joined,
            delivered: client.delivered.unwrap_or(Offset::START),
            left,
            state: number,
        };
        client.left = Some((self.now, left));
        client.received.truncate(client.received.len().saturating_sub(lost));
        client.offset = client.received.last().copied().or(client.offset.filter(|&offset| offset <= session.joined));
        let pid = client.pid.unwrap();
        let gone = self.recovery.persist(self.instant(), pid, session);
        self.kept.push(number);
        let oldest = (self.kept.len() > MAX_SESSIONS).then(|| self.kept.remove(0));
        assert_eq!(gone.map(|session| session.state), oldest);
    }

    fn come(&mut self, number: usize) {
        if self.clients[number].member.is_some() {
            return;
        }
        let expected = self.expected(number);
        let now = self.instant();
        let client = &mut self.clients[number];
        let offset = client.offset.map(|offset| offset.to_string());
        let claim = client.pid.map(|pid| self.recovery.claim(now, &pid, offset.as_deref()));
        self.expire();
        self.kept.retain(|&kept| kept != number);
        let client = &mut self.clients[number];
        client.member = Some(self.members[number]);
        let Some(Ok(claim)) = claim else {
            assert!(!expected, "it could have been recovered");
            self.pids += 1;
            client.pid = Some(pid(self.pids));
            client.received.clear();
            client.joined = Some(self.recovery.latest());
            client.delivered = None;
            // The rooms are those of its last session, but it joins them only now.
            client.since = client.since.map(|since| since.and(client.joined));
            client.moved_out = false;
            return;
        };
        assert!(expected, "it could not have been recovered");
        assert_eq!(claim.session.state, number);
        let before = client.received.len();
        client.received.extend(claim.missed.iter().map(|missed| missed.packet));
        client.delivered = Some(claim.session.delivered).filter(|&delivered| delivered != Offset::START);

        // Nothing from before it joined the room that it was sent to.
        let client = &self.clients[number];
        let was_in = |rooms: &[u8], at| rooms.iter().any(|&room| client.was_in(number, room, at));
        for sent in self.sent.iter().filter(|sent| client.received[before..].contains(&sent.offset)) {
            assert!(sent.to.is_empty() || was_in(&sent.to, sent.offset));
            assert!(!was_in(&sent.except, sent.offset));
        }
        if client.moved_out {
            return;
        }
        // Nothing lost, nothing doubled, nothing out of order, and nothing that was for somebody else.
        let joined = client.joined.unwrap();
        let should_have: Vec<_> = self
            .sent
            .iter()
            .filter(|sent| sent.offset > joined && sent.receivers.contains(&number))
            .map(|sent| sent.offset)
            .collect();
        assert_eq!(client.received, should_have);
    }

    /// Whether a client that comes back now with its own offset finds all it missed.
    fn expected(&mut self, number: usize) -> bool {
        self.expire();
        let client = &self.clients[number];
        let Some((at, left)) = client.left.filter(|_| self.kept.contains(&number)) else {
            return false;
        };
        let all_kept = |after: Offset| self.sent[..self.dropped].iter().all(|sent| sent.offset <= after);
        let joined = client.joined.unwrap();
        let received = client.offset.unwrap_or(joined).max(joined);
        let unheard = client.delivered.is_some_and(|delivered| delivered > received);
        self.now < at + MAX_AGE && (all_kept(received) || !unheard && all_kept(left))
    }

    /// A client claims with an offset that may not be its own. It learns of nothing but what was for it.
    fn forge(&mut self, number: usize, offset: u64) {
        let Some(pid) = self.clients[number].pid.filter(|_| self.clients[number].member.is_none()) else {
            return;
        };
        let offset = Offset::origin(offset);
        let known = self.sent.iter().any(|sent| sent.offset == offset);
        if let Ok(claim) = self.recovery.claim(self.instant(), &pid, Some(&offset.to_string())) {
            assert!(known);
            let sent = |at: &Offset| self.sent.iter().find(|sent| sent.offset == *at).unwrap();
            for Missed { packet: at, .. } in &claim.missed {
                assert!(*at > claim.session.joined);
                assert!(self.clients[number].moved_out || sent(at).receivers.contains(&number));
            }
        }
        assert!(matches!(self.recovery.claim(self.instant(), &pid, None), Err(None)));
        self.expire();
        self.kept.retain(|&kept| kept != number);
    }

    fn expire(&mut self) {
        while self.sent.get(self.dropped).is_some_and(|sent| sent.at + MAX_AGE <= self.now) {
            self.dropped += 1;
        }
    }

    fn check(&self) {
        // What time has ended is dropped at the next occasion.
        assert!(self.recovery.packets() >= self.sent.len() - self.dropped);
        assert!(self.recovery.packets() <= MAX_PACKETS && self.recovery.bytes() <= MAX_BYTES);
        assert_eq!(self.recovery.sessions(), self.kept.len());
        assert!(self.recovery.sessions() <= MAX_SESSIONS);
        let oldest = self.sent.len() - self.recovery.packets();
        assert_eq!(self.recovery.bytes(), self.sent[oldest..].iter().map(|sent| sent.size).sum::<usize>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn nothing_is_lost_doubled_or_told_to_others(
        origin in 0..20_u64,
        joined in prop::collection::vec(prop::collection::vec(0..3_u8, 0..3), CLIENTS),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new(origin, &joined);
        for step in &steps {
            world.step(step);
        }
    }
}
