//! A session as the rest of the program sees it: a handle, and behind it the mailbox of its actor.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Instant;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use pintle_engine::{CloseReason, Config, Frame, Outbox, Overflow, Session, Sid, TransportKind};
use tokio::sync::oneshot;

use crate::handshake::Handshake;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// A session, from outside of its actor. Clones are handles to the same session.
#[derive(Clone)]
pub struct SessionHandle(Arc<Shared>);

/// What the actor shares with the world.
struct Shared {
    sid: Sid,
    config: Arc<Config>,
    handshake: Handshake,
    mailbox: Mutex<Mailbox>,
    /// So much waits in the outbox that the task should write before it reads on. To be asked without the lock.
    crowded: AtomicBool,
}

/// What others leave for the actor. Everything under one short lock, so that one wake tells of it all.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) outbox: Outbox,
    pub(crate) mail: Vec<Mail>,
    pub(crate) command: Option<Command>,
    /// The current transport, for those who must know without asking the actor.
    pub(crate) transport: TransportKind,
    /// A GET waits, so that something could go out at once.
    pub(crate) polled: bool,
    /// A POST is being read or handled.
    pub(crate) pushing: bool,
    /// Packets that did not fit since the task last looked, where the session is not closed for that.
    pub(crate) refused: u32,
    pub(crate) closed: bool,
    /// The connection is to be polled once more, whatever else there is to do.
    poll_again: bool,
    waker: Option<Waker>,
    /// The actor runs or has been woken: it will look here without being told.
    awake: bool,
}

/// An HTTP request that concerns the session.
#[derive(Debug)]
pub(crate) enum Mail {
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
    Payload(Bytes),
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
    /// The client does not read fast enough, and goes without this, because [`Overflow::Refuse`] says so.
    Refused,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the session is closed",
            Self::Full | Self::Refused => "the client does not read fast enough",
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
                mail: Vec::new(),
                command: None,
                transport,
                polled: false,
                pushing: false,
                refused: 0,
                closed: false,
                poll_again: false,
                waker: None,
                awake: true,
            }),
            crowded: AtomicBool::new(false),
        }))
    }

    /// Queues the frames of a packet, or of several, all or none. Never blocks.
    ///
    /// # Errors
    ///
    /// When the session is over, or its outbox is full; then it closes, or what [`Overflow`] says.
    pub fn send(&self, frames: impl IntoIterator<Item = Frame>) -> Result<(), SendError> {
        self.push(self.lock(), frames, self.0.config.overflow())
    }

    /// The same for what the client cannot do without: where it does not fit, the session closes in any case.
    ///
    /// # Errors
    ///
    /// When the session is over, or its outbox is full; then it closes.
    pub fn send_or_close(&self, frames: impl IntoIterator<Item = Frame>) -> Result<(), SendError> {
        self.push(self.lock(), frames, Overflow::Close)
    }

    /// Queues the frames only if they can go out at once, and says whether they were. Node's `volatile`.
    #[must_use]
    pub fn send_volatile(&self, frames: impl IntoIterator<Item = Frame>) -> bool {
        let mailbox = self.lock();
        mailbox.is_ready() && mailbox.outbox.is_empty() && self.push(mailbox, frames, self.0.config.overflow()).is_ok()
    }

    /// Closes once the client has what waits for it.
    pub fn close(&self) {
        self.command_if(|_| true, Command::Close);
    }

    /// Closes now. What waits is lost.
    pub fn abort(&self, reason: CloseReason) {
        self.command_if(|_| true, Command::Abort(reason));
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

    /// The session is over: takes nothing any more, and drops what waits.
    pub(crate) fn end(&self) {
        let mut mailbox = self.lock();
        mailbox.closed = true;
        mailbox.outbox.clear();
        // Their senders are dropped with them, and the HTTP side answers that there is no such session.
        let mail = std::mem::take(&mut mailbox.mail);
        drop(mailbox);
        drop(mail);
    }

    /// Whether so much waits that writing comes before reading.
    pub(crate) fn is_crowded(&self) -> bool {
        self.0.crowded.load(Ordering::Relaxed)
    }

    /// Takes note of how much waits, after it has changed.
    pub(crate) fn gauge(&self, mailbox: &Mailbox) {
        self.0.crowded.store(mailbox.outbox.is_crowded(&self.0.config), Ordering::Relaxed);
    }

    pub(crate) fn sid(&self) -> &Sid {
        &self.0.sid
    }

    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.0.config
    }

    /// Hands an HTTP request to the actor; gives it back when the session is over.
    pub(crate) fn hand_in(&self, mail: Mail) -> Result<(), Mail> {
        let mut mailbox = self.lock();
        if mailbox.closed {
            return Err(mail);
        }
        mailbox.mail.push(mail);
        mailbox.wake();
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Mailbox> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.0.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(
        &self,
        mut mailbox: MutexGuard<'_, Mailbox>,
        frames: impl IntoIterator<Item = Frame>,
        overflow: Overflow,
    ) -> Result<(), SendError> {
        if mailbox.closed || mailbox.command.is_some() {
            return Err(SendError::Closed);
        }
        let ready = mailbox.is_ready();
        if mailbox.outbox.push(&self.0.config, frames, ready).is_err() {
            // The session's task says so in the log: who sends may hold locks, and a subscriber may want to send.
            if overflow == Overflow::Refuse {
                mailbox.refused = mailbox.refused.saturating_add(1);
                return Err(SendError::Refused);
            }
            mailbox.command = Some(Command::Abort(CloseReason::Overflow));
            mailbox.wake();
            return Err(SendError::Full);
        }
        self.gauge(&mailbox);
        // Where nothing can go out, the task will be woken by what makes it possible.
        if ready {
            mailbox.wake();
        }
        Ok(())
    }

    /// Commands the session if its transport is one for which `condition` holds.
    pub(crate) fn command_if(&self, condition: impl FnOnce(TransportKind) -> bool, command: Command) {
        let mut mailbox = self.lock();
        // The first word counts, except that "now" overrules "later".
        if condition(mailbox.transport) && matches!(mailbox.command, None | Some(Command::Close)) {
            mailbox.command = Some(command);
            mailbox.wake();
        }
    }
}

impl Mailbox {
    /// Whether something could go out at once.
    fn is_ready(&self) -> bool {
        match self.transport {
            TransportKind::Polling => self.polled,
            _ => !self.outbox.is_held(),
        }
    }

    /// Nobody is to be woken any more. What is kept of a session must not keep its task.
    pub(crate) fn retire(&mut self) {
        self.waker = None;
    }

    /// Wakes the actor, unless it will come anyway.
    pub(crate) fn wake(&mut self) {
        if !std::mem::replace(&mut self.awake, true)
            && let Some(waker) = &self.waker
        {
            waker.wake_by_ref();
        }
    }

    /// The actor is about to rest. `false` if something came meanwhile, and it must look again.
    #[must_use]
    pub(crate) fn rest(&mut self, waker: &Waker) -> bool {
        if std::mem::take(&mut self.poll_again) || !self.mail.is_empty() {
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
