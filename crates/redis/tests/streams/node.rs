//! A node as far as the driver knows: something that listens.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_adapter::cluster::{Adapter, Claimed, Driver, EntryId, Incoming, Listener};
use pintle_redis::StreamsAdapter;
use pintle_tests::within;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The stream of most tests.
pub(crate) const STREAM: &str = "socket.io";

/// What was heard, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Entry { id: EntryId, fields: Vec<(String, String)> },
    Claimed { request: String, claimed: Option<Claimed> },
    Gap(String),
    Listening,
    CutOff,
    Lost(usize),
    Closed,
    Other,
}

/// Something that listens.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) driver: Arc<dyn Driver>,
    heard: UnboundedReceiver<Heard>,
}

pub(crate) async fn adapter(url: &str) -> StreamsAdapter {
    StreamsAdapter::connect(url).await.expect("a server that is there")
}

impl Node {
    /// Opens the adapter, and waits until it reads the [`STREAM`].
    pub(crate) async fn open(adapter: &impl Adapter) -> Self {
        let mut node = Self::deaf(adapter);
        node.subscribe(STREAM);
        node.hears(&Heard::Listening).await;
        node
    }

    /// One that reads nothing.
    pub(crate) fn deaf(adapter: &impl Adapter) -> Self {
        let (sender, heard) = unbounded_channel();
        Self { driver: adapter.open(Arc::new(Tape(Mutex::new(sender)))), heard }
    }

    pub(crate) fn subscribe(&self, stream: &str) {
        let topics = [Topic::Channel("socket.io#/#".to_owned()), Topic::Stream(stream.to_owned())];
        for topic in topics {
            assert!(self.driver.transmit(Transmit::Subscribe(topic)));
        }
    }

    pub(crate) fn unsubscribe(&self, stream: &str) {
        assert!(self.driver.transmit(Transmit::Unsubscribe(Topic::Stream(stream.to_owned()))));
    }

    /// Whether it was taken.
    pub(crate) fn append(&self, data: &str) -> bool {
        let fields = vec![("uid", "0011223344556677".to_owned()), ("nsp", "/".to_owned()), ("data", data.to_owned())];
        self.driver.transmit(Transmit::Append { stream: STREAM.to_owned(), fields })
    }

    pub(crate) fn save(&self, key: &str, session: &str) {
        let lifetime = Duration::from_secs(60);
        assert!(self.driver.transmit(Transmit::Save { key: key.to_owned(), session: session.to_owned(), lifetime }));
    }

    /// Whether it was taken.
    pub(crate) fn claim(&self, key: &str, from: Option<EntryId>) -> bool {
        let from = from.map(|id| (STREAM.to_owned(), id));
        self.driver.transmit(Transmit::Claim { key: key.to_owned(), from, request: "claim".to_owned() })
    }

    /// What is found there.
    pub(crate) async fn claimed(&mut self, key: &str, from: Option<EntryId>) -> Option<Claimed> {
        within("the server to be there", async {
            while !self.claim(key, from) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        loop {
            if let Heard::Claimed { request, claimed } = self.next("what is claimed").await {
                assert_eq!(request, "claim");
                return claimed;
            }
        }
    }

    /// What is heard next.
    pub(crate) async fn next(&mut self, what: &str) -> Heard {
        within(what, self.heard.recv()).await.expect("a listener that lives as long as the driver")
    }

    /// The next entry.
    pub(crate) async fn next_entry(&mut self) -> (EntryId, Vec<(String, String)>) {
        loop {
            if let Heard::Entry { id, fields } = self.next("an entry").await {
                return (id, fields);
            }
        }
    }

    /// The data of the next entry.
    pub(crate) async fn next_data(&mut self) -> String {
        let (_, fields) = self.next_entry().await;
        fields.into_iter().find(|(name, _)| name == "data").expect("an entry with data").1
    }

    /// Waits until this is heard, and passes over everything before it.
    pub(crate) async fn hears(&mut self, expected: &Heard) {
        let what = format!("{expected:?}");
        while self.next(&what).await != *expected {}
    }

    /// Drops the driver, and waits until nobody can say anything any more.
    pub(crate) async fn dropped(self) {
        let Self { driver, mut heard } = self;
        drop(driver);
        within("the tasks to end", async { while heard.recv().await.is_some() {} }).await;
    }
}

#[derive(Debug)]
struct Tape(Mutex<UnboundedSender<Heard>>);

impl Listener for Tape {
    fn hear(&self, incoming: Incoming<'_>) {
        let heard = match incoming {
            Incoming::Entry { id, fields, .. } => {
                Heard::Entry { id: EntryId::parse(id).expect("an id"), fields: fields.to_vec() }
            }
            Incoming::Claimed { request, claimed } => {
                Heard::Claimed { request: request.to_owned(), claimed: claimed.cloned() }
            }
            Incoming::Gap { stream } => Heard::Gap(stream.to_owned()),
            Incoming::Listening => Heard::Listening,
            Incoming::CutOff => Heard::CutOff,
            Incoming::Lost(count) => Heard::Lost(count),
            Incoming::Closed => Heard::Closed,
            _ => Heard::Other,
        };
        // Nobody may be there to hear the end.
        let _ = self.0.lock().expect("no panic").send(heard);
    }
}
