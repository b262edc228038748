//! An error as the client is told of it.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use pintle_proto::ArgsError;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{EmitError, EmitWithAckError, JoinError};
use crate::operator::BroadcastAckError;

/// An error as the client sees it: a message, and data if there is some.
///
/// The error of a handler or of a middleware becomes one through [`IntoAckError`]. Nothing else of it reaches the client:
/// its [source](Self::with_source) is for [`Namespace::on_error`](crate::Namespace::on_error) and the log.
///
/// ```
/// use pintle::ClientError;
///
/// let error = ClientError::new("not allowed").with_data(["admin"]);
/// assert_eq!(serde_json::to_string(&error).unwrap(), r#"{"message":"not allowed","data":["admin"]}"#);
/// ```
// Boxed, for every handler's future has room for one.
#[derive(Clone, Debug)]
pub struct ClientError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    message: Cow<'static, str>,
    data: Option<Box<RawValue>>,
    source: Option<Arc<dyn Error + Send + Sync>>,
    /// The arguments were no JSON: it is the connection that fails, not the handler.
    malformed: bool,
}

impl ClientError {
    /// An error with a message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { message: message.into(), data: None, source: None, malformed: false }))
    }

    /// An error that is no business of the client's: all it is told is `internal error`. The source is for
    /// [`Namespace::on_error`](crate::Namespace::on_error) and the log.
    ///
    /// ```
    /// use pintle::{Ack, ClientError};
    ///
    /// async fn motd() -> Result<Ack<String>, ClientError> {
    ///     let text = read_motd().await.map_err(ClientError::internal)?;
    ///     Ok(Ack(text))
    /// }
    /// # async fn read_motd() -> std::io::Result<String> { Ok(String::new()) }
    /// # let _ = pintle::SocketIoLayer::<()>::new().on("motd", motd);
    /// ```
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unexplained().with_source(source)
    }

    /// An error that is no business of the client's, and of which there is nothing else to say.
    pub(crate) fn unexplained() -> Self {
        Self::new("internal error")
    }

    /// There is no such namespace: word for word what Node says.
    pub(crate) fn invalid_namespace() -> Self {
        Self::new("Invalid namespace")
    }

    /// Adds data. What cannot be written as JSON is left out.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        self.0.data = serde_json::value::to_raw_value(&data)
            .inspect_err(|error| tracing::warn!(%error, "the data of an error is no JSON"))
            .ok();
        self
    }

    /// Adds what is behind it. It never reaches the client.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The data, as JSON.
    pub fn data(&self) -> Option<&RawValue> {
        self.0.data.as_deref()
    }

    pub(crate) const fn is_malformed(&self) -> bool {
        self.0.malformed
    }
}

impl Serialize for ClientError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let fields = 1 + usize::from(self.0.data.is_some());
        let mut error = serializer.serialize_struct("ClientError", fields)?;
        error.serialize_field("message", &self.0.message)?;
        if let Some(data) = &self.0.data {
            error.serialize_field("data", data)?;
        }
        error.end()
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<ArgsError> for ClientError {
    fn from(error: ArgsError) -> Self {
        let malformed = matches!(error, ArgsError::Malformed(_));
        // serde names types and fields of ours: that is not for the client.
        let mut refused = Self::new("unexpected arguments").with_source(error);
        refused.0.malformed = malformed;
        refused
    }
}

impl From<EmitError> for ClientError {
    fn from(error: EmitError) -> Self {
        Self::internal(error)
    }
}

impl From<EmitWithAckError> for ClientError {
    fn from(error: EmitWithAckError) -> Self {
        Self::internal(error)
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> From<BroadcastAckError<T>> for ClientError {
    fn from(error: BroadcastAckError<T>) -> Self {
        Self::internal(error)
    }
}

impl From<JoinError> for ClientError {
    fn from(error: JoinError) -> Self {
        Self::new(error.to_string())
    }
}

/// An error that a handler, a middleware or an extractor may return: what of it the client is told.
///
/// From an event handler it becomes the acknowledgement, if the client asked for one; from a middleware it reaches the
/// client's `connect_error`. In both cases that is `{ message, data }`, and nothing else. To the client's `emitWithAck` an
/// acknowledgement with an error is an answer like any other: it does not throw, and the client looks for the `message`.
///
/// ```
/// use pintle::{ClientError, IntoAckError};
///
/// enum ChatError { Muted, Database(std::io::Error) }
///
/// impl IntoAckError for ChatError {
///     fn into_ack_error(self) -> ClientError {
///         match self {
///             Self::Muted => ClientError::new("you are muted"),
///             Self::Database(error) => ClientError::new("try again later").with_source(error),
///         }
///     }
/// }
/// ```
///
/// A `Box<dyn Error>` is an internal error to the client, so `?` works on whatever a handler does not expect to fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what of it a client may be told",
    label = "not an error for clients",
    note = "implement `IntoAckError` for it, or return a `ClientError` or a `Box<dyn Error + Send + Sync>`"
)]
pub trait IntoAckError {
    /// The error's public face.
    fn into_ack_error(self) -> ClientError;
}

/// Errors of which it is known how to tell a client.
macro_rules! into_ack_error {
    ($($error:ty),*) => {$(
        impl IntoAckError for $error {
            fn into_ack_error(self) -> ClientError {
                self.into()
            }
        }
    )*};
}

into_ack_error!(ClientError, EmitError, EmitWithAckError, JoinError, ArgsError);

impl<T: fmt::Debug + Send + Sync + 'static> IntoAckError for BroadcastAckError<T> {
    fn into_ack_error(self) -> ClientError {
        self.into()
    }
}

impl IntoAckError for Box<dyn Error + Send + Sync> {
    fn into_ack_error(self) -> ClientError {
        ClientError::internal(self)
    }
}

impl IntoAckError for Infallible {
    fn into_ack_error(self) -> ClientError {
        match self {}
    }
}
