//! Acknowledgements, both ways: what a handler answers, and what a client is waited for.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pintle_proto::{Args, Encoded};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};

use crate::clock;
use crate::error::{ClientError, EmitError, EmitWithAckError, IntoAckError, MissingAcks};
use crate::socket::Socket;

/// What a handler returns to acknowledge an event with `T`: a tuple is several arguments, `()` none, anything else one.
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
/// Dropped without an answer, it leaves the client waiting.
///
/// ```
/// use pintle::{AckSender, Data};
///
/// async fn build(Data(target): Data<String>, ack: AckSender) {
///     tokio::spawn(async move {
///         // … something slow …
///         if let Err(error) = ack.send(format!("{target} is built")) {
///             println!("nobody waits any more: {error}");
///         }
///     });
/// }
/// ```
#[derive(Debug)]
pub struct AckSender {
    socket: Socket,
    /// `None` if the client did not ask.
    id: Option<u64>,
}

impl AckSender {
    pub(crate) const fn new(socket: Socket, id: Option<u64>) -> Self {
        Self { socket, id }
    }

    /// Whether the client asked for an acknowledgement.
    pub const fn is_wanted(&self) -> bool {
        self.id.is_some()
    }

    /// Sends the acknowledgement, if the client asked for one.
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit`].
    pub fn send(self, data: impl Serialize) -> Result<(), EmitError> {
        self.answer(&data)
    }

    /// Acknowledges with an error.
    pub(crate) fn refuse(self, error: &ClientError) {
        // If the client is gone, so is whoever waited.
        let _ = self.answer(error);
    }

    fn answer(&self, data: &impl Serialize) -> Result<(), EmitError> {
        match self.id {
            Some(id) => self.socket.send(&Encoded::ack(self.socket.namespace(), id, data)?),
            None => Ok(()),
        }
    }
}

/// What an event handler may return: `()`, [`Ack`], or a `Result` of these whose error is [`IntoAckError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from an event handler",
    label = "not an answer",
    note = "return `()`, `Ack<T>`, `Result<(), E>` or `Result<Ack<T>, E>` where `E: IntoAckError`"
)]
pub trait IntoReply {
    /// Answers, if there is something to say and somebody asked.
    #[doc(hidden)]
    fn reply(self, sender: AckSender) -> Result<(), ClientError>;
}

impl IntoReply for () {
    fn reply(self, _: AckSender) -> Result<(), ClientError> {
        Ok(())
    }
}

impl<T: Serialize> IntoReply for Ack<T> {
    fn reply(self, sender: AckSender) -> Result<(), ClientError> {
        match sender.answer(&self.0) {
            Err(error) if error.is_encode() => {
                tracing::error!(%error, "an acknowledgement cannot be encoded");
                let error = ClientError::internal();
                sender.refuse(&error);
                Err(error)
            }
            // The client is gone, and with it whoever waited.
            _ => Ok(()),
        }
    }
}

impl<R: IntoReply, E: IntoAckError> IntoReply for Result<R, E> {
    fn reply(self, sender: AckSender) -> Result<(), ClientError> {
        match self {
            Ok(reply) => reply.reply(sender),
            Err(error) => {
                let error = error.into_ack_error();
                sender.refuse(&error);
                Err(error)
            }
        }
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
) -> Result<(oneshot::Receiver<Args>, Awaited), EmitWithAckError> {
    let id = socket.nsp().next_ack_id();
    let packet = Encoded::event(socket.namespace(), Some(id), event, data).map_err(EmitError::from)?;
    let (sender, receiver) = oneshot::channel();
    // Before it is sent: the answer may come at once.
    socket.await_ack(id, Waiter::One(sender)).map_err(|_| EmitWithAckError::TooMany)?;
    let awaited = Awaited { id, sockets: vec![socket.clone()] };
    socket.send(&packet)?;
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
    args.deserialize().map_err(|error| EmitWithAckError::Unexpected(error.to_string()))
}

/// What a broadcast waits for.
#[derive(Debug)]
pub(crate) struct AskedMany {
    receiver: mpsc::Receiver<Args>,
    awaited: Awaited,
}

/// Emits to many sockets with one id and one encoding, and gives what to wait for.
pub(crate) fn ask_many(sockets: Vec<Socket>, id: u64, packet: &Encoded) -> AskedMany {
    let (sender, receiver) = mpsc::channel(sockets.len().max(1));
    for socket in &sockets {
        if socket.await_ack(id, Waiter::Many(sender.clone())).is_ok() && socket.send(packet).is_err() {
            socket.forget_ack(id);
        }
    }
    AskedMany { receiver, awaited: Awaited { id, sockets } }
}

/// Waits for the acknowledgements of many sockets. The channel closes when all have answered or gone.
pub(crate) async fn answers<T: DeserializeOwned>(
    asked: AskedMany,
    timeout: Duration,
) -> Result<Vec<T>, MissingAcks<T>> {
    let AskedMany { mut receiver, awaited } = asked;
    let expected = awaited.sockets.len();
    let mut responses = Vec::with_capacity(expected);
    let collect = async {
        while let Some(args) = receiver.recv().await {
            match args.deserialize() {
                Ok(response) => responses.push(response),
                Err(error) => tracing::debug!(%error, "an acknowledgement is not of the wanted type"),
            }
        }
    };
    // In time or not: what has come counts.
    let _ = clock::within(timeout, collect).await;
    if responses.len() == expected {
        Ok(responses)
    } else {
        let missing = expected - responses.len();
        Err(MissingAcks { responses, missing })
    }
}

/// The name of an event, shared by all who see one.
pub(crate) type EventName = Arc<str>;
