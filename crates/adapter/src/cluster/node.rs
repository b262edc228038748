//! One node's part in a namespace of the cluster.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dialect::{Dialect, EMITTER, Heard, Presence, Speaker, Topic, Transmit};
use super::family::Content;
use super::malformed::Malformed;
use super::message::{Event, Message, Reply, Said, Targets};
use super::peers::Peers;
use super::requests::{Outcome, RequestId, Requests};

/// One node's part in a namespace of the cluster: what it tells the others, what they ask of it, and what it asks of them.
///
/// Bytes and the time come in; what the driver is to do comes out of [`poll_transmit`](Self::poll_transmit), what the server
/// is to do out of [`poll_task`](Self::poll_task).
pub struct Node {
    nsp: Arc<str>,
    uid: Box<str>,
    dialect: Box<dyn Dialect>,
    requests: Requests,
    /// How many requests there have been.
    asked: u64,
    /// Where nodes tell each other that they are there.
    peers: Option<Peers>,
    transmits: VecDeque<Transmit>,
    tasks: VecDeque<Task>,
}

/// What the server is to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// Send an event to sockets of this node.
    Broadcast {
        /// The event.
        event: Event,
        /// To which.
        to: Targets,
    },
    /// Send an event to sockets of this node, [answer](Node::answer) at once with how many they are, and then with what each
    /// of them answers.
    Ask {
        /// The event.
        event: Event,
        /// Which.
        to: Targets,
        /// Who wants to know.
        asker: Asker,
    },
    /// Have sockets of this node join rooms.
    Join {
        /// Which sockets.
        to: Targets,
        /// Which rooms.
        rooms: Vec<Arc<str>>,
    },
    /// Have sockets of this node leave rooms.
    Leave {
        /// Which sockets.
        to: Targets,
        /// Which rooms.
        rooms: Vec<Arc<str>>,
    },
    /// Disconnect sockets of this node.
    Disconnect {
        /// Which.
        to: Targets,
        /// With their connections.
        close: bool,
    },
    /// Answer with the sockets of this node.
    Fetch {
        /// Which.
        to: Targets,
        /// Who wants to know.
        asker: Asker,
    },
    /// Answer with the rooms of this node.
    Rooms {
        /// Who wants to know.
        asker: Asker,
    },
    /// Tell this server's own listeners.
    SideEmit {
        /// The event.
        event: Event,
        /// Who wants an answer, if somebody does.
        asker: Option<Asker>,
    },
    /// A request of this node has ended.
    Finished {
        /// Which.
        request: RequestId,
        /// With what.
        outcome: Outcome,
    },
}

/// Who waits for an answer of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    pub(super) uid: Option<String>,
    pub(super) request: String,
}

impl Node {
    /// A node that is about to listen. Once it does, that is to be [said](Self::handle_listening).
    pub fn new(nsp: impl Into<Arc<str>>, uid: impl Into<Box<str>>, dialect: Box<dyn Dialect>, now: Instant) -> Self {
        let (nsp, uid) = (nsp.into(), uid.into());
        let me = Speaker { nsp: &nsp, uid: &uid };
        let peers = match dialect.presence(me) {
            Presence::Counted(_) => None,
            Presence::Heartbeats { interval, timeout } => Some(Peers::new(interval, timeout, now)),
        };
        let transmits = dialect.topics(me).into_iter().map(Transmit::Subscribe).collect();
        Self { nsp, uid, dialect, requests: Requests::default(), asked: 0, peers, transmits, tasks: VecDeque::new() }
    }

    /// The node listens, for the first time or again after the broker was away: whoever is there is asked to say so.
    pub fn handle_listening(&mut self, now: Instant) {
        if self.peers.is_some() {
            self.tell(now, Message::InitialHeartbeat);
        }
    }

    /// Something came on a topic.
    ///
    /// # Errors
    ///
    /// When it was no message. It is to be counted, and has no other effect.
    pub fn handle_message(&mut self, now: Instant, topic: &str, bytes: &[u8]) -> Result<(), Malformed> {
        if let Some(heard) = self.dialect.read(self.me(), topic, bytes)? {
            self.handle_heard(now, heard);
        }
        Ok(())
    }

    /// Something was said, however it came.
    pub fn handle_heard(&mut self, now: Instant, Heard { uid, content }: Heard) {
        if let (Some(peers), Some(uid)) =
            (&mut self.peers, uid.as_deref().filter(|uid| !uid.is_empty() && *uid != EMITTER))
        {
            peers.heard_of(uid, now);
        }
        match content {
            Content::Message(message) => self.handle_content(now, uid, message),
            Content::Reply(reply) => {
                if let Some(request) = reply.of_ours(&self.uid) {
                    self.requests.answer(request, uid.as_deref(), reply.said);
                    self.finish(now);
                }
            }
        }
    }

    fn handle_content(&mut self, now: Instant, uid: Option<String>, message: Message) {
        let asker = |request| Asker { uid: uid.clone(), request };
        self.tasks.push_back(match message {
            Message::Broadcast { event, to, request: None } => Task::Broadcast { event, to },
            Message::Broadcast { event, to, request: Some(request) } => Task::Ask { event, to, asker: asker(request) },
            Message::Join { to, rooms } => Task::Join { to, rooms },
            Message::Leave { to, rooms } => Task::Leave { to, rooms },
            Message::Disconnect { to, close } => Task::Disconnect { to, close },
            Message::Fetch { to, request } => Task::Fetch { to, asker: asker(request) },
            Message::Rooms { request } => Task::Rooms { asker: asker(request) },
            Message::SideEmit { event, request } => Task::SideEmit { event, asker: request.map(asker) },
            Message::InitialHeartbeat if self.peers.is_some() => return self.tell(now, Message::Heartbeat),
            Message::InitialHeartbeat | Message::Heartbeat => return,
            Message::Close => {
                if let (Some(peers), Some(uid)) = (&mut self.peers, uid) {
                    peers.left(&uid);
                    self.requests.lost(&uid);
                    self.finish(now);
                }
                return;
            }
        });
    }

    /// The broker says how many nodes listen, this one among them; nothing if it cannot.
    pub fn handle_count(&mut self, now: Instant, request: &str, nodes: Option<usize>) {
        let Some(id) = RequestId::parse(request, &self.uid) else {
            return;
        };
        match nodes {
            None => self.give_up(id),
            Some(nodes) => {
                let others = nodes.saturating_sub(1);
                if let Some(message) = self.requests.counted(id, others).filter(|_| others > 0)
                    && !self.try_tell(now, message)
                {
                    self.give_up(id);
                }
                self.finish(now);
            }
        }
    }

    /// To be called when [`poll_timeout`](Self::poll_timeout) says; harmless otherwise.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(peers) = &mut self.peers {
            for uid in peers.sweep(now) {
                self.requests.lost(&uid);
            }
            if peers.is_due(now) {
                self.tell(now, Message::Heartbeat);
            }
        }
        self.finish(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub fn poll_timeout(&self) -> Option<Instant> {
        let beat = self.peers.as_ref().map(Peers::poll_timeout);
        self.requests.poll_timeout().into_iter().chain(beat).min()
    }

    /// Tells all others something that nobody answers.
    pub fn tell(&mut self, now: Instant, message: Message) {
        self.try_tell(now, message);
    }

    /// False if the dialect has no words for it.
    fn try_tell(&mut self, now: Instant, message: Message) -> bool {
        let Some(transmit) = self.dialect.tell(self.me(), message) else {
            return false;
        };
        if let Some(peers) = &mut self.peers {
            peers.spoke(now);
        }
        self.transmits.push_back(transmit);
        true
    }

    /// A request that cannot be made, or not of all.
    fn give_up(&mut self, request: RequestId) {
        let outcome = self.requests.give_up(request);
        self.tasks.extend(outcome.map(|outcome| Task::Finished { request, outcome }));
    }

    /// Asks all others for their sockets.
    pub fn fetch(&mut self, now: Instant, to: Targets, timeout: Duration) -> RequestId {
        self.ask(now, timeout, |request| Message::Fetch { to, request })
    }

    /// Asks all others for their rooms. Where the dialect has no such question, nobody answers, and it ends at once.
    pub fn rooms(&mut self, now: Instant, timeout: Duration) -> RequestId {
        self.ask(now, timeout, |request| Message::Rooms { request })
    }

    /// Tells the other servers' own listeners of an event, and waits for what each of them answers.
    pub fn side_emit(&mut self, now: Instant, event: Event, timeout: Duration) -> RequestId {
        self.ask(now, timeout, |request| Message::SideEmit { event, request: Some(request) })
    }

    /// Sends an event to the others' sockets, and waits for what each of them answers.
    pub fn broadcast_with_ack(&mut self, now: Instant, event: Event, mut to: Targets, timeout: Duration) -> RequestId {
        // So that the others do not wait for their sockets any longer, nor less long.
        to.flags.timeout = u64::try_from(timeout.as_millis()).ok();
        self.ask(now, timeout, |request| Message::Broadcast { event, to, request: Some(request) })
    }

    fn ask(&mut self, now: Instant, timeout: Duration, message: impl FnOnce(String) -> Message) -> RequestId {
        let id = RequestId(self.asked);
        self.asked += 1;
        let request = id.name(&self.uid);
        let message = message(request.clone());
        let deadline = now + timeout;
        match (&self.peers, self.dialect.presence(self.me())) {
            (None, Presence::Counted(channel)) => {
                self.requests.count(id, message, deadline);
                self.transmits.push_back(Transmit::Count { channel, request });
            }
            (peers, _) => {
                let nodes = peers.iter().flat_map(Peers::uids).cloned().collect();
                self.requests.ask(id, &message, nodes, deadline);
                if !self.try_tell(now, message) {
                    self.give_up(id);
                }
                self.finish(now);
            }
        }
        id
    }

    /// Answers a request of another node.
    pub fn answer(&mut self, asker: &Asker, said: Said) {
        let reply = Reply { request: asker.request.clone(), said };
        let transmit = self.dialect.answer(self.me(), asker.uid.as_deref(), reply);
        self.transmits.push_back(transmit);
    }

    /// A room has got its first socket on this node; `own` says whether it is that of a socket's id.
    pub fn open_room(&mut self, room: &str, own: bool) {
        self.transmits.extend(self.room_topic(room, own).map(Transmit::Subscribe));
    }

    /// A room has lost its last socket on this node.
    pub fn close_room(&mut self, room: &str, own: bool) {
        self.transmits.extend(self.room_topic(room, own).map(Transmit::Unsubscribe));
    }

    fn room_topic(&self, room: &str, own: bool) -> Option<Topic> {
        self.dialect.room_topic(self.me(), room, own)
    }

    /// The node goes. It does not say any more that it is there, whoever asks.
    pub fn leave(&mut self, now: Instant) {
        if self.peers.is_some() {
            self.tell(now, Message::Close);
            self.peers = None;
        }
        let topics = self.dialect.topics(self.me());
        self.transmits.extend(topics.into_iter().map(Transmit::Unsubscribe));
    }

    /// What the driver is to do next.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// What the server is to do next.
    pub fn poll_task(&mut self) -> Option<Task> {
        self.tasks.pop_front()
    }

    /// How many requests wait for answers.
    pub fn requests_waiting(&self) -> usize {
        self.requests.len()
    }

    /// The namespace, and the node's id in it.
    pub fn me(&self) -> Speaker<'_> {
        Speaker { nsp: &self.nsp, uid: &self.uid }
    }

    fn finish(&mut self, now: Instant) {
        let finished = self.requests.finished(now);
        self.tasks.extend(finished.into_iter().map(|(request, outcome)| Task::Finished { request, outcome }));
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("nsp", &self.nsp).field("uid", &self.uid).finish_non_exhaustive()
    }
}
