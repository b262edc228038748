//! A namespace's part in the cluster.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use pintle_adapter::cluster::dialect::{Dialect, Heard, Speaker, Streams, Transmit};
use pintle_adapter::cluster::family::Content;
use pintle_adapter::cluster::{
    Asker, Claimed, EntryId, Event, Malformed, Message, Node, Outcome, RequestId, Said, Targets, Task,
};
use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::hub::Hub;
use crate::clock;
use crate::nsp::Nsp;
use crate::recovery::Log;

/// A namespace's part in the cluster.
pub(crate) struct Link {
    hub: Arc<Hub>,
    uid: Arc<str>,
    /// A second one, to be asked without the lock.
    dialect: Box<dyn Dialect>,
    state: Mutex<State>,
}

struct State {
    node: Node,
    nsp: Weak<Nsp>,
    /// Whether it is part of the cluster.
    is_attached: bool,
    /// Whether what is said to it is heard.
    is_listening: bool,
    waiting: HashMap<RequestId, oneshot::Sender<Outcome>>,
    /// Who waits for a session.
    claims: HashMap<String, oneshot::Sender<Option<Claimed>>>,
    /// How many sessions were asked for.
    claimed: u64,
}

/// What other nodes are to answer. Dropped, it is waited for no longer.
#[derive(Debug)]
pub(crate) struct Pending(oneshot::Receiver<Outcome>);

impl Link {
    pub(super) fn new(hub: Arc<Hub>, node: Node, dialect: Box<dyn Dialect>) -> Self {
        let uid = node.me().uid.into();
        let state = State {
            node,
            nsp: Weak::new(),
            is_attached: false,
            is_listening: false,
            waiting: HashMap::new(),
            claims: HashMap::new(),
            claimed: 0,
        };
        Self { hub, uid, dialect, state: Mutex::new(state) }
    }

    pub(super) const fn uid(&self) -> &Arc<str> {
        &self.uid
    }

    pub(super) fn attach(&self, nsp: &Arc<Nsp>) {
        self.with(|state| {
            state.nsp = Arc::downgrade(nsp);
            state.is_attached = true;
        });
    }

    /// Tells the others that this node goes, and listens no longer.
    pub(super) fn detach(&self) {
        let waiting = self.with(|state| {
            if state.is_attached {
                state.node.leave(clock::now());
            }
            std::mem::take(&mut state.waiting)
        });
        // Whoever waits is told: not under the lock.
        drop(waiting);
        self.lock().is_attached = false;
    }

    /// Tells the other nodes something that nobody answers.
    pub(crate) fn tell(&self, message: Message) {
        self.with(|state| state.node.tell(clock::now(), message));
    }

    /// Asks the other nodes for their sockets.
    pub(crate) fn fetch(&self, to: Targets, timeout: Duration) -> Pending {
        self.ask(|node, now| node.fetch(now, to, timeout))
    }

    /// Asks the other nodes for their rooms.
    pub(crate) fn fetch_rooms(&self, timeout: Duration) -> Pending {
        self.ask(|node, now| node.rooms(now, timeout))
    }

    /// Tells the other servers' own handlers of an event, and asks for their answers.
    pub(crate) fn side_emit(&self, event: Event, timeout: Duration) -> Pending {
        self.ask(|node, now| node.side_emit(now, event, timeout))
    }

    /// Sends an event to the sockets of the other nodes, and asks for their answers.
    pub(crate) fn broadcast_with_ack(&self, event: Event, to: Targets, timeout: Duration) -> Pending {
        self.ask(|node, now| node.broadcast_with_ack(now, event, to, timeout))
    }

    fn ask(&self, ask: impl FnOnce(&mut Node, Instant) -> RequestId) -> Pending {
        let (sender, receiver) = oneshot::channel();
        self.with(|state| {
            let id = ask(&mut state.node, clock::now());
            state.waiting.insert(id, sender);
        });
        Pending(receiver)
    }

    /// Answers another node.
    pub(super) fn answer(&self, asker: &Asker, said: Said) {
        self.with(|state| state.node.answer(asker, said));
    }

    /// Whether other nodes are to know which rooms there are here.
    pub(crate) fn knows_rooms(&self) -> bool {
        self.dialect.has_room_topics()
    }

    /// A room has got its first socket here; `own` if it is that of the socket's id.
    pub(crate) fn open_room(&self, room: &str, own: bool) {
        self.with(|state| state.node.open_room(room, own));
    }

    /// A room has lost its last socket here.
    pub(crate) fn close_room(&self, room: &str, own: bool) {
        self.with(|state| state.node.close_room(room, own));
    }

    /// Whether a broker keeps what is said, so that a client can come back to any node.
    pub(crate) fn keeps(&self) -> bool {
        self.dialect.stream("/").is_some()
    }

    /// Adds an event to the stream, and gives what it will be found by there; nothing if it is dropped.
    pub(crate) fn append(&self, message: Message) -> Option<String> {
        let state = self.lock();
        let transmit = self.dialect.tell(state.node.me(), message)?;
        let Transmit::Append { fields, .. } = &transmit else {
            return None;
        };
        let data = fields.iter().find(|(name, _)| *name == "data").map(|(_, data)| data.clone())?;
        let taken = state.is_attached && self.hub.transmit(&state.nsp, transmit);
        taken.then_some(data)
    }

    /// How far the stream was read.
    pub(crate) fn read_upto(&self, nsp: &str) -> Option<EntryId> {
        self.hub.read_upto(&self.dialect.stream(nsp)?)
    }

    /// Has a session kept.
    pub(crate) fn save(&self, pid: &str, session: String, lifetime: Duration) {
        if let Some(key) = self.dialect.session_key(pid)
            && !self.hub.transmit(&Weak::new(), Transmit::Save { key, session, lifetime })
        {
            self.hub.metrics().dropped(1);
        }
    }

    /// Asks for a session that is kept, and for what is in the stream from an entry on.
    pub(crate) async fn claim(&self, pid: &str, from: Option<EntryId>) -> Option<Claimed> {
        let key = self.dialect.session_key(pid)?;
        let (sender, receiver) = oneshot::channel();
        let request = {
            let mut state = self.lock();
            let request = format!("{}{:010}", self.uid, state.claimed);
            state.claimed += 1;
            // Of those who have gone meanwhile nobody is left to be told.
            state.claims.retain(|_, claim| !claim.is_closed());
            state.claims.insert(request.clone(), sender);
            let from = from.and_then(|from| Some((self.dialect.stream(state.node.me().nsp)?, from)));
            if !self.hub.transmit(&state.nsp, Transmit::Claim { key, from, request: request.clone() }) {
                state.claims.remove(&request);
            }
            request
        };
        let claimed = receiver.await.ok().flatten();
        self.lock().claims.remove(&request);
        claimed
    }

    /// The broker says what there is of a session.
    pub(super) fn claimed(&self, request: &str, claimed: Option<&Claimed>) {
        let claim = self.lock().claims.remove(request);
        if let Some(claim) = claim {
            // Who asked may have gone.
            let _ = claim.send(claimed.cloned());
        }
    }

    /// Something is due at this time.
    pub(crate) fn wake_at(&self, due: Instant) {
        self.hub.wake_at(due);
    }

    /// Something came on a channel.
    pub(super) fn hear(&self, channel: &str, payload: &[u8]) {
        let Some(nsp) = self.lock().nsp.upgrade() else {
            return;
        };
        let me = Speaker { nsp: nsp.name(), uid: &self.uid };
        // Most of what is said elsewhere is for rooms that nobody here is in, and need not be read.
        if self.dialect.room_of(me, channel).is_some_and(|room| nsp.rooms().room_len(room) == 0) {
            return;
        }
        match self.dialect.read(me, channel, payload) {
            Ok(None) => {}
            Ok(Some(heard)) => self.with(|state| state.node.handle_heard(clock::now(), heard)),
            Err(error) => self.ignore(&nsp, error),
        }
    }

    /// Something came in the stream.
    pub(super) fn hear_entry(&self, id: &str, fields: &[(String, String)]) {
        let Some(nsp) = self.lock().nsp.upgrade() else {
            return;
        };
        let place = EntryId::parse(id).zip(nsp.log().filter(|log| log.is_kept()));
        let is_own = |(id, log): &(EntryId, &Log)| {
            let says = |name: &str, value: &str| fields.iter().any(|field| field.0 == name && field.1 == value);
            let own = says("uid", &self.uid);
            if own && says("type", "3") {
                log.hear_own(&nsp, *id, fields);
            }
            own
        };
        if place.as_ref().is_some_and(is_own) {
            return;
        }
        let me = Speaker { nsp: nsp.name(), uid: &self.uid };
        let fields = fields.iter().map(|(name, value)| (&**name, &**value));
        match Streams::read_entry(me, fields) {
            Ok(None) => {}
            Ok(Some(Heard { content: Content::Message(Message::Broadcast { event, to, request: None }), .. }))
                if place.is_some() && !to.flags.volatile =>
            {
                place.into_iter().for_each(|(id, log)| log.hear(&nsp, id, event.clone(), to.select.clone()));
            }
            Ok(Some(heard)) => self.with(|state| state.node.handle_heard(clock::now(), heard)),
            Err(error) => self.ignore(&nsp, error),
        }
    }

    fn ignore(&self, nsp: &Nsp, error: Malformed) {
        self.hub.metrics().ignored();
        tracing::debug!(namespace = %nsp.name(), %error, "something on the bus of the cluster is no message");
    }

    /// The broker has counted the nodes for a request.
    pub(super) fn counted(&self, request: &str, nodes: Option<usize>) {
        self.with(|state| state.node.handle_count(clock::now(), request, nodes));
    }

    pub(super) fn listening(&self) {
        let nsp = self.lock().nsp.upgrade();
        if let Some((log, _)) = nsp.as_ref().and_then(|nsp| nsp.keeping()) {
            log.listening();
        }
        self.with(|state| {
            if !std::mem::replace(&mut state.is_listening, true) {
                state.node.handle_listening(clock::now());
            }
        });
    }

    pub(super) fn cut_off(&self) {
        let nsp = {
            let mut state = self.lock();
            state.is_listening = false;
            state.nsp.upgrade()
        };
        if let Some((nsp, (log, _))) = nsp.as_ref().and_then(|nsp| Some((nsp, nsp.keeping()?))) {
            log.cut_off(nsp);
        }
    }

    /// Does what is due, and says when to look again.
    pub(super) fn handle_timeout(&self) -> Option<Instant> {
        let due = |state: &mut State| {
            let now = clock::now();
            if state.node.poll_timeout().is_some_and(|due| due <= now) {
                state.node.handle_timeout(now);
            }
        };
        let due = self.turn(due).1;
        let nsp = self.lock().nsp.upgrade();
        let kept = nsp.as_ref().and_then(|nsp| nsp.keeping()?.0.handle_timeout(nsp));
        due.into_iter().chain(kept).min()
    }

    pub(crate) const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Does something with the node, and all that comes of it.
    fn with<O>(&self, act: impl FnOnce(&mut State) -> O) -> O {
        let (output, due) = self.turn(act);
        if let Some(due) = due {
            self.hub.wake_at(due);
        }
        output
    }

    /// Does something with the node, carries what it says, and does what it wants done. Says when something is due.
    fn turn<O>(&self, act: impl FnOnce(&mut State) -> O) -> (O, Option<Instant>) {
        let mut state = self.lock();
        let output = act(&mut state);
        // Under the lock, so that it is carried in the order in which it was said.
        state.carry(&self.hub);
        let acts = state.acts();
        let (nsp, due) = (state.nsp.upgrade(), state.node.poll_timeout());
        drop(state);
        for act in acts {
            match (act, &nsp) {
                (Act::Finish(waiting, outcome), _) => drop(waiting.send(outcome)),
                (Act::Do(task), Some(nsp)) => self.perform(nsp, task),
                (Act::Do(_), None) => {}
            }
        }
        (output, due)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Has everything carried that is to be said. What cannot be asked is answered with that.
    fn carry(&mut self, hub: &Hub) {
        while let Some(transmit) = self.is_attached.then(|| self.node.poll_transmit()).flatten() {
            let asked = match &transmit {
                Transmit::Count { request, .. } => Some(request.clone()),
                _ => None,
            };
            let taken = hub.transmit(&self.nsp, transmit);
            if let Some(request) = asked.filter(|_| !taken) {
                self.node.handle_count(clock::now(), &request, None);
            }
        }
    }

    /// What there is to do.
    fn acts(&mut self) -> SmallVec<[Act; 1]> {
        let mut acts = SmallVec::new();
        while let Some(task) = self.node.poll_task() {
            match task {
                Task::Finished { request, outcome } => {
                    let waiting = self.waiting.remove(&request);
                    acts.extend(waiting.map(|waiting| Act::Finish(waiting, outcome)));
                }
                task => acts.push(Act::Do(task)),
            }
        }
        acts
    }
}

/// What is to be done outside of the lock.
enum Act {
    Finish(oneshot::Sender<Outcome>, Outcome),
    Do(Task),
}

impl Future for Pending {
    /// Nothing if the server closes.
    type Output = Option<Outcome>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outcome>> {
        Pin::new(&mut self.0).poll(cx).map(Result::ok)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("uid", &self.uid).finish_non_exhaustive()
    }
}
