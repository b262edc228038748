//! What came of an event.

use std::any::Any;
use std::fmt;

use pintle_adapter::cluster::Said;
use pintle_proto::Encoded;
use pintle_transport::panic_message;
use serde::Serialize;

use crate::ack::{Ack, AckSender, Asked};
use crate::error::{ClientError, HandlerError, HandlerErrorKind, IntoAckError};
use crate::socket::Socket;

/// What came of an event: what the layers of a [`Namespace`](crate::Namespace::layer) get back from its handlers.
#[derive(Default)]
#[must_use = "it holds the acknowledgement"]
pub struct EventResponse {
    answer: Answer,
    errors: Vec<HandlerError>,
}

/// What the client is answered, if it asked for that.
#[derive(Default)]
enum Answer {
    #[default]
    None,
    Ack(Encoded),
    /// The first of the errors.
    Error,
}

impl EventResponse {
    /// Nothing to say: the client is not answered.
    pub const fn empty() -> Self {
        Self { answer: Answer::None, errors: Vec::new() }
    }

    /// An error: it becomes the acknowledgement, if the client asked for one, and reaches
    /// [`Namespace::on_error`](crate::Namespace::on_error).
    pub fn error(error: impl IntoAckError) -> Self {
        Self::failed(HandlerErrorKind::Layer, error.into_ack_error())
    }

    /// What went wrong, if something has.
    pub fn errors(&self) -> &[HandlerError] {
        &self.errors
    }

    /// Whether something went wrong.
    pub fn is_error(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether there is an acknowledgement in it.
    pub const fn is_answered(&self) -> bool {
        !matches!(self.answer, Answer::None)
    }

    /// An error that is the client's answer.
    pub(crate) fn failed(kind: HandlerErrorKind, error: ClientError) -> Self {
        Self { answer: Answer::Error, errors: vec![HandlerError::new(kind, error)] }
    }

    /// An error of which the client is not told: it is answered by other means, or there is nothing to answer.
    pub(crate) fn failed_silently(kind: HandlerErrorKind, error: ClientError) -> Self {
        Self { answer: Answer::None, errors: vec![HandlerError::new(kind, error)] }
    }

    /// "No", and nothing has gone wrong.
    pub(crate) const fn refusal() -> Self {
        Self { answer: Answer::Error, errors: Vec::new() }
    }

    /// What was refused before the handler was called: with the error of an extractor.
    pub(crate) fn rejected(error: ClientError) -> Self {
        let kind = if error.is_malformed() { HandlerErrorKind::Decode } else { HandlerErrorKind::Extractor };
        Self::failed(kind, error)
    }

    /// A handler panicked.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        Self::failed(HandlerErrorKind::Panic, ClientError::internal(panic_message(panic)))
    }

    /// What went wrong, where there is nobody to answer.
    pub(crate) fn into_errors(self) -> Vec<HandlerError> {
        self.errors
    }

    /// Adds what another handler of the same event came to. The first answer counts.
    pub(crate) fn merge(&mut self, other: Self) {
        if !self.is_answered() {
            self.answer = other.answer;
            // The error that is the answer comes first.
            self.errors.splice(0..0, other.errors);
        } else {
            self.errors.extend(other.errors);
        }
    }

    /// Sends the answer to the client that asked for it, and gives what went wrong.
    pub(crate) fn finish(self, socket: &Socket, asked: Option<Asked>) -> Vec<HandlerError> {
        let sender = || AckSender::new(socket.clone(), asked);
        // In each case: if the client is gone, so is whoever waited.
        match self.answer {
            Answer::None => {}
            Answer::Ack(packet) => drop(sender().deliver(packet)),
            Answer::Error => {
                if let Some(error) = self.errors.first().filter(|error| !error.error().is_malformed()) {
                    drop(sender().send(error.error()));
                }
            }
        }
        self.errors
    }
}

impl fmt::Debug for EventResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventResponse")
            .field("answered", &self.is_answered())
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}

/// What a handler of events, of clients or of other servers, may return: `()`, [`Ack`], or a `Result` of these whose error is
/// [`IntoAckError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from an event handler",
    label = "not an answer",
    note = "return `()`, `Ack<T>`, `Result<(), E>` or `Result<Ack<T>, E>` where `E: IntoAckError`"
)]
pub trait IntoReply {
    /// Answers, if there is something to say and somebody asked.
    #[doc(hidden)]
    fn into_response(self, sender: &AckSender) -> EventResponse;

    /// What another server is answered, if there is something to say.
    #[doc(hidden)]
    fn into_side_answer(self) -> Result<Option<Said>, HandlerError>;
}

impl IntoReply for () {
    fn into_response(self, _: &AckSender) -> EventResponse {
        EventResponse::empty()
    }

    fn into_side_answer(self) -> Result<Option<Said>, HandlerError> {
        Ok(None)
    }
}

impl<T: Serialize> IntoReply for Ack<T> {
    fn into_response(self, sender: &AckSender) -> EventResponse {
        match sender.encode(&self.0) {
            None => EventResponse::empty(),
            Some(Ok(packet)) => EventResponse { answer: Answer::Ack(packet), errors: Vec::new() },
            Some(Err(error)) => EventResponse::failed(HandlerErrorKind::Returned, ClientError::internal(error)),
        }
    }

    fn into_side_answer(self) -> Result<Option<Said>, HandlerError> {
        side_answer(&self.0).map(Some).map_err(|error| HandlerError::new(HandlerErrorKind::Returned, error))
    }
}

impl<R: IntoReply, E: IntoAckError> IntoReply for Result<R, E> {
    fn into_response(self, sender: &AckSender) -> EventResponse {
        match self {
            Ok(reply) => reply.into_response(sender),
            Err(error) if sender.is_wanted() => {
                EventResponse::failed(HandlerErrorKind::Returned, error.into_ack_error())
            }
            Err(error) => EventResponse::failed_silently(HandlerErrorKind::Returned, error.into_ack_error()),
        }
    }

    fn into_side_answer(self) -> Result<Option<Said>, HandlerError> {
        let returned = |error: E| HandlerError::new(HandlerErrorKind::Returned, error.into_ack_error());
        self.map_err(returned)?.into_side_answer()
    }
}

/// Data as what another server is answered: its first value, which is all that Node's adapters pass on.
pub(crate) fn side_answer(data: &impl Serialize) -> Result<Said, ClientError> {
    let packet = Encoded::event("/", None, "answer", data).map_err(ClientError::internal)?;
    let (_, args) = packet.event_args().ok_or_else(|| ClientError::internal("nobody could read the answer"))?;
    Ok(Said::SideEmit(args.values()?.into_iter().next()))
}
