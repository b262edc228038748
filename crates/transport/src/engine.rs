//! A server: its sessions, what runs on them, and what it answers.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use pintle_engine::{Intent, Reject, Request as Question, Sid, Token, TransportKind, open_packet};

use crate::actor::Actor;
use crate::clock;
use crate::config::Config;
use crate::handshake::Handshake;
use crate::polling;
use crate::protocol::Protocol;
use crate::registry::Registry;
use crate::response::{self, Reply};
use crate::session::{Mail, SessionHandle};
use crate::websocket;

/// An Engine.IO server; clones are handles to the same one.
pub struct Engine<P>(Arc<Inner<P>>);

struct Inner<P> {
    config: Config,
    limits: Arc<pintle_engine::Config>,
    registry: Arc<Registry>,
    protocol: P,
}

impl<P: Protocol> Engine<P> {
    /// A server on whose sessions `protocol` runs.
    pub fn new(config: Config, protocol: P) -> Self {
        let limits = Arc::new(config.limits.clone());
        Self(Arc::new(Inner { config, limits, registry: Arc::new(Registry::new()), protocol }))
    }

    /// Whether a request's path is the server's.
    pub fn matches(&self, path: &str) -> bool {
        self.0.config.matches(path)
    }

    /// Sessions that are open. Node's `engine.clientsCount`.
    pub fn session_count(&self) -> usize {
        self.0.registry.len()
    }

    /// Every session that is open at this moment.
    pub fn sessions(&self) -> Vec<SessionHandle> {
        self.0.registry.all()
    }

    /// Answers a request whose path [matches](Self::matches).
    pub(crate) async fn serve<B>(self, mut request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: Send,
    {
        let websocket = websocket::is_requested(request.headers());
        let mut session = None;
        let question = Question {
            method: match *request.method() {
                Method::GET => pintle_engine::Method::Get,
                Method::POST => pintle_engine::Method::Post,
                _ => pintle_engine::Method::Other,
            },
            query: request.uri().query().unwrap_or_default(),
            websocket,
        };
        let judged = question.judge(&self.0.limits, |sid| {
            session = self.0.registry.get(sid);
            session.as_ref().map(SessionHandle::transport)
        });
        let intent = match judged {
            Ok(intent) => intent,
            Err(reject) if websocket => return response::reject_websocket(reject),
            Err(reject) => return response::reject(reject),
        };
        if !self.0.config.origins.allows(request.headers(), request.uri().authority()) {
            tracing::debug!("a foreign origin was refused");
            return response::foreign_origin();
        }
        match (intent, session) {
            (Intent::Open(TransportKind::Polling), _) => self.open_polling(request),
            (Intent::Open(TransportKind::WebSocket), _) => self.open_websocket(request),
            (Intent::Poll(_), Some(session)) => polling::poll(session).await,
            (Intent::Push(_), Some(session)) => {
                let headers = std::mem::take(request.headers_mut());
                polling::push(session, headers, request.into_body()).await
            }
            (Intent::Upgrade(_), Some(session)) => upgrade(&session, request),
            _ => response::reject(Reject::UnknownSession),
        }
    }

    fn open_polling<B>(&self, request: Request<B>) -> Reply {
        let now = clock::now();
        let Some(session) = self.session(request, TransportKind::Polling) else {
            return response::status(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let opened = response::opened(open_packet(&self.0.limits, session.sid(), TransportKind::Polling));
        let connection = self.0.protocol.connect(session.clone(), now);
        self.start(Actor::polling(session, self.0.registry.clone(), connection, now));
        opened
    }

    fn open_websocket<B>(&self, mut request: Request<B>) -> Reply {
        let upgrade = hyper::upgrade::on(&mut request);
        let (parts, _) = request.into_parts();
        let headers = match websocket::accept(&parts) {
            Ok(headers) => headers,
            Err((status, message)) => return response::refuse_websocket(status, message),
        };
        let now = clock::now();
        let Some(session) = self.session(Request::from_parts(parts, ()), TransportKind::WebSocket) else {
            return response::status(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let connection = self.0.protocol.connect(session.clone(), now);
        self.start(Actor::websocket(session, self.0.registry.clone(), connection, upgrade, now));
        response::switching(headers)
    }

    /// Starts the task of a session, which others can find from now on.
    fn start(&self, actor: Actor<P::Connection>) {
        actor.register();
        tokio::spawn(actor);
    }

    /// Makes a new session; `None` if the system has no randomness to give.
    fn session<B>(&self, request: Request<B>, transport: TransportKind) -> Option<SessionHandle> {
        let mut entropy = [0; Token::ENTROPY];
        if let Err(error) = getrandom::fill(&mut entropy) {
            tracing::error!(%error, "no randomness for a session id");
            return None;
        }
        let sid = Sid::from_entropy(entropy);
        let handshake = Handshake::new(request.into_parts().0, clock::wall());
        tracing::debug!(?sid, %transport, "session opened");
        Some(SessionHandle::new(sid, self.0.limits.clone(), handshake, transport))
    }
}

fn upgrade<B>(session: &SessionHandle, mut request: Request<B>) -> Reply {
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, _) = request.into_parts();
    match websocket::accept(&parts) {
        Ok(headers) => {
            if session.hand_in(Mail::Upgrade(upgrade)).is_err() {
                return response::reject_websocket(Reject::UnknownSession);
            }
            response::switching(headers)
        }
        Err((status, message)) => response::refuse_websocket(status, message),
    }
}

impl<P> Clone for Engine<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> fmt::Debug for Engine<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.0.config)
            .field("sessions", &self.0.registry.len())
            .finish_non_exhaustive()
    }
}
