//! One connection that listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pintle_adapter::cluster::dialect::Topic;
use pintle_adapter::cluster::{Incoming, Listener};
use redis::aio::{AsyncPushSender, MultiplexedConnection, SendError};
use redis::{Pipeline, PushInfo, PushKind, RedisError, RedisResult, Value};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::driver::Shared;
use super::publishing::PING_INTERVAL;
use super::topics::Round;
use crate::link::Place;
use crate::patience::answered;

/// Listens at one server to what it is to listen to there.
pub(super) struct Ear {
    place: Place,
    is_sharded: bool,
    shared: Arc<Shared>,
    connection: MultiplexedConnection,
    events: UnboundedReceiver<Event>,
    /// What the server would not do. It is asked again with the next ping.
    refused: Vec<Topic>,
    pings: Interval,
    /// What comes is heard for as long as this is.
    _hearing: Hearing,
}

/// What the connection says besides messages.
enum Event {
    /// The server has forgotten a channel: because it was asked to, or because another has it now.
    Forgotten(Vec<u8>),
    Gone,
}

impl Ear {
    /// Listens until the connection breaks, and says why. Whoever has just been listened to is told of on `progress`, and that
    /// other servers have channels now on `moved`.
    pub(super) async fn listen(place: Place, is_sharded: bool, shared: Arc<Shared>) -> RedisError {
        match Self::open(place, is_sharded, shared).await {
            Ok(ear) => ear.run().await,
            Err(error) => error,
        }
    }

    async fn open(place: Place, is_sharded: bool, shared: Arc<Shared>) -> RedisResult<Self> {
        let (sender, events) = unbounded_channel();
        let is_alive = Arc::new(AtomicBool::new(true));
        let _hearing = Hearing(is_alive.clone());
        let pushes = Pushes { listener: shared.listener.clone(), events: sender, is_alive };
        let connection = place.connect(Some(Arc::new(pushes))).await?;
        let mut pings = interval(PING_INTERVAL);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { place, is_sharded, shared, connection, events, refused: Vec::new(), pings, _hearing })
    }

    async fn run(mut self) -> RedisError {
        let mut changes = self.shared.changes.subscribe();
        loop {
            let result = match self.rounds().await {
                Ok(()) => self.wait(&mut changes).await,
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                return error;
            }
        }
    }

    /// Asks the server for everything that it is not asked for yet.
    async fn rounds(&mut self) -> RedisResult<()> {
        loop {
            let round = self.shared.topics().next(self.place.name());
            if round.is_empty() {
                self.shared.progress.notify_one();
                return Ok(());
            }
            self.ask(&round).await?;
        }
    }

    async fn ask(&mut self, round: &Round) -> RedisResult<()> {
        // One command for each: a server of a cluster takes no two channels at once that are in different slots.
        let mut pipeline = Pipeline::with_capacity(round.unsubscribe.len() + round.subscribe.len());
        for (topics, is_wanted) in [(&round.unsubscribe, false), (&round.subscribe, true)] {
            for topic in topics {
                let (command, name) = self.command(topic, is_wanted);
                pipeline.cmd(command).arg(name);
            }
        }
        let answers = answered(self.connection.send_packed_commands(&pipeline, 0, pipeline.len())).await?;
        self.pings.reset();

        let mut answers = answers.into_iter().skip(round.unsubscribe.len());
        let mut refusal = None;
        {
            let mut topics = self.shared.topics();
            for topic in &round.subscribe {
                match answers.next() {
                    Some(Value::ServerError(error)) => {
                        refusal = Some(error);
                        self.refused.push(topic.clone());
                    }
                    Some(Value::Push { data, .. }) if data.first().is_some_and(|name| is_name(name, topic)) => {
                        topics.confirmed(round, topic);
                    }
                    // The server said something of its own accord, and what follows belongs to what came before.
                    _ => return Err((redis::ErrorKind::UnexpectedReturnType, "another answer was expected").into()),
                }
            }
        }
        if let Some(error) = refusal {
            let error = RedisError::from(error);
            tracing::warn!(redis = self.place.name(), %error, "Redis refuses a subscription");
            self.shared.moved.notify_one();
        }
        self.own_doing(round);
        Ok(())
    }

    /// What was forgotten because it was asked for is no news.
    fn own_doing(&mut self, round: &Round) {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Forgotten(channel) => {
                    let is_own = round.unsubscribe.iter().any(|topic| name(topic).as_bytes() == channel);
                    if !is_own {
                        self.forgotten(channel);
                    }
                }
                Event::Gone => self.events.close(),
            }
        }
    }

    /// Waits for something to do.
    async fn wait(&mut self, changes: &mut watch::Receiver<()>) -> RedisResult<()> {
        tokio::select! {
            event = self.events.recv() => match event {
                Some(Event::Forgotten(channel)) => self.forgotten(channel),
                Some(Event::Gone) | None => return Err(gone()),
            },
            _ = self.pings.tick() => {
                answered(self.connection.send_packed_command(&redis::cmd("PING"))).await?;
                let mut topics = self.shared.topics();
                self.refused.drain(..).for_each(|topic| topics.again(self.place.name(), topic));
            }
            // It ends with the driver, and then so do we.
            _ = changes.changed() => {}
        }
        Ok(())
    }

    /// A slot has gone to another server, with its channels.
    fn forgotten(&mut self, channel: Vec<u8>) {
        if let Ok(channel) = String::from_utf8(channel) {
            self.shared.topics().again(self.place.name(), Topic::Channel(channel));
            self.shared.moved.notify_one();
        }
    }

    fn command<'a>(&self, topic: &'a Topic, is_wanted: bool) -> (&'static str, &'a str) {
        let command = match (topic, self.is_sharded, is_wanted) {
            (Topic::Pattern(_), _, true) => "PSUBSCRIBE",
            (Topic::Pattern(_), _, false) => "PUNSUBSCRIBE",
            (_, false, true) => "SUBSCRIBE",
            (_, false, false) => "UNSUBSCRIBE",
            (_, true, true) => "SSUBSCRIBE",
            (_, true, false) => "SUNSUBSCRIBE",
        };
        (command, name(topic))
    }
}

fn name(topic: &Topic) -> &str {
    match topic {
        Topic::Channel(name) | Topic::Pattern(name) | Topic::Stream(name) => name,
    }
}

fn is_name(value: &Value, topic: &Topic) -> bool {
    matches!(value, Value::BulkString(bytes) if bytes == name(topic).as_bytes())
}

fn gone() -> RedisError {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the connection was closed").into()
}

/// Nothing is heard any more on a connection that was given up.
struct Hearing(Arc<AtomicBool>);

impl Drop for Hearing {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What a server says of its own accord, in the task that reads.
struct Pushes {
    listener: Arc<dyn Listener>,
    events: UnboundedSender<Event>,
    is_alive: Arc<AtomicBool>,
}

impl AsyncPushSender for Pushes {
    fn send(&self, PushInfo { kind, data }: PushInfo) -> Result<(), SendError> {
        if !self.is_alive.load(Ordering::Acquire) {
            return Err(SendError);
        }
        let mut data = data.into_iter();
        let mut bytes = || match data.next() {
            Some(Value::BulkString(bytes)) => Some(bytes),
            _ => None,
        };
        match kind {
            PushKind::Message | PushKind::SMessage => {
                if let (Some(channel), Some(payload)) = (bytes(), bytes())
                    && let Ok(channel) = String::from_utf8(channel)
                {
                    let topic = Topic::Channel(channel);
                    self.hear(&topic, name(&topic), &payload);
                }
            }
            PushKind::PMessage => {
                if let (Some(pattern), Some(channel), Some(payload)) = (bytes(), bytes(), bytes())
                    && let Ok(pattern) = String::from_utf8(pattern)
                    && let Ok(channel) = std::str::from_utf8(&channel)
                {
                    self.hear(&Topic::Pattern(pattern), channel, &payload);
                }
            }
            PushKind::SUnsubscribe => {
                let _ = bytes().map(|channel| self.events.send(Event::Forgotten(channel)));
            }
            PushKind::Disconnection => {
                let _ = self.events.send(Event::Gone);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Pushes {
    fn hear(&self, topic: &Topic, channel: &str, payload: &[u8]) {
        self.listener.hear(Incoming::Message { topic, channel, payload });
    }
}
