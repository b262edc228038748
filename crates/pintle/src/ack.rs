//! Acknowledgements, both ways: what a handler answers, and what a client is waited for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use pintle_proto::{Args, Encoded, MAX_ACK_ID};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use crate::clock;
use crate::error::{EmitError, EmitWithAckError, MissingAcks};
use crate::quoted;
use crate::socket::Socket;

/// What a handler returns to acknowledge an event with `T`: a tuple is several arguments, `()` none, anything else one, as in
/// [`Socket::emit`].
///
/// If the client did not ask for an acknowledgement, nothing is sent.
///
/// ```
/// use pintle::{Ack, Data};
///
/// async fn double(Data(n): Data<i64>) -> Ack<i64> {
///     Ack(2 * n)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack<T>(pub T);

/// Acknowledges an event later, or from elsewhere: an extractor for handlers whose return value is not the answer.
///
/// Dropped without an answer, it leaves the client waiting. Its place is before [`Data`](crate::Data), which is the last
/// argument of a handler.
///
/// ```
/// use pintle::{AckSender, Data, SocketIoLayer};
///
/// async fn build(ack: AckSender, Data(target): Data<String>) {
///     tokio::spawn(async move {
///         // … something slow …
///         if let Err(error) = ack.send(format!("{target} is built")) {
///             println!("nobody waits any more: {error}");
///         }
///     });
/// }
///
/// let layer: SocketIoLayer = SocketIoLayer::new().on("build", build);
/// # let _ = layer;
/// ```
#[derive(Debug)]
pub struct AckSender {
    socket: Socket,
    /// `None` if the client did not ask.
    asked: Option<Asked>,
}

/// An acknowledgement that a client asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    id: u64,
    /// Whether it has been given, where it is not one handler alone that may.
    given: Option<Arc<AtomicBool>>,
}

impl Asked {
    /// By an event that has one handler, or several that may give it.
    pub(crate) fn new(id: u64, of_several: bool) -> Self {
        Self { id, given: of_several.then(Arc::default) }
    }
}

impl AckSender {
    pub(crate) const fn new(socket: Socket, asked: Option<Asked>) -> Self {
        Self { socket, asked }
    }

    /// Whether the client asked for an acknowledgement.
    pub const fn is_wanted(&self) -> bool {
        self.asked.is_some()
    }

    /// Sends the acknowledgement, if the client asked for one, and another handler of the event was not faster.
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit`].
    pub fn send(self, data: impl Serialize) -> Result<(), EmitError> {
        self.encode(&data).map_or(Ok(()), |packet| self.deliver(packet?))
    }

    /// The acknowledgement in wire form; `None` if the client did not ask for one.
    pub(crate) fn encode(&self, data: &impl Serialize) -> Option<Result<Encoded, EmitError>> {
        let encode = |asked: &Asked| Encoded::ack(self.socket.namespace(), asked.id, data).map_err(EmitError::from);
        self.asked.as_ref().map(encode)
    }

    /// Sends what [`encode`](Self::encode) has made.
    pub(crate) fn deliver(&self, packet: Encoded) -> Result<(), EmitError> {
        let given = self.asked.as_ref().and_then(|asked| asked.given.as_ref());
        if given.is_some_and(|given| given.swap(true, Ordering::AcqRel)) {
            return Ok(());
        }
        self.socket.deliver(packet)
    }
}

/// The wait for acknowledgements: what [`Socket::emit_with_ack`] and its kin give. Dropped, it waits no longer.
#[must_use = "the event is on its way, but nobody waits for the acknowledgement"]
pub struct AckFuture<O>(Pin<Box<dyn Future<Output = O> + Send>>);

impl<O> AckFuture<O> {
    pub(crate) fn new(future: impl Future<Output = O> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }
}

impl<O> Future for AckFuture<O> {
    type Output = O;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        self.0.as_mut().poll(cx)
    }
}

impl<O> fmt::Debug for AckFuture<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckFuture").finish_non_exhaustive()
    }
}

/// The ids of acknowledgements, from 0 to [`MAX_ACK_ID`], and then from 0 again: a client answers a greater one with another
/// number. One that is still waited for after so many others is not given twice: [`PendingAcks`](pintle_proto::PendingAcks)
/// refuses it.
#[derive(Debug, Default)]
pub(crate) struct AckIds(AtomicU64);

impl AckIds {
    pub(crate) fn next(&self) -> u64 {
        // The counter itself begins anew at a multiple of that.
        self.0.fetch_add(1, Ordering::Relaxed) & MAX_ACK_ID
    }
}

/// Who waits for a client's acknowledgement.
#[derive(Debug)]
pub(crate) enum Waiter {
    One(oneshot::Sender<Args>),
    /// One of many that a broadcast waits for.
    Many(mpsc::Sender<Args>),
}

/// Gives the acknowledgement to who waits for it, if somebody still does.
pub(crate) fn deliver(waiter: Waiter, args: Args) {
    match waiter {
        Waiter::One(sender) => drop(sender.send(args)),
        // The channel has room for every answer.
        Waiter::Many(sender) => drop(sender.try_send(args)),
    }
}

/// Removes what is waited for from the sockets when nobody waits any more.
#[derive(Debug)]
pub(crate) struct Awaited {
    id: u64,
    sockets: Vec<Socket>,
}

impl Drop for Awaited {
    fn drop(&mut self) {
        for socket in &self.sockets {
            socket.forget_ack(self.id);
        }
    }
}

/// Emits to one socket, and gives what to wait for.
pub(crate) fn ask(
    socket: &Socket,
    event: &str,
    data: &impl Serialize,
    volatile: bool,
) -> Result<(oneshot::Receiver<Args>, Awaited), EmitWithAckError> {
    let id = socket.nsp().next_ack_id();
    let packet = Encoded::event(socket.namespace(), Some(id), event, data).map_err(EmitError::from)?;
    let (sender, receiver) = oneshot::channel();
    // Before it is sent: the answer may come at once.
    socket.await_ack(id, Waiter::One(sender)).map_err(|_| EmitWithAckError::TooMany)?;
    let awaited = Awaited { id, sockets: vec![socket.clone()] };
    if !socket.deliver_as(&packet, volatile)? {
        // Nobody will answer what was dropped.
        return Err(EmitWithAckError::Timeout);
    }
    socket.notify_outgoing(&packet);
    Ok((receiver, awaited))
}

/// Waits for the acknowledgement of one socket.
pub(crate) async fn answer<T: DeserializeOwned>(
    asked: Result<(oneshot::Receiver<Args>, Awaited), EmitWithAckError>,
    timeout: Duration,
) -> Result<T, EmitWithAckError> {
    let (receiver, _awaited) = asked?;
    let args = match clock::within(timeout, receiver).await {
        None => return Err(EmitWithAckError::Timeout),
        Some(Err(_)) => return Err(EmitWithAckError::Disconnected),
        Some(Ok(args)) => args,
    };
    args.deserialize().map_err(EmitWithAckError::Unexpected)
}

/// What a broadcast asks the sockets of one namespace.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) sockets: Vec<Socket>,
    pub(crate) id: u64,
    pub(crate) packet: Encoded,
    pub(crate) volatile: bool,
}

/// What a broadcast waits for.
#[derive(Debug)]
pub(crate) struct AskedMany {
    receiver: mpsc::Receiver<Args>,
    awaited: Vec<Awaited>,
}

impl AskedMany {
    /// The next answer; `None` when all have answered or gone.
    pub(crate) async fn next(&mut self) -> Option<Args> {
        self.receiver.recv().await
    }
}

/// Emits to many sockets, with one id and one encoding for each namespace, and gives what to wait for.
pub(crate) fn ask_many(questions: Vec<Question>) -> AskedMany {
    let expected: usize = questions.iter().map(|question| question.sockets.len()).sum();
    let (sender, receiver) = mpsc::channel(expected.max(1));
    let ask = |Question { sockets, id, packet, volatile }| {
        for socket in &sockets {
            // Before it is sent: the answer may come at once.
            if socket.await_ack(id, Waiter::Many(sender.clone())).is_err() {
                continue;
            }
            match socket.deliver_as(&packet, volatile) {
                Ok(true) => socket.notify_outgoing(&packet),
                Ok(false) | Err(_) => socket.forget_ack(id),
            }
        }
        Awaited { id, sockets }
    };
    AskedMany { receiver, awaited: questions.into_iter().map(ask).collect() }
}

/// The answers of many, and how many are missing.
#[derive(Debug)]
pub(crate) struct Gathered<T> {
    pub(crate) answers: Vec<T>,
    pub(crate) missing: usize,
}

impl<T> Gathered<T> {
    /// The answers, if none is missing.
    pub(crate) fn complete(self) -> Result<Vec<T>, MissingAcks<T>> {
        let Self { answers: responses, missing } = self;
        if missing == 0 { Ok(responses) } else { Err(MissingAcks { responses, missing }) }
    }
}

/// What is gathered from several sides.
impl<T> FromIterator<Self> for Gathered<T> {
    fn from_iter<I: IntoIterator<Item = Self>>(all: I) -> Self {
        let mut gathered = Self { answers: Vec::new(), missing: 0 };
        for Self { answers, missing } in all {
            gathered.answers.extend(answers);
            gathered.missing = gathered.missing.saturating_add(missing);
        }
        gathered
    }
}

/// Waits for the acknowledgements of many sockets. The channel closes when all have answered or gone.
pub(crate) async fn answers<T: DeserializeOwned>(mut asked: AskedMany, timeout: Duration) -> Gathered<T> {
    let expected = asked.awaited.iter().map(|awaited| awaited.sockets.len()).sum();
    let mut answers = Vec::with_capacity(expected);
    let collect = async {
        while let Some(args) = asked.next().await {
            answers.extend(read(&args));
        }
    };
    // In time or not: what has come counts.
    let _ = clock::within(timeout, collect).await;
    let missing = expected - answers.len();
    Gathered { answers, missing }
}

/// One answer of many, if it is of the wanted type.
pub(crate) fn read<T: DeserializeOwned>(args: &Args) -> Option<T> {
    args.deserialize()
        .inspect_err(|error| {
            let error = error.to_string();
            let error = quoted::message(&error);
            tracing::debug!(?error, "an acknowledgement is not of the wanted type");
        })
        .ok()
}

/// The name of an event, shared by all who see one.
pub(crate) type EventName = Arc<str>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h187_ids_begin_anew_where_javascript_can_count_no_further() {
        for start in [MAX_ACK_ID - 1, u64::MAX - 1] {
            let ids = AckIds(AtomicU64::new(start));
            assert_eq!([(); 4].map(|()| ids.next()), [MAX_ACK_ID - 1, MAX_ACK_ID, 0, 1]);
        }
    }
}
