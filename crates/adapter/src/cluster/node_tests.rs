//! Several nodes and a broker, on virtual time. Every dialect does the same.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use pintle_proto::{Encoded, Value};

use super::dialect::{Classic, Dialect, Postgres, Sharded, Streams, SubscriptionMode, Topic, Transmit};
use super::*;
use crate::select::Select;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Makes a dialect.
type Make = fn() -> Box<dyn Dialect>;

/// All dialects, by their names.
fn dialects() -> Vec<(&'static str, Make)> {
    vec![
        ("classic", || Box::new(Classic::default())),
        ("classic, answers for the asker", || Box::new(Classic { specific_responses: true, ..Classic::default() })),
        ("sharded", || Box::new(Sharded::default())),
        ("sharded, static", || Box::new(Sharded { mode: SubscriptionMode::Static, ..Sharded::default() })),
        ("sharded, private", || Box::new(Sharded { mode: SubscriptionMode::DynamicPrivate, ..Sharded::default() })),
        ("streams", || Box::new(Streams::default())),
        ("postgres", || Box::new(Postgres::default())),
        ("postgres, all put aside", || Box::new(Postgres { threshold: 0, ..Postgres::default() })),
    ]
}

/// Nodes with sockets, and a broker between them.
struct World {
    now: Instant,
    nodes: Vec<Member>,
    /// Nodes that hear nothing.
    deaf: BTreeSet<usize>,
    /// The broker does not answer.
    broken: bool,
}

struct Member {
    node: Node,
    topics: Vec<Topic>,
    /// The sockets, with their rooms.
    sockets: BTreeMap<String, BTreeSet<String>>,
    /// What its sockets were sent, and with what they answer.
    delivered: Vec<(String, String)>,
    /// What its server was told.
    told: Vec<String>,
    disconnected: Vec<String>,
    finished: HashMap<RequestId, Outcome>,
    /// Whether its server answers.
    answers: bool,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "an instant to start from")]
    fn new(count: usize, dialect: Make) -> Self {
        let now = Instant::now();
        let mut world = Self { now, nodes: Vec::new(), deaf: BTreeSet::new(), broken: false };
        (0..count).for_each(|_| world.add(dialect));
        world
    }

    fn add(&mut self, dialect: Make) {
        let at = self.nodes.len();
        let mut member = Member {
            node: Node::new("/", format!("node{at:02}"), dialect(), self.now),
            topics: Vec::new(),
            sockets: BTreeMap::new(),
            delivered: Vec::new(),
            told: Vec::new(),
            disconnected: Vec::new(),
            finished: HashMap::new(),
            answers: true,
        };
        for nth in 0..=at {
            let id = format!("{:-<20}", format!("socket-{at}-{nth}"));
            member.node.open_room(&id, true);
            member.sockets.insert(id.clone(), BTreeSet::from([id]));
        }
        self.nodes.push(member);
        self.run();
        self.nodes[at].node.handle_listening(self.now);
        self.run();
    }

    /// Carries messages until nobody has anything to say.
    fn run(&mut self) {
        loop {
            let mut idle = true;
            for at in 0..self.nodes.len() {
                while let Some(transmit) = self.nodes[at].node.poll_transmit() {
                    idle = false;
                    self.carry(at, transmit);
                }
                while let Some(task) = self.nodes[at].node.poll_task() {
                    idle = false;
                    self.nodes[at].serve(task);
                }
            }
            if idle {
                return;
            }
        }
    }

    fn carry(&mut self, from: usize, transmit: Transmit) {
        match transmit {
            Transmit::Subscribe(topic) => self.nodes[from].topics.push(topic),
            Transmit::Unsubscribe(topic) => {
                let topics = &mut self.nodes[from].topics;
                let at = topics.iter().position(|known| *known == topic).expect("what was listened to");
                topics.remove(at);
            }
            Transmit::Publish { channel, payload } | Transmit::Attach { channel, payload, .. } => {
                for (at, member) in self.nodes.iter_mut().enumerate() {
                    if !self.broken && !self.deaf.contains(&at) && member.listens(&channel) {
                        member.node.handle_message(self.now, &channel, &payload).expect("a message");
                    }
                }
            }
            Transmit::Append { fields, .. } => {
                for (at, member) in self.nodes.iter_mut().enumerate() {
                    let fields = fields.iter().map(|(name, value)| (*name, &**value));
                    let heard = Streams::read_entry(member.node.me(), fields).expect("an entry");
                    if let Some(heard) = heard.filter(|_| !self.broken && !self.deaf.contains(&at)) {
                        member.node.handle_heard(self.now, heard);
                    }
                }
            }
            Transmit::Save { .. } | Transmit::Claim { .. } => unreachable!("a node keeps no sessions"),
            Transmit::Count { channel, request } => {
                let count =
                    self.nodes.iter().filter(|node| node.topics.contains(&Topic::Channel(channel.clone()))).count();
                let count = (!self.broken).then_some(count);
                self.nodes[from].node.handle_count(self.now, &request, count);
            }
        }
    }

    /// Lets time pass, and those who wait for it know.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.nodes.iter().filter_map(|member| member.node.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                break;
            };
            self.now = self.now.max(next);
            for at in 0..self.nodes.len() {
                self.nodes[at].node.handle_timeout(self.now);
            }
            self.run();
        }
        self.now = end;
    }

    fn outcome(&mut self, at: usize, request: RequestId) -> Option<Outcome> {
        self.nodes[at].finished.remove(&request)
    }

    /// What the sockets of all nodes were sent.
    fn delivered(&mut self) -> Vec<(String, String)> {
        let mut delivered: Vec<_> = self.nodes.iter_mut().flat_map(|member| member.delivered.drain(..)).collect();
        delivered.sort();
        delivered
    }
}

impl Member {
    fn listens(&self, channel: &str) -> bool {
        self.topics.iter().any(|topic| match topic {
            Topic::Channel(name) => name == channel,
            Topic::Pattern(pattern) => channel.starts_with(pattern.strip_suffix('*').expect("a pattern of ours")),
            Topic::Stream(_) => false,
        })
    }

    fn meant(&self, to: &Targets) -> Vec<String> {
        let within = |rooms: &[std::sync::Arc<str>], socket: &BTreeSet<String>| {
            rooms.iter().any(|room| socket.contains(&**room))
        };
        let meant = |socket: &BTreeSet<String>| {
            (to.select.rooms.is_empty() || within(&to.select.rooms, socket)) && !within(&to.select.except, socket)
        };
        self.sockets.iter().filter(|(_, rooms)| meant(rooms)).map(|(id, _)| id.clone()).collect()
    }

    fn join(&mut self, id: &str, room: &str) {
        let is_new = self.sockets.values().all(|rooms| !rooms.contains(room));
        if is_new {
            self.node.open_room(room, false);
        }
        self.sockets.get_mut(id).expect("a socket").insert(room.to_owned());
    }

    fn serve(&mut self, task: Task) {
        match task {
            Task::Broadcast { event, to } => {
                let delivered = self.meant(&to).into_iter().map(|id| (id, shown(&event)));
                self.delivered.extend(delivered);
            }
            Task::Ask { event, to, asker } => {
                let sockets = self.meant(&to);
                self.node.answer(&asker, Said::ClientCount(sockets.len() as u64));
                for id in sockets {
                    self.delivered.push((id.clone(), shown(&event)));
                    self.node.answer(&asker, Said::Ack(Some(Value::String(id))));
                }
            }
            Task::Join { to, rooms } => {
                for id in self.meant(&to) {
                    rooms.iter().for_each(|room| self.join(&id, room));
                }
            }
            Task::Leave { to, rooms } => {
                for id in self.meant(&to) {
                    let socket = self.sockets.get_mut(&id).expect("a socket");
                    socket.retain(|room| !rooms.iter().any(|left| **left == *room));
                }
            }
            Task::Disconnect { to, .. } => self.disconnected.extend(self.meant(&to)),
            Task::Fetch { to, asker } => {
                let socket = |id: String| RemoteSocket {
                    rooms: self.sockets[&id].iter().map(|room| room.as_str().into()).collect(),
                    id,
                    handshake: Value::Null,
                    data: Value::Bool(true),
                };
                let sockets = self.meant(&to).into_iter().map(socket).collect();
                self.node.answer(&asker, Said::Sockets(sockets));
            }
            Task::Rooms { asker } => {
                let rooms = self.sockets.values().flatten().map(|room| room.as_str().into()).collect();
                self.node.answer(&asker, Said::Rooms(rooms));
            }
            Task::SideEmit { event, asker } => {
                self.told.push(shown(&event));
                if let Some(asker) = asker.filter(|_| self.answers) {
                    let answer = Value::String(self.node.me().uid.to_owned());
                    self.node.answer(&asker, Said::SideEmit(Some(answer)));
                }
            }
            Task::Finished { request, outcome } => drop(self.finished.insert(request, outcome)),
        }
    }
}

fn event(name: &str, data: impl serde::Serialize) -> Event {
    let (name, args) = Encoded::event("/", None, name, &data).unwrap().event_args().unwrap();
    Event { name, args }
}

fn shown(event: &Event) -> String {
    format!("{}{}", event.name, serde_json::to_string(&event.args.values().unwrap()).unwrap())
}

fn all() -> Targets {
    Targets::default()
}

fn room(name: &str) -> Targets {
    Targets { select: Select::all().to(name), ..Targets::default() }
}

fn ids(outcome: &Outcome) -> BTreeSet<String> {
    let Answers::Sockets(sockets) = &outcome.answers else {
        panic!("sockets, not {outcome:?}");
    };
    sockets.iter().map(|socket| socket.id.clone()).collect()
}

#[test]
fn what_a_node_tells_reaches_all_others() {
    for (name, dialect) in dialects() {
        let mut world = World::new(3, dialect);
        let now = world.now;
        let id = world.nodes[2].sockets.keys().next().unwrap().clone();
        world.nodes[0].node.tell(now, Message::Join { to: room(&id), rooms: vec!["r".into()] });
        world.run();
        for (to, expected) in [(all(), 5), (room("r"), 1), (room(&id), 1), (room("nobody"), 0)] {
            let message = Message::Broadcast { event: event("e", (1, "ä")), to: to.clone(), request: None };
            world.nodes[0].node.tell(now, message);
            world.run();
            let delivered = world.delivered();
            assert_eq!(delivered.len(), expected, "{name}, {to:?}: {delivered:?}");
            assert!(
                delivered.iter().all(|(id, event)| !id.starts_with("socket-0") && event == r#"e[1,"ä"]"#),
                "{name}"
            );
        }
        world.nodes[0].node.tell(now, Message::Leave { to: all(), rooms: vec!["r".into()] });
        world.nodes[1].node.tell(now, Message::Disconnect { to: room(&id), close: true });
        world.nodes[1].node.tell(now, Message::SideEmit { event: event("s", ()), request: None });
        world.run();
        assert!(world.nodes[2].sockets[&id].iter().all(|room| room != "r"), "{name}");
        assert_eq!(world.nodes[2].disconnected, [id], "{name}");
        assert_eq!(world.nodes.iter().map(|node| node.told.len()).collect::<Vec<_>>(), [1, 0, 1], "{name}");
    }
}

#[test]
fn bytes_arrive_as_bytes() {
    for (name, dialect) in dialects() {
        let mut world = World::new(2, dialect);
        let now = world.now;
        let message =
            Message::Broadcast { event: event("e", bytes::Bytes::from_static(&[1])), to: all(), request: None };
        world.nodes[0].node.tell(now, message);
        let Some(transmit) = world.nodes[0].node.poll_transmit() else {
            panic!("{name}: a message");
        };
        world.carry(0, transmit);
        let Some(Task::Broadcast { event, .. }) = world.nodes[1].node.poll_task() else {
            panic!("{name}: a broadcast");
        };
        assert_eq!(event.args.deserialize::<bytes::Bytes>().unwrap(), [1][..], "{name}");
    }
}

#[test]
fn requests_end_with_the_answers_of_all() {
    for (name, dialect) in dialects() {
        let mut world = World::new(3, dialect);
        let now = world.now;
        let fetch = world.nodes[1].node.fetch(now, all(), TIMEOUT);
        let emit = world.nodes[1].node.side_emit(now, event("s", 1), TIMEOUT);
        let ask = world.nodes[1].node.broadcast_with_ack(now, event("a", ()), all(), TIMEOUT);
        world.run();
        let fetched = world.outcome(1, fetch).unwrap_or_else(|| panic!("{name}: sockets"));
        assert_eq!(fetched.missing, Missing::Nobody, "{name}");
        let others = world.nodes[0].sockets.keys().chain(world.nodes[2].sockets.keys()).cloned().collect();
        assert_eq!(ids(&fetched), others, "{name}");
        let emitted = world.outcome(1, emit).unwrap_or_else(|| panic!("{name}: servers"));
        assert!(matches!(&emitted.answers, Answers::Servers(answers) if answers.len() == 2), "{name}: {emitted:?}");
        let asked = world.outcome(1, ask).unwrap_or_else(|| panic!("{name}: clients"));
        assert_eq!(asked.missing, Missing::Nobody, "{name}");
        assert!(
            matches!(&asked.answers, Answers::Clients { asked: 4, answers } if answers.len() == 4),
            "{name}: {asked:?}"
        );
        assert_eq!(world.delivered().len(), 4, "{name}");
    }
}

#[test]
fn an_only_node_is_answered_at_once() {
    for (name, dialect) in dialects() {
        let mut world = World::new(1, dialect);
        let now = world.now;
        let fetch = world.nodes[0].node.fetch(now, all(), TIMEOUT);
        let rooms = world.nodes[0].node.rooms(now, TIMEOUT);
        let ask = world.nodes[0].node.broadcast_with_ack(now, event("a", ()), all(), TIMEOUT);
        world.run();
        for request in [fetch, rooms, ask] {
            assert!(world.outcome(0, request).is_some(), "{name}");
        }
    }
}

#[test]
fn rooms_are_asked_for_in_the_classic_dialect_alone() {
    for (name, dialect) in dialects() {
        let mut world = World::new(2, dialect);
        let now = world.now;
        let request = world.nodes[0].node.rooms(now, TIMEOUT);
        world.run();
        let outcome = world.outcome(0, request).unwrap_or_else(|| panic!("{name}: an end"));
        let Answers::Rooms(rooms) = outcome.answers else {
            panic!("{name}: rooms");
        };
        assert_eq!(rooms.len(), if name.starts_with("classic") { 2 } else { 0 }, "{name}");
    }
}

#[test]
fn who_does_not_answer_is_missing_when_time_is_up() {
    for (name, dialect) in dialects() {
        let mut world = World::new(3, dialect);
        world.nodes[2].answers = false;
        world.deaf.insert(1);
        let now = world.now;
        let fetch = world.nodes[0].node.fetch(now, all(), TIMEOUT);
        let emit = world.nodes[0].node.side_emit(now, event("s", ()), TIMEOUT);
        world.run();
        assert_eq!((world.outcome(0, fetch), world.outcome(0, emit)), (None, None), "{name}");
        world.pass(TIMEOUT);
        let fetched = world.outcome(0, fetch).unwrap_or_else(|| panic!("{name}: an end"));
        assert_eq!(fetched.missing, Missing::Nodes(1), "{name}");
        assert_eq!(ids(&fetched), world.nodes[2].sockets.keys().cloned().collect(), "{name}: the partial answer");
        assert_eq!(world.outcome(0, emit).unwrap().missing, Missing::Nodes(2), "{name}");
        assert_eq!(world.nodes[0].node.requests_waiting(), 0, "{name}");
    }
}

#[test]
fn without_the_broker_a_request_ends_with_what_is_known() {
    for (name, dialect) in dialects() {
        let mut world = World::new(2, dialect);
        world.broken = true;
        let now = world.now;
        let fetch = world.nodes[0].node.fetch(now, all(), TIMEOUT);
        world.run();
        world.pass(TIMEOUT);
        let missing = world.outcome(0, fetch).unwrap_or_else(|| panic!("{name}: an end")).missing;
        let expected = if name.starts_with("postgres") { Missing::Nodes(1) } else { Missing::Unknown };
        assert_eq!(missing, expected, "{name}");
    }
}

#[test]
fn nodes_with_heartbeats_know_who_is_there() {
    let dialect: Make = || Box::new(Postgres::default());
    let mut world = World::new(3, dialect);
    let expected = |world: &mut World, at: usize| {
        let now = world.now;
        let request = world.nodes[at].node.side_emit(now, event("s", ()), TIMEOUT);
        world.run();
        match world.outcome(at, request).expect("an end").answers {
            Answers::Servers(answers) => answers.len(),
            other => panic!("servers, not {other:?}"),
        }
    };
    world.pass(Duration::from_secs(60));
    assert_eq!(expected(&mut world, 0), 2, "they go on telling each other");

    // One goes with a word.
    let now = world.now;
    world.nodes[2].node.leave(now);
    world.run();
    assert_eq!(expected(&mut world, 0), 1);

    // One goes without, while it is waited for.
    world.deaf.insert(1);
    let now = world.now;
    let request = world.nodes[0].node.fetch(now, all(), Duration::from_secs(60));
    world.nodes[1].node = Node::new("/", "node01", dialect(), world.now + Duration::from_secs(3600));
    world.pass(Duration::from_secs(11));
    let outcome = world.outcome(0, request).expect("it is not waited for any longer");
    assert_eq!(outcome.missing, Missing::Nobody);
}

#[test]
fn a_room_is_listened_to_for_as_long_as_somebody_is_in_it() {
    let mut world = World::new(2, || Box::new(Sharded::default()));
    let before = world.nodes[1].topics.len();
    let id = world.nodes[1].sockets.keys().next().unwrap().clone();
    world.nodes[1].join(&id, "r");
    world.run();
    assert_eq!(world.nodes[1].topics.len(), before + 1);
    world.nodes[1].node.close_room("r", false);
    world.run();
    assert_eq!(world.nodes[1].topics.len(), before);
}

#[test]
fn answers_that_nobody_asked_for_and_those_that_come_twice_count_for_nothing() {
    for (name, dialect) in dialects() {
        let mut world = World::new(3, dialect);
        let now = world.now;
        let request = world.nodes[0].node.fetch(now, all(), TIMEOUT);
        let mut questions = VecDeque::new();
        while let Some(transmit) = world.nodes[0].node.poll_transmit() {
            questions.push_back(transmit.clone());
            world.carry(0, transmit);
        }
        let Some(Task::Fetch { asker, .. }) = world.nodes[1].node.poll_task() else {
            panic!("{name}: a question");
        };
        let stranger = Asker { request: "nobody's".to_owned(), ..asker.clone() };
        for asker in [&asker, &asker, &stranger] {
            world.nodes[1].node.answer(asker, Said::Sockets(Vec::new()));
        }
        while let Some(transmit) = world.nodes[1].node.poll_transmit() {
            world.carry(1, transmit);
        }
        while let Some(task) = world.nodes[0].node.poll_task() {
            world.nodes[0].serve(task);
        }
        // The classic dialect does not say who answers.
        let fooled = name.starts_with("classic");
        assert_eq!(world.outcome(0, request).is_some(), fooled, "{name}");
    }
}
