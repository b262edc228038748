//! A broker in the process of the test, with adapters of every dialect.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pintle_adapter::cluster::dialect::{
    Classic, Dialect, Postgres, Sharded, Streams, SubscriptionMode, Topic, Transmit,
};
use pintle_adapter::cluster::{Adapter, Driver, Incoming, Listener};
use tokio::sync::mpsc::{self, UnboundedSender};

/// Makes a dialect.
pub(crate) type Make = fn() -> Box<dyn Dialect>;

/// All dialects, by their names.
pub(crate) const DIALECTS: [(&str, Make); 7] = [
    ("classic", || Box::new(Classic::default())),
    ("classic, answers for the asker", || Box::new(Classic { specific_responses: true, ..Classic::default() })),
    ("sharded", || Box::new(Sharded::default())),
    ("sharded, static", || Box::new(Sharded { mode: SubscriptionMode::Static, ..Sharded::default() })),
    ("sharded, private", || Box::new(Sharded { mode: SubscriptionMode::DynamicPrivate, ..Sharded::default() })),
    ("streams", || Box::new(Streams::default())),
    ("postgres", || Box::new(Postgres::default())),
];

/// A broker. Everything goes through one queue, in which order it is done.
#[derive(Clone)]
pub(crate) struct Bus {
    queue: UnboundedSender<(usize, Transmit)>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    nodes: Mutex<Vec<Member>>,
    away: AtomicBool,
    published: Mutex<Vec<String>>,
}

struct Member {
    listener: Arc<dyn Listener>,
    topics: Vec<Topic>,
}

impl Bus {
    /// A broker that nobody is connected to.
    pub(crate) fn new() -> Self {
        let (queue, mut waiting) = mpsc::unbounded_channel();
        let shared = Arc::<Shared>::default();
        let bus = shared.clone();
        tokio::spawn(async move {
            while let Some((from, transmit)) = waiting.recv().await {
                bus.carry(from, transmit);
            }
        });
        Self { queue, shared }
    }

    /// A way to this broker.
    pub(crate) fn adapter(&self, make: Make) -> BusAdapter {
        BusAdapter { bus: self.clone(), make }
    }

    /// The broker goes away, or comes back.
    pub(crate) fn set_away(&self, away: bool) {
        self.shared.away.store(away, Ordering::Release);
        for listener in self.shared.listeners() {
            listener.hear(if away { Incoming::CutOff } else { Incoming::Listening });
        }
    }

    /// Something that no node says.
    pub(crate) fn publish(&self, channel: &str, payload: impl Into<Vec<u8>>) {
        let transmit = Transmit::Publish { channel: channel.to_owned(), payload: payload.into() };
        self.queue.send((usize::MAX, transmit)).unwrap();
    }

    /// Where something was published until now.
    pub(crate) fn channels(&self) -> Vec<String> {
        self.shared.published.lock().unwrap().clone()
    }

    /// How many topics the nodes listen to.
    pub(crate) fn topics(&self) -> usize {
        self.shared.nodes.lock().unwrap().iter().map(|node| node.topics.len()).sum()
    }
}

impl Shared {
    fn listeners(&self) -> Vec<Arc<dyn Listener>> {
        self.nodes.lock().unwrap().iter().map(|node| node.listener.clone()).collect()
    }

    fn carry(&self, from: usize, transmit: Transmit) {
        match transmit {
            Transmit::Subscribe(topic) => {
                let mut nodes = self.nodes.lock().unwrap();
                nodes[from].topics.push(topic);
                let listener = nodes[from].listener.clone();
                drop(nodes);
                listener.hear(Incoming::Listening);
            }
            Transmit::Unsubscribe(topic) => self.nodes.lock().unwrap()[from].topics.retain(|other| *other != topic),
            Transmit::Publish { channel, payload } | Transmit::Attach { channel, payload, .. } => {
                self.published.lock().unwrap().push(channel.clone());
                for (listener, topic) in self.hearing(|topic| matches(topic, &channel)) {
                    listener.hear(Incoming::Message { topic: &topic, channel: &channel, payload: &payload });
                }
            }
            Transmit::Append { stream, fields } => {
                let fields: Vec<_> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                for (listener, _) in self.hearing(|topic| *topic == Topic::Stream(stream.clone())) {
                    listener.hear(Incoming::Entry { stream: &stream, id: "1-0", fields: &fields });
                }
            }
            Transmit::Save { .. } | Transmit::Claim { .. } => {}
            Transmit::Count { channel, request } => {
                let nodes = self.hearing(|topic| *topic == Topic::Channel(channel.clone())).len();
                let listener = self.nodes.lock().unwrap()[from].listener.clone();
                listener.hear(Incoming::Counted { request: &request, nodes: Some(nodes) });
            }
        }
    }

    fn hearing(&self, is_meant: impl Fn(&Topic) -> bool) -> Vec<(Arc<dyn Listener>, Topic)> {
        let nodes = self.nodes.lock().unwrap();
        let topics = nodes.iter().flat_map(|node| node.topics.iter().map(|topic| (&node.listener, topic)));
        let meant = topics.filter(|(_, topic)| is_meant(topic));
        meant.map(|(listener, topic)| (listener.clone(), topic.clone())).collect()
    }
}

fn matches(topic: &Topic, channel: &str) -> bool {
    match topic {
        Topic::Channel(name) => name == channel,
        Topic::Pattern(pattern) => channel.starts_with(pattern.strip_suffix('*').expect("a pattern of ours")),
        Topic::Stream(_) => false,
    }
}

/// A way to a [`Bus`].
pub(crate) struct BusAdapter {
    bus: Bus,
    make: Make,
}

impl fmt::Debug for BusAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusAdapter")
    }
}

impl Adapter for BusAdapter {
    fn dialect(&self) -> Box<dyn Dialect> {
        (self.make)()
    }

    fn open(&self, listener: Arc<dyn Listener>) -> Arc<dyn Driver> {
        let mut nodes = self.bus.shared.nodes.lock().unwrap();
        nodes.push(Member { listener, topics: Vec::new() });
        Arc::new(BusDriver { bus: self.bus.clone(), at: nodes.len() - 1 })
    }
}

struct BusDriver {
    bus: Bus,
    at: usize,
}

impl fmt::Debug for BusDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusDriver")
    }
}

impl Driver for BusDriver {
    fn transmit(&self, transmit: Transmit) -> bool {
        let kept = self.is_connected() || matches!(transmit, Transmit::Subscribe(_) | Transmit::Unsubscribe(_));
        kept && self.bus.queue.send((self.at, transmit)).is_ok()
    }

    fn is_connected(&self) -> bool {
        !self.bus.shared.away.load(Ordering::Acquire)
    }

    fn close(&self) {
        let shared = self.bus.shared.clone();
        let at = self.at;
        tokio::spawn(async move {
            let listener = shared.nodes.lock().unwrap()[at].listener.clone();
            listener.hear(Incoming::Closed);
        });
    }
}
