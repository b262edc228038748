//! A node as far as the driver knows: something that listens.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};

use pintle_adapter::cluster::dialect::{Topic, Transmit};
use pintle_adapter::cluster::{Adapter, Driver, Incoming, Listener};
use pintle_tests::within;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What was heard, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Message { topic: Topic, channel: String, payload: Vec<u8> },
    Counted { request: String, nodes: Option<usize> },
    Listening,
    CutOff,
    Lost(usize),
    Closed,
}

pub(crate) fn message(topic: Topic, channel: &str, payload: &[u8]) -> Heard {
    Heard::Message { topic, channel: channel.to_owned(), payload: payload.to_vec() }
}

pub(crate) fn channel(name: &str) -> Topic {
    Topic::Channel(name.to_owned())
}

pub(crate) fn pattern(name: &str) -> Topic {
    Topic::Pattern(name.to_owned())
}

/// Something that listens.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) driver: Arc<dyn Driver>,
    pub(crate) gate: Gate,
    heard: UnboundedReceiver<Heard>,
    /// What came while a count was waited for.
    kept: VecDeque<Heard>,
}

impl Node {
    /// Opens the adapter, and waits until it listens to these.
    pub(crate) async fn open(adapter: &impl Adapter, topics: &[Topic]) -> Self {
        let (sender, heard) = unbounded_channel();
        let gate = Gate::default();
        let tape = Tape { sender: Mutex::new(sender), gate: gate.clone() };
        let mut node = Self { driver: adapter.open(Arc::new(tape)), gate, heard, kept: VecDeque::new() };
        node.subscribe(topics).await;
        node
    }

    /// Waits until it listens to these as well.
    pub(crate) async fn subscribe(&mut self, topics: &[Topic]) {
        for topic in topics {
            assert!(self.driver.transmit(Transmit::Subscribe(topic.clone())));
        }
        self.hears(&Heard::Listening).await;
    }

    pub(crate) fn unsubscribe(&self, topic: Topic) {
        assert!(self.driver.transmit(Transmit::Unsubscribe(topic)));
    }

    /// Whether it was taken.
    pub(crate) fn publish(&self, channel: &str, payload: &[u8]) -> bool {
        self.driver.transmit(Transmit::Publish { channel: channel.to_owned(), payload: payload.to_vec() })
    }

    /// Whether it was taken.
    pub(crate) fn count(&self, channel: &str, request: &str) -> bool {
        self.driver.transmit(Transmit::Count { channel: channel.to_owned(), request: request.to_owned() })
    }

    /// How many listen. What is heard meanwhile is not passed over.
    pub(crate) async fn counted(&mut self, channel: &str) -> Option<usize> {
        assert!(self.count(channel, "how many"));
        loop {
            match self.receive("a count").await {
                Heard::Counted { request, nodes } => {
                    assert_eq!(request, "how many");
                    return nodes;
                }
                other => self.kept.push_back(other),
            }
        }
    }

    /// What is heard next.
    pub(crate) async fn next(&mut self, what: &str) -> Heard {
        match self.kept.pop_front() {
            Some(kept) => kept,
            None => self.receive(what).await,
        }
    }

    async fn receive(&mut self, what: &str) -> Heard {
        within(what, self.heard.recv()).await.expect("a listener that lives as long as the driver")
    }

    /// The next message.
    pub(crate) async fn next_message(&mut self) -> Heard {
        loop {
            let heard = self.next("a message").await;
            if matches!(heard, Heard::Message { .. }) {
                return heard;
            }
        }
    }

    /// Waits until this is heard, and passes over everything before it.
    pub(crate) async fn hears(&mut self, expected: &Heard) {
        let what = format!("{expected:?}");
        while self.next(&what).await != *expected {}
    }

    /// What was heard until now and not looked at.
    pub(crate) fn rest(&mut self) -> Vec<Heard> {
        let mut rest = Vec::from(std::mem::take(&mut self.kept));
        while let Ok(heard) = self.heard.try_recv() {
            rest.push(heard);
        }
        rest
    }

    /// Drops the driver, and waits until nobody can say anything any more.
    pub(crate) async fn dropped(self) {
        let Self { driver, mut heard, .. } = self;
        drop(driver);
        within("the tasks to end", async { while heard.recv().await.is_some() {} }).await;
    }
}

/// While it is shut, whoever hears something is held up, with its thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Shuts it for as long as what it gives is there.
    pub(crate) fn shut(&self) -> Shut {
        *self.0.0.lock().expect("no panic") = true;
        Shut(self.clone())
    }

    fn pass(&self) {
        let is_shut = self.0.0.lock().expect("no panic");
        drop(self.0.1.wait_while(is_shut, |is_shut| *is_shut).expect("no panic"));
    }
}

/// A gate that is shut.
#[derive(Debug)]
pub(crate) struct Shut(Gate);

impl Drop for Shut {
    fn drop(&mut self) {
        *self.0.0.0.lock().expect("no panic") = false;
        self.0.0.1.notify_all();
    }
}

#[derive(Debug)]
struct Tape {
    sender: Mutex<UnboundedSender<Heard>>,
    gate: Gate,
}

impl Listener for Tape {
    fn hear(&self, incoming: Incoming<'_>) {
        let heard = match incoming {
            Incoming::Message { topic, channel, payload } => message(topic.clone(), channel, payload),
            Incoming::Counted { request, nodes } => Heard::Counted { request: request.to_owned(), nodes },
            Incoming::Listening => Heard::Listening,
            Incoming::CutOff => Heard::CutOff,
            Incoming::Lost(count) => Heard::Lost(count),
            Incoming::Closed => Heard::Closed,
            other => panic!("pub/sub has no {other:?}"),
        };
        self.gate.pass();
        // Nobody may be there to hear the end.
        let _ = self.sender.lock().expect("no panic").send(heard);
    }
}
