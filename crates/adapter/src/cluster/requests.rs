//! What was asked of the other nodes, and what of it has been answered.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::{HashMap, HashSet};
use pintle_proto::Value;

use super::message::{Message, RemoteSocket, Reply, Said};

/// A request of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(pub(super) u64);

/// What the other nodes answered. Those of this node are not among it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The answers that came.
    pub answers: Answers,
    /// Which did not.
    pub missing: Missing,
}

/// Answers of other nodes.
#[derive(Clone, Debug, PartialEq)]
pub enum Answers {
    /// Their sockets.
    Sockets(Vec<RemoteSocket>),
    /// Their rooms, each once.
    Rooms(BTreeSet<Arc<str>>),
    /// What the servers answered, one each.
    Servers(Vec<Option<Value>>),
    /// What their sockets answered.
    Clients {
        /// So many were asked, on the nodes that said how many.
        asked: u64,
        /// The first value that each answered with.
        answers: Vec<Option<Value>>,
    },
}

/// Who has not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nobody: it is the whole answer.
    Nobody,
    /// So many nodes.
    Nodes(usize),
    /// It is not even known how many nodes there are, for the broker did not say.
    Unknown,
}

/// All requests that wait.
#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: HashMap<RequestId, Request>,
}

#[derive(Debug)]
struct Request {
    deadline: Instant,
    stage: Stage,
    answers: Answers,
}

#[derive(Debug)]
enum Stage {
    /// It is not known yet how many nodes there are; what is to be told them once it is.
    Counting(Message),
    /// So many are to answer; those that have, as far as answers say whose they are.
    Number { left: usize, heard: HashSet<String> },
    /// These are to answer; and those that have. Among them may be some that were not known when they were asked: their
    /// answers count as well, as long as it is waited for the others.
    Nodes { left: HashSet<String>, heard: HashSet<String> },
}

impl Answers {
    /// None yet, to a message.
    fn to(message: &Message) -> Self {
        match message {
            Message::Fetch { .. } => Self::Sockets(Vec::new()),
            Message::Rooms { .. } => Self::Rooms(BTreeSet::new()),
            Message::Broadcast { .. } => Self::Clients { asked: 0, answers: Vec::new() },
            _ => Self::Servers(Vec::new()),
        }
    }

    /// Adds an answer; whether it is the one that its node owes. Nothing if it is none to this request.
    fn add(&mut self, said: Said) -> Option<bool> {
        match (self, said) {
            (Self::Sockets(all), Said::Sockets(sockets)) => all.extend(sockets),
            (Self::Rooms(all), Said::Rooms(rooms)) => all.extend(rooms),
            (Self::Servers(all), Said::SideEmit(answer)) => all.push(answer),
            (Self::Clients { asked, .. }, Said::ClientCount(count)) => *asked = asked.saturating_add(count),
            (Self::Clients { answers, .. }, Said::Ack(answer)) => {
                answers.push(answer);
                return Some(false);
            }
            _ => return None,
        }
        Some(true)
    }

    /// Whether those who were asked have answered, as far as it is theirs to.
    fn are_whole(&self) -> bool {
        match self {
            Self::Clients { asked, answers } => answers.len() as u64 >= *asked,
            _ => true,
        }
    }
}

impl Request {
    fn is_answered(&self) -> bool {
        let nobody = match &self.stage {
            Stage::Counting(_) => false,
            Stage::Number { left, .. } => *left == 0,
            Stage::Nodes { left, .. } => left.is_empty(),
        };
        nobody && self.answers.are_whole()
    }

    fn outcome(self) -> Outcome {
        let missing = match self.stage {
            Stage::Counting(_) => Missing::Unknown,
            Stage::Number { left: 0, .. } => Missing::Nobody,
            Stage::Number { left, .. } => Missing::Nodes(left),
            Stage::Nodes { left, .. } if left.is_empty() => Missing::Nobody,
            Stage::Nodes { left, .. } => Missing::Nodes(left.len()),
        };
        Outcome { answers: self.answers, missing }
    }
}

impl Requests {
    /// A request that waits for the broker to say how many nodes there are.
    pub(super) fn count(&mut self, id: RequestId, message: Message, deadline: Instant) {
        let answers = Answers::to(&message);
        self.waiting.insert(id, Request { deadline, stage: Stage::Counting(message), answers });
    }

    /// A request of these nodes.
    pub(super) fn ask(&mut self, id: RequestId, message: &Message, nodes: HashSet<String>, deadline: Instant) {
        let answers = Answers::to(message);
        let stage = Stage::Nodes { left: nodes, heard: HashSet::new() };
        self.waiting.insert(id, Request { deadline, stage, answers });
    }

    /// There are so many nodes besides this one. Gives what is to be told them.
    pub(super) fn counted(&mut self, id: RequestId, others: usize) -> Option<Message> {
        let request = self.waiting.get_mut(&id)?;
        if !matches!(request.stage, Stage::Counting(_)) {
            return None;
        }
        let asked = Stage::Number { left: others, heard: HashSet::new() };
        match std::mem::replace(&mut request.stage, asked) {
            Stage::Counting(message) => Some(message),
            _ => None,
        }
    }

    /// Takes an answer in; false if nobody waits for it.
    pub(super) fn answer(&mut self, id: RequestId, uid: Option<&str>, said: Said) -> bool {
        let Some(request) = self.waiting.get_mut(&id) else {
            return false;
        };
        // Who answered twice has answered once; but a node has as many answers of clients as it has of those.
        let owes = !matches!(said, Said::Ack(_));
        let repeated = match (&request.stage, uid) {
            (Stage::Counting(_), _) => true,
            (Stage::Number { heard, .. } | Stage::Nodes { heard, .. }, Some(uid)) => owes && heard.contains(uid),
            (Stage::Number { .. } | Stage::Nodes { .. }, None) => false,
        };
        if repeated {
            return false;
        }
        let Some(owed) = request.answers.add(said) else {
            return false;
        };
        if owed {
            match &mut request.stage {
                Stage::Counting(_) => {}
                Stage::Number { left, heard } => {
                    *left = left.saturating_sub(1);
                    heard.extend(uid.map(str::to_owned));
                }
                Stage::Nodes { left, heard } => {
                    if let Some(uid) = uid {
                        left.remove(uid);
                        heard.insert(uid.to_owned());
                    }
                }
            }
        }
        true
    }

    /// A node has gone, and answers no more.
    pub(super) fn lost(&mut self, uid: &str) {
        for request in self.waiting.values_mut() {
            if let Stage::Nodes { left, .. } = &mut request.stage {
                left.remove(uid);
            }
        }
    }

    /// The broker cannot say how many nodes there are: it ends with what is known, which is nothing.
    pub(super) fn give_up(&mut self, id: RequestId) -> Option<Outcome> {
        self.waiting.remove(&id).map(Request::outcome)
    }

    /// Takes out what is answered, or has waited for long enough.
    pub(super) fn finished(&mut self, now: Instant) -> Vec<(RequestId, Outcome)> {
        let over = |_: &RequestId, request: &mut Request| request.deadline <= now || request.is_answered();
        self.waiting.extract_if(over).map(|(id, request)| (id, request.outcome())).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.waiting.values().map(|request| request.deadline).min()
    }
}

impl Reply {
    /// Whose request it answers, if it is one of ours.
    pub(super) fn of_ours(&self, uid: &str) -> Option<RequestId> {
        RequestId::parse(&self.request, uid)
    }
}

impl RequestId {
    /// How other nodes know it. They take any text; sixteen digits is what Node's have.
    pub(super) fn name(self, uid: &str) -> String {
        format!("{uid}{:010}", self.0)
    }

    pub(super) fn parse(name: &str, uid: &str) -> Option<Self> {
        name.strip_prefix(uid)?.parse().ok().map(Self)
    }

    /// Whose request it is, by the name that other nodes know it by.
    pub fn uid_of(name: &str) -> Option<&str> {
        Some(name.split_at_checked(name.len().checked_sub(10)?)?.0)
    }
}
