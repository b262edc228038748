//! A pair of connections, for as long as both last.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{MaybeDone, join, maybe_done};
use pintle_adapter::cluster::dialect::{Attachment, Topic};
use pintle_adapter::cluster::{Incoming, Listener};
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Error, Notification, Statement};

use crate::connect::{Half, Messages, Setup, ended};
use crate::driver::UNKNOWN_ID;
use crate::error::told;
use crate::queue::{Item, Queue};
use pintle_broker::answered;

/// How many messages are on their way to PostgreSQL at a time. Each waits for the one before to be committed; more of them
/// only make what is fetched wait.
const WINDOW: usize = 64;

/// How long a connection rests before it is asked whether it is still there.
const CHECK_INTERVAL: Duration = Duration::from_secs(3);

/// How long saying goodbye may take.
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);

/// One connection that listens, and one for everything else.
pub(crate) struct Link {
    pub(crate) listening: Half,
    pub(crate) publishing: Half,
    pub(crate) statements: Statements,
}

/// What the connection that publishes is ready for.
pub(crate) struct Statements {
    /// The process at the other end, which our own notifications come from.
    pub(crate) backend: i32,
    pub(crate) publish: Statement,
    pub(crate) attach: Statement,
    pub(crate) fetch: Statement,
    pub(crate) clean: Statement,
}

/// Why a link is no more.
pub(crate) enum End {
    /// Everything was said that there was.
    Closed,
    /// A connection is lost.
    Broken {
        /// Whether everything that was to be listened to was.
        listened: bool,
        /// Why, for people.
        reason: String,
    },
}

impl Link {
    /// Carries messages until it is to end, or can no longer. Says as well how many messages were on their way.
    pub(crate) async fn run(self, queue: &Queue, setup: &Setup, listener: &dyn Listener) -> (End, usize) {
        let Self { mut listening, mut publishing, statements } = self;
        let (heard, carried) = (AtomicU64::new(0), AtomicU64::new(0));
        let reader = Reader {
            client: &publishing.client,
            statements: &statements,
            listener,
            max_attachment_bytes: setup.max_attachment_bytes,
            heard: &heard,
        };
        let mut writer = Writer {
            listening: &listening.client,
            publishing: &publishing.client,
            statements: &statements,
            queue,
            listener,
            carried: &carried,
            listened: None,
            on_their_way: 0,
            complained: false,
        };
        let broken = tokio::select! {
            reason = reader.read(listening.messages.as_mut()) => Some(reason),
            reason = ended(publishing.messages.as_mut()) => Some(reason.map_or_else(closed, |error| told(&error))),
            broken = writer.write() => broken,
            () = watch(&listening.client, &heard) => Some("it no longer answers where we listen".to_owned()),
            () = watch(&publishing.client, &carried) => Some("it no longer answers".to_owned()),
            never = clean(&publishing.client, &statements.clean, setup.cleanup_interval) => match never {},
        };
        let (listened, on_their_way) = (writer.listened.is_some(), writer.on_their_way);
        match broken {
            Some(reason) => (End::Broken { listened, reason }, on_their_way),
            None => {
                // Without a client a connection says goodbye, and ends.
                drop((listening.client, publishing.client));
                let farewell = join(ended(listening.messages.as_mut()), ended(publishing.messages.as_mut()));
                let _ = timeout(FAREWELL_LIMIT, farewell).await;
                (End::Closed, on_their_way)
            }
        }
    }
}

/// Reads what comes where we listen.
struct Reader<'a> {
    client: &'a Client,
    statements: &'a Statements,
    listener: &'a dyn Listener,
    max_attachment_bytes: i32,
    /// How much has come.
    heard: &'a AtomicU64,
}

impl Reader<'_> {
    /// Reads until the connection ends, and says why.
    async fn read(&self, messages: &mut dyn Messages) -> String {
        loop {
            let message = poll_fn(|context| messages.poll_message(context)).await;
            self.heard.fetch_add(1, Ordering::Relaxed);
            match message {
                // What we have said ourselves is no news.
                Some(Ok(AsyncMessage::Notification(said))) if said.process_id() == self.statements.backend => {}
                Some(Ok(AsyncMessage::Notification(said))) => self.hear(&said).await,
                Some(Ok(_notice)) => {}
                Some(Err(error)) => return told(&error),
                None => return closed(),
            }
        }
    }

    async fn hear(&self, said: &Notification) {
        let topic = Topic::Channel(said.channel().to_owned());
        let hear = |payload: &[u8]| {
            self.listener.hear(Incoming::Message { topic: &topic, channel: said.channel(), payload });
        };
        // Few messages are notices, so most need not be read for it.
        let notice = said.payload().contains("\"attachmentId\"").then(|| Attachment::read_notice(said.payload()));
        match notice.flatten() {
            None => hear(said.payload().as_bytes()),
            // Here and now: what comes next has to wait, or it would be heard first.
            Some(id) => match self.fetch(id).await {
                Ok(Fetched::Whole(payload)) => hear(&payload),
                Ok(Fetched::Gone) => tracing::debug!(id, "what was put aside is no longer there"),
                Ok(Fetched::TooLarge) => tracing::warn!(id, "what was put aside is too large"),
                Err(error) => tracing::warn!(id, error = told(&error), "what was put aside cannot be fetched"),
            },
        }
    }

    async fn fetch(&self, id: i64) -> Result<Fetched, Error> {
        let Some(row) = self.client.query_opt(&self.statements.fetch, &[&id, &self.max_attachment_bytes]).await? else {
            return Ok(Fetched::Gone);
        };
        Ok(match row.try_get(0)? {
            Some(payload) => Fetched::Whole(payload),
            None => Fetched::TooLarge,
        })
    }
}

/// What was put aside.
enum Fetched {
    Whole(Vec<u8>),
    Gone,
    TooLarge,
}

/// Does what waits in the queue.
struct Writer<'a> {
    listening: &'a Client,
    publishing: &'a Client,
    statements: &'a Statements,
    queue: &'a Queue,
    listener: &'a dyn Listener,
    /// How much was carried.
    carried: &'a AtomicU64,
    /// What is listened to here, once that is all that is to be.
    listened: Option<BTreeSet<String>>,
    on_their_way: usize,
    /// Somebody who has been told once that messages are refused need not hear it of each.
    complained: bool,
}

impl Writer<'_> {
    /// Writes until nothing more is to be written, or says why it cannot.
    async fn write(&mut self) -> Option<String> {
        if let Err(error) = self.connect().await {
            return Some(told(&error));
        }
        let (client, statements) = (self.publishing, self.statements);
        let mut sent = VecDeque::new();
        // What has to wait until all that was sent is done: whoever asks something wants to hear the answers.
        let mut topics = None;
        let mut over = false;
        loop {
            if sent.is_empty() {
                if let Some(added) = topics.take()
                    && let Err(error) = self.change_topics(added).await
                {
                    return Some(told(&error));
                }
                if over {
                    return None;
                }
            }
            tokio::select! {
                biased;
                (cost, carried) = first(&mut sent) => self.carried(cost, carried).await,
                item = self.queue.next(), if !over && topics.is_none() && sent.len() < WINDOW => match item {
                    None => over = true,
                    Some(Item::Topics { added }) => topics = Some(added),
                    Some(item @ Item::Count { .. }) => self.count(item),
                    Some(item) => {
                        self.on_their_way += 1;
                        let cost = item.cost();
                        let mut carried = Box::pin(maybe_done(carry(client, statements, item)));
                        // Now it is sent, whatever else is on its way.
                        poll_fn(|context| Poll::Ready(carried.as_mut().poll(context))).await.is_ready();
                        sent.push_back((cost, carried));
                    }
                },
            }
        }
    }

    /// Listens to all that is to be listened to, and from then on takes what is to be published.
    async fn connect(&mut self) -> Result<(), Error> {
        let mut listened = BTreeSet::new();
        loop {
            self.listen(&mut listened).await?;
            if self.queue.connect(&listened) {
                break;
            }
        }
        self.listened = Some(listened);
        self.listener.hear(Incoming::Listening);
        Ok(())
    }

    async fn change_topics(&mut self, added: bool) -> Result<(), Error> {
        let mut listened = self.listened.take().unwrap_or_default();
        let changed = self.listen(&mut listened).await;
        self.listened = Some(listened);
        if added && changed.is_ok() {
            self.listener.hear(Incoming::Listening);
        }
        changed
    }

    /// Listens to what is to be listened to, instead of what is listened to.
    async fn listen(&self, listened: &mut BTreeSet<String>) -> Result<(), Error> {
        let topics = self.queue.topics();
        let new = topics.difference(listened).map(|channel| format!("LISTEN {};", pintle_broker::quoted(channel)));
        let old = listened.difference(&topics).map(|channel| format!("UNLISTEN {};", pintle_broker::quoted(channel)));
        let commands: String = new.chain(old).collect();
        if !commands.is_empty() {
            self.listening.batch_execute(&commands).await?;
            *listened = topics;
        }
        Ok(())
    }

    async fn carried(&mut self, cost: usize, carried: Result<(), Error>) {
        match carried {
            Ok(()) => drop(self.carried.fetch_add(1, Ordering::Relaxed)),
            // It is still on its way, and never arrives. Whoever reads the connection knows why.
            Err(error) if error.is_closed() => pending().await,
            Err(error) => {
                if std::mem::replace(&mut self.complained, true) {
                    tracing::debug!(error = told(&error), "PostgreSQL has refused a message");
                } else {
                    tracing::warn!(error = told(&error), "PostgreSQL refuses messages");
                }
                self.listener.hear(Incoming::Lost(1));
            }
        }
        self.on_their_way -= 1;
        self.queue.done(cost);
    }

    /// PostgreSQL does not say who listens.
    fn count(&self, item: Item) {
        self.queue.done(item.cost());
        if let Item::Count { request } = item {
            self.listener.hear(Incoming::Counted { request: &request, nodes: None });
        }
    }
}

/// Says a message. Each is a transaction of its own: within one, PostgreSQL tells two equal ones only once.
async fn carry(client: &Client, statements: &Statements, item: Item) -> Result<(), Error> {
    match item {
        Item::Publish { channel, payload } => client.execute(&statements.publish, &[&channel, &payload]).await?,
        Item::Attach { channel, notice, payload } => {
            let unknown = UNKNOWN_ID.to_string();
            client.execute(&statements.attach, &[&payload, &channel, &notice, &unknown]).await?
        }
        Item::Topics { .. } | Item::Count { .. } => 0,
    };
    Ok(())
}

/// The first that was sent, once it is done; it is taken out. Answers come in the order of what was asked.
async fn first<F: Future>(sent: &mut VecDeque<(usize, Pin<Box<MaybeDone<F>>>)>) -> (usize, F::Output) {
    poll_fn(|context| match sent.front_mut() {
        Some((_, carried)) => carried.as_mut().poll(context),
        None => Poll::Pending,
    })
    .await;
    let (cost, mut carried) = sent.pop_front().expect("one of them is done");
    (cost, carried.as_mut().take_output().expect("it is done"))
}

/// Looks whether a connection is still there, on which nothing may be said for a long time; ends if it is not. Where more
/// has happened meanwhile, it is.
async fn watch(client: &Client, happened: &AtomicU64) {
    loop {
        sleep(CHECK_INTERVAL).await;
        let before = happened.load(Ordering::Relaxed);
        if answered(client.check_connection()).await.is_none() && happened.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

/// Removes what was put aside long ago, from time to time.
async fn clean(client: &Client, statement: &Statement, interval: Duration) -> Infallible {
    loop {
        sleep(interval).await;
        if let Err(error) = client.execute(statement, &[&interval.as_secs_f64()]).await {
            tracing::warn!(error = told(&error), "what was put aside cannot be removed");
        }
    }
}

fn closed() -> String {
    "it has closed the connection".to_owned()
}
