//! A handler that did not end well.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::ClientError;

/// Why a handler did not end well: an extractor of [`Namespace::on_error`](crate::Namespace::on_error) handlers.
///
/// `Display` is for a log: what the client was told, and what is behind it. A client has a hand in some of that, so quote it.
#[derive(Clone, Debug)]
pub struct HandlerError(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    kind: HandlerErrorKind,
    event: Option<Arc<str>>,
    error: ClientError,
}

/// What went wrong with a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerErrorKind {
    /// The handler returned an error.
    Returned,
    /// An extractor refused, and the handler was not called.
    Extractor,
    /// The client sent what is no packet, or no JSON. Its connection closes.
    Decode,
    /// The handler panicked.
    Panic,
    /// A layer of [`Namespace::layer`](crate::Namespace::layer) failed: a timeout, for instance.
    Layer,
}

impl HandlerError {
    pub(crate) fn new(kind: HandlerErrorKind, error: ClientError) -> Self {
        Self(Arc::new(Inner { kind, event: None, error }))
    }

    /// The same, of the handler of this event.
    pub(crate) fn of_event(self, event: &Arc<str>) -> Self {
        let Inner { kind, ref error, .. } = *self.0;
        Self(Arc::new(Inner { kind, event: Some(event.clone()), error: error.clone() }))
    }

    /// What went wrong.
    pub fn kind(&self) -> HandlerErrorKind {
        self.0.kind
    }

    /// The event whose handler it was; `None` if it was that of a connection or disconnection.
    pub fn event(&self) -> Option<&str> {
        self.0.event.as_deref()
    }

    /// What the client was told, or would have been had it asked.
    pub fn error(&self) -> &ClientError {
        &self.0.error
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.0.error.message();
        match self.0.error.source().map(ToString::to_string) {
            // Some say the same and more.
            Some(source) if source.starts_with(message) => f.write_str(&source),
            Some(source) => write!(f, "{message}: {source}"),
            None => f.write_str(message),
        }
    }
}

impl Error for HandlerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.error.source()
    }
}
