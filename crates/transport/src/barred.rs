//! Requests that are turned away whatever they want: for whom they name, where they come from, or who sends them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::{Request, StatusCode};
use pintle_engine::Reject;

use crate::admission::panic_message;
use crate::config::{BindSession, Config};
use crate::response::{self, Reply};
use crate::session::SessionHandle;

/// Why a request is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barred {
    /// It is for a host that is not served.
    Host,
    /// It comes from a page of another origin.
    Origin,
    /// It is not of the client that opened the session, the application says.
    Stranger,
    /// The application cannot say.
    Panicked,
}

impl Barred {
    /// What there is to say against a request, whoever sends it.
    pub(crate) fn check<B>(config: &Config, request: &Request<B>) -> Result<(), Self> {
        let authority = request.uri().authority();
        if !config.hosts.allows(request.headers(), authority) {
            return Err(Self::Host);
        }
        if !config.origins.allows(request.headers(), authority) {
            return Err(Self::Origin);
        }
        Ok(())
    }

    /// The answer, and word of it in the log.
    pub(crate) fn refuse(self, websocket: bool) -> Reply {
        match self {
            Self::Host => {
                tracing::debug!("a request for a host that is not allowed was refused");
                response::forbidden(response::HOST)
            }
            Self::Origin => {
                tracing::debug!("a foreign origin was refused");
                response::forbidden(response::ORIGIN)
            }
            Self::Stranger => {
                tracing::debug!("a request that is not of its session's client was refused");
                // As if there were no such session: a stranger need not know.
                match websocket {
                    true => response::reject_websocket(Reject::UnknownSession),
                    false => response::reject(Reject::UnknownSession),
                }
            }
            Self::Panicked => response::status(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

/// Asks the application whether a request is of the client that opened the session. Gives the request back.
pub(crate) fn check_binding<B>(
    bind: &BindSession,
    session: &SessionHandle,
    request: Request<B>,
) -> Result<Request<B>, Barred> {
    let (parts, body) = request.into_parts();
    match catch_unwind(AssertUnwindSafe(|| bind(session.handshake(), &parts))) {
        Ok(true) => Ok(Request::from_parts(parts, body)),
        Ok(false) => Err(Barred::Stranger),
        Err(panic) => {
            tracing::error!(panic = panic_message(&*panic), "what binds sessions to their clients panicked");
            Err(Barred::Panicked)
        }
    }
}
