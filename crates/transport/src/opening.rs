//! How a session is opened: its client admitted, its id found, its place taken, its task started.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::request::Parts;
use http::{Request, StatusCode};
use hyper::upgrade::OnUpgrade;
use pintle_engine::{Reject, Sid, Token, TransportKind, open_packet};

use crate::actor::Actor;
use crate::admission::{self, Refusal, panic_message};
use crate::clock;
use crate::engine::Engine;
use crate::handshake::Handshake;
use crate::places::Place;
use crate::protocol::Protocol;
use crate::registry::NoSeat;
use crate::response::{self, Reply};
use crate::session::SessionHandle;
use crate::{sync, websocket};

/// Why a session was not opened.
#[derive(Debug)]
pub(crate) enum Unopened {
    /// It is not to be had like this.
    Rejected(Reject),
    /// The application does not want the client.
    Refused(Refusal),
    /// It is no proper request for a WebSocket.
    Improper(StatusCode, &'static str),
    /// No session is opened any more.
    Closed,
    /// There are as many as may be.
    Full,
    /// Something of ours went wrong.
    Failed,
}

impl<P: Protocol> Engine<P> {
    /// Opens a session, if nothing speaks against it.
    pub(crate) async fn open<B>(
        &self,
        mut request: Request<B>,
        transport: TransportKind,
        version: Result<(), Reject>,
    ) -> Reply {
        // Out of the request, which the application is shown and the session keeps.
        let upgrade = hyper::upgrade::on(&mut request);
        let (mut parts, _) = request.into_parts();
        self.protocol().prepare(&mut parts);
        match self.try_open(parts, upgrade, transport, version).await {
            Ok(opened) => opened,
            Err(unopened) => {
                self.handle().metrics().unopened(&unopened);
                response::unopened(&unopened, transport)
            }
        }
    }

    /// In Node's order: `allowRequest`, the protocol's version, `generateId`. Nothing of the session is there before.
    async fn try_open(
        &self,
        parts: Parts,
        upgrade: OnUpgrade,
        transport: TransportKind,
        version: Result<(), Reject>,
    ) -> Result<Reply, Unopened> {
        let server = self.handle();
        if server.is_closed() {
            return Err(Unopened::Closed);
        }
        // Taken before anything is asked: handshakes under way are what there may be too many of.
        let place = self.take_place(&parts)?;
        admission::admit(self.protocol(), &parts, server.config().admission_timeout()).await?;
        version.map_err(Unopened::Rejected)?;
        let headers = match transport {
            TransportKind::WebSocket => {
                let accepted = websocket::accept(&parts);
                Some(accepted.map_err(|(status, message)| Unopened::Improper(status, message))?)
            }
            _ => None,
        };
        let sid = self.new_sid(&parts)?;

        // Counted before it can be found: there is no session without its task.
        let running = server.tasks().start();
        let handshake = Handshake::new(parts, clock::wall());
        let session = SessionHandle::new(sid, server.limits().clone(), handshake, transport);
        let seat = server.registry().seat(session.clone(), place).map_err(|none| match none {
            NoSeat::Closed => Unopened::Closed,
            NoSeat::Taken => {
                tracing::error!(?sid, "the id of a new session is that of another one");
                Unopened::Rejected(Reject::BadRequest)
            }
        })?;
        tracing::debug!(?sid, %transport, "session opened");
        let now = clock::now();
        // Should this panic, the seat is given up again.
        let connection = self.protocol().connect(session, now);
        let metrics = server.metrics().clone();
        let (actor, reply) = match headers {
            Some(headers) => {
                let actor = Actor::websocket(seat, running, metrics, connection, upgrade, now);
                (actor, response::switching(headers))
            }
            None => {
                let opened = response::opened(open_packet(server.limits(), &sid, transport));
                (Actor::polling(seat, running, metrics, connection, now), opened)
            }
        };
        sync::spawn(actor);
        Ok(reply)
    }

    /// A place for a new session, where they are counted.
    fn take_place(&self, parts: &Parts) -> Result<Option<Box<Place>>, Unopened> {
        let Some(places) = self.handle().places() else {
            return Ok(None);
        };
        places.take(|| self.protocol().address(parts)).map(Some).map_err(|none| {
            tracing::debug!(?none, "no place for another session");
            Unopened::Full
        })
    }

    /// An id for a new session: the application's, if it wants to choose.
    fn new_sid(&self, parts: &Parts) -> Result<Sid, Unopened> {
        const BAD_REQUEST: Unopened = Unopened::Rejected(Reject::BadRequest);
        let Some(generate) = self.handle().config().generate_sid() else {
            return random_sid();
        };
        let id = catch_unwind(AssertUnwindSafe(|| generate(parts))).map_err(|panic| {
            tracing::error!(panic = panic_message(&*panic), "the generator of session ids panicked");
            BAD_REQUEST
        })?;
        Sid::parse(&id).ok_or_else(|| {
            // Not the id itself: but for a slip it would be a secret.
            tracing::error!(length = id.len(), "a session id must be 20 characters of A-Z, a-z, 0-9, - and _");
            BAD_REQUEST
        })
    }
}

fn random_sid() -> Result<Sid, Unopened> {
    let mut entropy = [0; Token::ENTROPY];
    getrandom::fill(&mut entropy).map_err(|error| {
        tracing::error!(%error, "no randomness for a session id");
        Unopened::Failed
    })?;
    Ok(Sid::from_entropy(entropy))
}
