//! The server's end of the wire: one driver, and which namespace hears what.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use pintle_adapter::cluster::dialect::{EMITTER, Topic, Transmit};
use pintle_adapter::cluster::{Adapter, Driver, EntryId, Incoming, Listener, Message, Node, RequestId};
use smallvec::SmallVec;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::link::Link;
use super::status::ClusterStatus;
use crate::clock;
use crate::io::{SocketIo, WeakSocketIo};
use crate::metrics::ClusterMetrics;
use crate::nsp::Nsp;
use crate::recovery::Log;

/// Those who listen to the same: namespaces share streams, and a room of one may be called like another one.
type Listeners = SmallVec<[Weak<Nsp>; 1]>;

/// A server among others.
pub(crate) struct Hub {
    adapter: Arc<dyn Adapter>,
    driver: Arc<dyn Driver>,
    io: OnceLock<WeakSocketIo>,
    runtime: Handle,
    namespaces: Mutex<Attached>,
    alarm: Arc<Alarm>,
    closed: Notify,
    metrics: ClusterMetrics,
    /// How far each stream was read.
    read: Mutex<HashMap<String, EntryId>>,
}

/// The namespaces that are part of the cluster, by all that they are looked up by.
#[derive(Default)]
struct Attached {
    by_topic: HashMap<Topic, Listeners>,
    by_name: HashMap<Arc<str>, Weak<Nsp>>,
    by_uid: HashMap<Arc<str>, Weak<Nsp>>,
}

/// When something is due.
#[derive(Debug, Default)]
struct Alarm {
    /// `None` while it is being found out.
    next: Mutex<Option<Instant>>,
    changed: Notify,
}

/// What the driver knows of the server: it does not keep it alive.
struct Ears(Weak<Hub>);

impl Hub {
    /// Begins to listen. To be called within a runtime, which is the one that it works on.
    pub(crate) fn open(adapter: Arc<dyn Adapter>) -> Arc<Self> {
        let runtime = Handle::try_current().expect("a server with an adapter must be made within a Tokio runtime");
        let hub = Arc::new_cyclic(|hub| Self {
            driver: adapter.open(Arc::new(Ears(hub.clone()))),
            adapter,
            io: OnceLock::new(),
            runtime: runtime.clone(),
            namespaces: Mutex::default(),
            alarm: Arc::default(),
            closed: Notify::new(),
            metrics: ClusterMetrics::new(),
            read: Mutex::default(),
        });
        runtime.spawn(tick(Arc::downgrade(&hub), hub.alarm.clone()));
        hub
    }

    /// Who it works for.
    pub(crate) fn serve(&self, io: &SocketIo) {
        // There is one server, and it is told once.
        let _ = self.io.set(io.downgrade());
    }

    /// A link for a namespace of this name, which is not part of the cluster yet.
    pub(crate) fn link(self: &Arc<Self>, name: &Arc<str>) -> Link {
        Link::new(self.clone(), self.node(name), self.adapter.dialect())
    }

    fn node(&self, name: &Arc<str>) -> Node {
        let mut random = [0; 8];
        // Without randomness it would take other nodes' words for its own.
        getrandom::fill(&mut random).expect("the operating system has random bytes");
        let dialect = self.adapter.dialect();
        let uid = dialect.uid(random);
        Node::new(name.clone(), uid, dialect, clock::now())
    }

    /// Tells the other nodes something about a namespace that is not here. To them it comes from no node: who has no part in
    /// the namespace is not to be waited for.
    pub(crate) fn tell(&self, name: &Arc<str>, message: Message) {
        let mut node = Node::new(name.clone(), EMITTER, self.adapter.dialect(), clock::now());
        node.tell(clock::now(), message);
        while let Some(transmit) = node.poll_transmit() {
            // Nobody listens for it here.
            if !matches!(transmit, Transmit::Subscribe(_)) {
                self.transmit(&Weak::new(), transmit);
            }
        }
    }

    /// Makes a namespace part of the cluster.
    pub(crate) fn attach(&self, nsp: &Arc<Nsp>) {
        let Some(link) = nsp.link() else {
            return;
        };
        let mut attached = self.lock();
        attached.by_name.insert(nsp.name().clone(), Arc::downgrade(nsp));
        attached.by_uid.insert(link.uid().clone(), Arc::downgrade(nsp));
        drop(attached);
        link.attach(nsp);
    }

    /// Takes a namespace out of the cluster.
    pub(crate) fn detach(&self, nsp: &Nsp) {
        let Some(link) = nsp.link() else {
            return;
        };
        link.detach();
        let mut attached = self.lock();
        attached.by_uid.remove(link.uid());
        if let Entry::Occupied(entry) = attached.by_name.entry(nsp.name().clone())
            && std::ptr::eq(entry.get().as_ptr(), nsp)
        {
            entry.remove();
        }
    }

    /// Has something carried. False if it is dropped.
    pub(super) fn transmit(&self, nsp: &Weak<Nsp>, transmit: Transmit) -> bool {
        match &transmit {
            Transmit::Subscribe(topic) => {
                let mut attached = self.lock();
                let listeners = attached.by_topic.entry_ref(topic).or_default();
                listeners.push(nsp.clone());
                // Under the lock, so that it cannot be overtaken by the opposite.
                listeners.len() > 1 || self.driver.transmit(transmit)
            }
            Transmit::Unsubscribe(topic) => {
                let mut attached = self.lock();
                let Some(listeners) = attached.by_topic.get_mut(topic) else {
                    return true;
                };
                listeners.retain(|listener| !listener.ptr_eq(nsp));
                if !listeners.is_empty() {
                    return true;
                }
                attached.by_topic.remove(topic);
                self.driver.transmit(transmit)
            }
            Transmit::Count { .. } | Transmit::Save { .. } | Transmit::Claim { .. } => self.driver.transmit(transmit),
            Transmit::Publish { .. } | Transmit::Append { .. } | Transmit::Attach { .. } => {
                let taken = self.driver.transmit(transmit);
                match taken {
                    true => self.metrics.sent(),
                    false => self.metrics.dropped(1),
                }
                taken
            }
        }
    }

    /// Something is due at this time.
    pub(super) fn wake_at(&self, time: Instant) {
        if self.alarm.next().is_none_or(|next| time < next) {
            self.alarm.changed.notify_one();
        }
    }

    pub(super) fn metrics(&self) -> &ClusterMetrics {
        &self.metrics
    }

    pub(super) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn io(&self) -> Option<SocketIo> {
        self.io.get()?.upgrade()
    }

    pub(crate) fn status(&self) -> ClusterStatus {
        if self.driver.is_connected() { ClusterStatus::Connected } else { ClusterStatus::CutOff }
    }

    /// Says goodbye to the others. What waits is sent, as far as that is possible in this time.
    pub(crate) async fn close(&self, patience: Duration) {
        self.all().iter().filter_map(|nsp| nsp.link()).for_each(Link::detach);
        let closed = self.closed.notified();
        self.driver.close();
        if clock::within(patience, closed).await.is_none() {
            tracing::warn!("the broker of the cluster has not taken everything");
        }
    }

    fn all(&self) -> Vec<Arc<Nsp>> {
        self.lock().by_name.values().filter_map(Weak::upgrade).collect()
    }

    /// The namespaces that hear what comes on a topic.
    fn listening_to(&self, topic: &Topic) -> SmallVec<[Arc<Nsp>; 1]> {
        self.lock().by_topic.get(topic).into_iter().flatten().filter_map(Weak::upgrade).collect()
    }

    /// The namespace whose request it is.
    fn asking(&self, request: &str) -> Option<Arc<Nsp>> {
        self.lock().by_uid.get(RequestId::uid_of(request)?)?.upgrade()
    }

    /// Does what is due, and says when to look again.
    fn handle_timeouts(&self) -> Option<Instant> {
        *self.alarm.lock() = None;
        let next = self.all().iter().filter_map(|nsp| nsp.link()?.handle_timeout()).min();
        *self.alarm.lock() = next;
        next
    }

    fn hear(&self, incoming: Incoming<'_>) {
        match incoming {
            Incoming::Message { topic, channel, payload } => {
                self.metrics.received();
                for nsp in self.listening_to(topic) {
                    nsp.link().into_iter().for_each(|link| link.hear(channel, payload));
                }
            }
            Incoming::Entry { stream, id, fields } => {
                self.metrics.received();
                let name = fields.iter().find(|(name, _)| name == "nsp").map(|(_, name)| &**name);
                let nsp = name.and_then(|name| self.lock().by_name.get(name)?.upgrade());
                if let Some(link) = nsp.as_ref().and_then(|nsp| nsp.link()) {
                    link.hear_entry(id, fields);
                }
                // Afterwards: whoever knows that it was read relies on what came of it.
                if let Some((read, id)) = self.read().get_mut(stream).zip(EntryId::parse(id)) {
                    *read = id;
                }
            }
            Incoming::Counted { request, nodes } => {
                if let Some(link) = self.asking(request).as_ref().and_then(|nsp| nsp.link()) {
                    link.counted(request, nodes);
                }
            }
            Incoming::Claimed { request, claimed } => {
                if let Some(link) = self.asking(request).as_ref().and_then(|nsp| nsp.link()) {
                    link.claimed(request, claimed);
                }
            }
            Incoming::Reading { stream, after } => {
                self.read().insert(stream.to_owned(), after);
            }
            Incoming::Gap { stream } => {
                tracing::warn!(
                    stream,
                    "what other nodes said may be lost: the stream does not keep it for long enough"
                );
                for nsp in self.listening_to(&Topic::Stream(stream.to_owned())) {
                    nsp.log().filter(|log| log.is_kept()).into_iter().for_each(Log::gap);
                }
            }
            Incoming::Listening => {
                self.metrics.connected(true);
                self.all().iter().filter_map(|nsp| nsp.link()).for_each(Link::listening);
            }
            Incoming::CutOff => {
                self.metrics.connected(false);
                self.all().iter().filter_map(|nsp| nsp.link()).for_each(Link::cut_off);
            }
            Incoming::Lost(messages) => {
                tracing::warn!(messages, "messages to other nodes of the cluster were lost");
                self.metrics.dropped(messages);
            }
            Incoming::Closed => self.closed.notify_one(),
        }
    }

    /// How far a stream was read.
    pub(super) fn read_upto(&self, stream: &str) -> Option<EntryId> {
        self.read().get(stream).copied()
    }

    fn read(&self) -> MutexGuard<'_, HashMap<String, EntryId>> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Attached> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.namespaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // For the task to see that there is nothing left to do.
        self.alarm.changed.notify_one();
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("driver", &self.driver).finish_non_exhaustive()
    }
}

impl Listener for Ears {
    fn hear(&self, incoming: Incoming<'_>) {
        if let Some(hub) = self.0.upgrade() {
            hub.hear(incoming);
        }
    }
}

impl Alarm {
    fn next(&self) -> Option<Instant> {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does what is due when it is, as long as there is a server.
async fn tick(hub: Weak<Hub>, alarm: Arc<Alarm>) {
    while let Some(hub) = hub.upgrade() {
        let next = hub.handle_timeouts();
        drop(hub);
        match next {
            None => alarm.changed.notified().await,
            Some(next) => {
                let _ = clock::within(next.saturating_duration_since(clock::now()), alarm.changed.notified()).await;
            }
        }
    }
}
