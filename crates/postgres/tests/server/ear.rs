//! Who hears what comes.

use std::sync::Arc;

use pintle_adapter::cluster::dialect::{Attachment, Topic, Transmit};
use pintle_adapter::cluster::{Adapter as _, Driver, Incoming, Listener};
use pintle_postgres::PostgresAdapter;
use pintle_tests::{Postgres, within};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Where most tests speak.
pub(crate) const CHANNEL: &str = "socket.io#/";

/// What was heard, as a value that can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Message(String, Vec<u8>),
    Counted(String, Option<usize>),
    Listening,
    CutOff,
    Lost(usize),
    Closed,
}

/// A driver, and what it has heard.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) driver: Arc<dyn Driver>,
    heard: UnboundedReceiver<Heard>,
}

impl Node {
    /// Connects, and listens to [`CHANNEL`].
    pub(crate) async fn start(postgres: &Postgres) -> Self {
        Self::open(&PostgresAdapter::connect(&postgres.url()).await.expect("a connection")).await
    }

    /// Listens to [`CHANNEL`].
    pub(crate) async fn open(adapter: &PostgresAdapter) -> Self {
        let (told, heard) = unbounded_channel();
        let mut node = Self { driver: adapter.open(Arc::new(Ear(told))), heard };
        node.expect(Heard::Listening).await;
        node.listen(CHANNEL).await;
        node
    }

    /// Listens to another channel.
    pub(crate) async fn listen(&mut self, channel: &str) {
        assert!(self.driver.transmit(Transmit::Subscribe(Topic::Channel(channel.to_owned()))));
        self.expect(Heard::Listening).await;
    }

    /// Publishes on [`CHANNEL`].
    pub(crate) fn say(&self, payload: impl Into<Vec<u8>>) -> bool {
        self.say_on(CHANNEL, payload)
    }

    pub(crate) fn say_on(&self, channel: &str, payload: impl Into<Vec<u8>>) -> bool {
        self.driver.transmit(Transmit::Publish { channel: channel.to_owned(), payload: payload.into() })
    }

    /// Puts something aside.
    pub(crate) fn attach(&self, payload: impl Into<Vec<u8>>) -> bool {
        let attachment = Attachment { uid: "0011223344556677".to_owned(), kind: 3 };
        self.driver.transmit(Transmit::Attach { channel: CHANNEL.to_owned(), attachment, payload: payload.into() })
    }

    /// What was heard next.
    pub(crate) async fn next(&mut self) -> Heard {
        within("something to be heard", self.heard.recv()).await.expect("the driver lives")
    }

    pub(crate) async fn expect(&mut self, heard: Heard) {
        assert_eq!(self.next().await, heard);
    }

    /// The next is a message on [`CHANNEL`].
    pub(crate) async fn expect_message(&mut self, payload: impl AsRef<[u8]>) {
        self.expect(Heard::Message(CHANNEL.to_owned(), payload.as_ref().to_vec())).await;
    }
}

struct Ear(UnboundedSender<Heard>);

impl Listener for Ear {
    fn hear(&self, incoming: Incoming<'_>) {
        let heard = match incoming {
            Incoming::Message { topic, channel, payload } => {
                assert_eq!(*topic, Topic::Channel(channel.to_owned()));
                Heard::Message(channel.to_owned(), payload.to_vec())
            }
            Incoming::Counted { request, nodes } => Heard::Counted(request.to_owned(), nodes),
            Incoming::Listening => Heard::Listening,
            Incoming::CutOff => Heard::CutOff,
            Incoming::Lost(messages) => Heard::Lost(messages),
            Incoming::Closed => Heard::Closed,
            Incoming::Entry { .. } | Incoming::Claimed { .. } | Incoming::Reading { .. } | Incoming::Gap { .. } => {
                unreachable!("there are no streams")
            }
        };
        // The test may have ended.
        let _ = self.0.send(heard);
    }
}
