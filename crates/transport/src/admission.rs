//! Whether a client may have a session: the application's own word on it.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use http::request::Parts;
use tokio::time::timeout;

use crate::opening::Unopened;
use crate::protocol::Protocol;

/// The answer, to come, to whether a client may have a session. See [`Protocol::admit`].
pub type Admission = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

/// A client may not have a session, and is told so: code 4 and status 403, or status 400 where it asks for a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal for which the client is given this reason.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into() }
    }

    /// What the client is told.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl Default for Refusal {
    /// `Forbidden`, as Node has it where no reason is given.
    fn default() -> Self {
        Self::new("Forbidden")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// What is said to those about whom the application does not say anything.
const TOO_LATE: &str = "Admission timed out";

/// Asks the application, if it wants to be asked.
pub(crate) async fn admit<P: Protocol>(protocol: &P, parts: &Parts, limit: Duration) -> Result<(), Unopened> {
    let Some(mut admission) = guard(|| protocol.admit(parts))? else {
        return Ok(());
    };
    let admitted = poll_fn(|cx| match guard(|| admission.as_mut().poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(panicked) => Poll::Ready(Err(panicked)),
    });
    let Ok(admitted) = timeout(limit, admitted).await else {
        tracing::warn!(?limit, "the admission of a client takes too long: it is refused");
        return Err(Unopened::Refused(Refusal::new(TOO_LATE)));
    };
    admitted?.map_err(Unopened::Refused)
}

/// Runs the application's code. If it panics, it is not run again.
fn guard<T>(run: impl FnOnce() -> T) -> Result<T, Unopened> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        tracing::error!(panic = panic_message(&*panic), "the admission of a client panicked");
        Unopened::Failed
    })
}

/// What a panic says, for a log.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message,
        _ => "no message",
    }
}
