//! A server: its sessions, what runs on them, and what it answers.

use std::fmt;
use std::sync::Arc;

use http::{Method, Request};
use http_body::Body;
use pintle_engine::{Intent, Reject, Request as Question};

use crate::barred::{Barred, check_binding};
use crate::future::Serving;
use crate::handle::EngineHandle;
use crate::polling;
use crate::protocol::Protocol;
use crate::response::{self, Reply};
use crate::session::{Mail, SessionHandle};
use crate::websocket;

/// An Engine.IO server; clones are handles to the same one.
pub struct Engine<P>(Arc<Inner<P>>);

struct Inner<P> {
    handle: EngineHandle,
    protocol: P,
}

impl<P: Protocol> Engine<P> {
    /// The server of `handle`, with `protocol` on its sessions.
    pub fn new(handle: EngineHandle, protocol: P) -> Self {
        Self(Arc::new(Inner { handle, protocol }))
    }

    /// Whether a request's path is the server's.
    pub(crate) fn matches(&self, path: &str) -> bool {
        self.handle().config().matches(path)
    }

    /// The server without its protocol.
    pub fn handle(&self) -> &EngineHandle {
        &self.0.handle
    }

    /// Answers a request whose path [matches](Self::matches).
    ///
    /// What a GET or an upgrade asks for is handed to the session here and now, and nothing is kept of the request.
    pub(crate) fn serve<B>(&self, request: Request<B>) -> Serving
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Send,
    {
        let websocket = websocket::is_requested(&request);
        let mut session = None;
        let question = Question {
            method: match *request.method() {
                Method::GET => pintle_engine::Method::Get,
                Method::POST => pintle_engine::Method::Post,
                // What a GET asks for over HTTP/1.1.
                Method::CONNECT if websocket => pintle_engine::Method::Get,
                _ => pintle_engine::Method::Other,
            },
            query: request.uri().query().unwrap_or_default(),
            websocket,
        };
        let judged = question.judge(self.handle().limits(), |sid| {
            session = self.handle().registry().get(sid);
            session.as_ref().map(SessionHandle::transport)
        });
        let intent = match judged {
            Ok(intent) => intent,
            Err(reject) => return Serving::done(self.reject(reject, websocket)),
        };
        let config = self.handle().config();
        if let Err(barred) = Barred::check(config, &request) {
            return Serving::done(self.bar(barred, websocket));
        }
        let request = match (config.bind_session(), &session) {
            (Some(bind), Some(session)) => match check_binding(bind, session, request) {
                Ok(request) => request,
                Err(barred) => return Serving::done(self.bar(barred, websocket)),
            },
            _ => request,
        };
        match (intent, session) {
            (Intent::Open { transport, version }, _) => {
                let engine = self.clone();
                Serving::at_work(async move { engine.open(request, transport, version).await })
            }
            (Intent::Poll(_), Some(session)) => polling::poll(&session),
            (Intent::Push(_), Some(session)) => {
                let binary = polling::is_binary(request.headers());
                let metrics = self.handle().metrics().clone();
                Serving::at_work(polling::push(session, metrics, binary, request.into_body()))
            }
            (Intent::Upgrade(_), Some(session)) => Serving::done(upgrade(&session, request)),
            _ => Serving::done(response::reject(Reject::UnknownSession)),
        }
    }

    fn reject(&self, reject: Reject, websocket: bool) -> Reply {
        self.handle().metrics().rejected(reject);
        if websocket { response::reject_websocket(reject) } else { response::reject(reject) }
    }

    fn bar(&self, barred: Barred, websocket: bool) -> Reply {
        self.handle().metrics().barred(barred);
        barred.refuse(websocket)
    }

    pub(crate) fn protocol(&self) -> &P {
        &self.0.protocol
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
        f.debug_struct("Engine").field("handle", &self.0.handle).finish_non_exhaustive()
    }
}
