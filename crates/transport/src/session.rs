//! A session as the rest of the program sees it: a handle, and behind it the mailbox of its actor.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use pintle_engine::{CloseReason, Config, Frame, Outbox, Session, Sid, TransportKind};
use tokio::sync::oneshot;

use crate::handshake::Handshake;

/// A session, from outside of its actor. Clones are handles to the same session.
#[derive(Clone)]
pub struct SessionHandle(Arc<Shared>);

/// What the actor shares with the world.
struct Shared {
    sid: Sid,
    config: Arc<Config>,
    handshake: Handshake,
    mailbox: Mutex<Mailbox>,
}

/// What others leave for the actor. Everything under one short lock, so that one wake tells of it all.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) outbox: Outbox,
    pub(crate) requests: Vec<Request>,
    pub(crate) command: Option<Command>,
    /// The current transport, for those who must know without asking the actor.
    pub(crate) transport: TransportKind,
    /// A GET waits, so that something could go out at once.
    pub(crate) polled: bool,
    /// A POST is being read or handled.
    pub(crate) pushing: bool,
    pub(crate) closed: bool,
    /// The connection is to be polled once more, whatever else there is to do.
    poll_again: bool,
    waker: Option<Waker>,
    /// The actor runs or has been woken: it will look here without being told.
    awake: bool,
}

/// An HTTP request that concerns the session.
#[derive(Debug)]
pub(crate) enum Request {
    /// A GET that waits for what there is to say.
    Poll(oneshot::Sender<Answer>),
    /// The whole body of a POST.
    Push(Bytes, oneshot::Sender<Answer>),
    /// A WebSocket that may take over.
    Upgrade(OnUpgrade),
}

/// What the HTTP side answers.
#[derive(Debug)]
pub(crate) enum Answer {
    /// 200 and a payload.
    Payload(String),
    /// 200 and `ok`.
    Done,
    /// 400 and no body: the request was out of order.
    Refused,
}

/// What the application, or the HTTP side, wants of the session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Command {
    /// Close when what waits has gone out.
    Close,
    /// Close now.
    Abort(CloseReason),
}

impl Command {
    pub(crate) fn apply(self, session: &mut Session, now: Instant) {
        match self {
            Self::Close => session.close(now),
            Self::Abort(reason) => session.abort(reason),
        }
    }
}

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The session is over.
    Closed,
    /// The client does not read fast enough. The session closes with [`CloseReason::Overflow`].
    Full,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the session is closed",
            Self::Full => "the client does not read fast enough",
        })
    }
}

impl std::error::Error for SendError {}

impl SessionHandle {
    pub(crate) fn new(sid: Sid, config: Arc<Config>, handshake: Handshake, transport: TransportKind) -> Self {
        Self(Arc::new(Shared {
            sid,
            config,
            handshake,
            mailbox: Mutex::new(Mailbox {
                outbox: Outbox::default(),
                requests: Vec::new(),
                command: None,
                transport,
                polled: false,
                pushing: false,
                closed: false,
                poll_again: false,
                waker: None,
                awake: true,
            }),
        }))
    }

    /// Queues the frames of one packet, all or none. Never blocks.
    ///
    /// # Errors
    ///
    /// When the session is over, or its outbox is full; then it closes.
    pub fn send(&self, frames: &[Frame]) -> Result<(), SendError> {
        self.push(&mut self.lock(), frames)
    }

    /// Queues the frames only if they can go out at once, and says whether they were. Node's `volatile`.
    pub fn send_volatile(&self, frames: &[Frame]) -> bool {
        let mut mailbox = self.lock();
        let ready = mailbox.transport == TransportKind::WebSocket || mailbox.polled;
        ready && mailbox.outbox.is_empty() && self.push(&mut mailbox, frames).is_ok()
    }

    /// Closes once the client has what waits for it.
    pub fn close(&self) {
        self.command(Command::Close);
    }

    /// Closes now. What waits is lost.
    pub fn abort(&self, reason: CloseReason) {
        self.command(Command::Abort(reason));
    }

    /// Has the session's task poll its [`Connection`](crate::Connection), once more if it is at it now.
    pub fn wake(&self) {
        let mut mailbox = self.lock();
        mailbox.poll_again = true;
        mailbox.wake();
    }

    /// Whether the session is over.
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The current transport.
    pub fn transport(&self) -> TransportKind {
        self.lock().transport
    }

    /// The request that opened the session.
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    pub(crate) fn sid(&self) -> &Sid {
        &self.0.sid
    }

    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.0.config
    }

    /// Hands an HTTP request to the actor; gives it back when the session is over.
    pub(crate) fn request(&self, request: Request) -> Result<(), Request> {
        let mut mailbox = self.lock();
        if mailbox.closed {
            return Err(request);
        }
        mailbox.requests.push(request);
        mailbox.wake();
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Mailbox> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.0.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, mailbox: &mut Mailbox, frames: &[Frame]) -> Result<(), SendError> {
        if mailbox.closed || mailbox.command.is_some() {
            return Err(SendError::Closed);
        }
        let sent = mailbox.outbox.push(&self.0.config, frames);
        if sent.is_err() {
            tracing::warn!(sid = ?self.0.sid, waiting = mailbox.outbox.bytes(), "outbox overflow");
            mailbox.command = Some(Command::Abort(CloseReason::Overflow));
        }
        mailbox.wake();
        sent.map_err(|_| SendError::Full)
    }

    fn command(&self, command: Command) {
        let mut mailbox = self.lock();
        // The first word counts, except that "now" overrules "later".
        if matches!(mailbox.command, None | Some(Command::Close)) {
            mailbox.command = Some(command);
            mailbox.wake();
        }
    }
}

impl Mailbox {
    /// Wakes the actor, unless it will come anyway.
    pub(crate) fn wake(&mut self) {
        if !std::mem::replace(&mut self.awake, true)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }

    /// The actor is about to rest. `false` if something came meanwhile, and it must look again.
    pub(crate) fn rest(&mut self, waker: &Waker) -> bool {
        if std::mem::take(&mut self.poll_again) || !self.requests.is_empty() {
            return false;
        }
        self.awake = false;
        match &mut self.waker {
            Some(current) => current.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        true
    }

    /// The actor has begun to run.
    pub(crate) const fn rouse(&mut self) {
        self.awake = true;
        self.poll_again = false;
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").field("sid", &self.0.sid).finish_non_exhaustive()
    }
}
