//! Handlers of a socket's own: of its events, and of what is sent to it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pintle_proto::{Args, Encoded, is_reserved_event};

use super::Socket;
use crate::ack::EventName;
use crate::event::Target;
use crate::handler::{Binding, Endpoint, EventHandler};

/// Names a handler of a socket's own, for [`Socket::remove_listener`]. No other has the same, on whatever socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

impl ListenerId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The kinds of listeners, one bit each.
const OF_EVENTS: u8 = 1;
const OF_ANY: u8 = 2;
const OF_OUTGOING: u8 = 4;
/// There are none any more, and never will be.
const OVER: u8 = 8;

type Outgoing = Arc<dyn Fn(&str, &Args) + Send + Sync>;

/// The handlers of a socket's own.
#[derive(Default)]
pub(super) struct Listeners {
    of_events: Vec<Listener>,
    of_any: Vec<(ListenerId, Arc<dyn Endpoint>)>,
    of_outgoing: Vec<(ListenerId, Outgoing)>,
}

struct Listener {
    id: ListenerId,
    event: EventName,
    once: bool,
    endpoint: Arc<dyn Endpoint>,
}

impl Socket {
    /// Handles an event of this socket alone, besides the handler that its [namespace](crate::Namespace::on) may have, and
    /// besides others of the socket's own. Node's `socket.on`.
    ///
    /// All of them are called; the first that has an acknowledgement gives it, when all of them are done. What it captures
    /// lives until the socket is disconnected, and what it had said before has been heard. In a connect handler no event is
    /// missed, for they wait until it is done.
    ///
    /// The layer's state is not known here, so axum's `State` is no extractor of such a handler: a closure captures it.
    ///
    /// ```
    /// use pintle::{Data, Socket};
    ///
    /// async fn joined(socket: Socket) {
    ///     let name = "Ada".to_owned();
    ///     socket.on("say", async move |Data(text): Data<String>| println!("{name}: {text}"));
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// When the name is one that Socket.IO keeps for itself.
    #[track_caller]
    pub fn on<H: EventHandler<M, ()>, M: 'static>(&self, event: &str, handler: H) -> ListenerId {
        self.listen(event, handler, false)
    }

    /// Handles an event of this socket once. Node's `socket.once`.
    ///
    /// # Panics
    ///
    /// When the name is one that Socket.IO keeps for itself.
    #[track_caller]
    pub fn once<H: EventHandler<M, ()>, M: 'static>(&self, event: &str, handler: H) -> ListenerId {
        self.listen(event, handler, true)
    }

    /// Takes back all handlers that this socket has of its own for an event. Node's `socket.off(event)`.
    pub fn off(&self, event: &str) {
        self.unlisten(|listeners| listeners.of_events.extract_if(.., |listener| *listener.event == *event).collect());
    }

    /// Calls a handler for every event of this socket, before that of the event. It acknowledges nothing. Node's
    /// `socket.onAny`.
    #[doc(alias = "onAny")]
    pub fn on_any<H: EventHandler<M, ()>, M: 'static>(&self, handler: H) -> ListenerId {
        let endpoint = Binding::event(handler).bind(&());
        self.add(OF_ANY, |listeners, id| listeners.of_any.push((id, endpoint)))
    }

    /// Calls a function for every event that is sent to this socket, by whomever: with its name and its arguments. Not for
    /// acknowledgements. It runs where the event is emitted, so it must be quick. Node's `socket.onAnyOutgoing`.
    ///
    /// ```
    /// use pintle::Socket;
    ///
    /// async fn joined(socket: Socket) {
    ///     socket.on_any_outgoing(|event, args| println!("{event:?} with {args:?} goes out"));
    /// }
    /// ```
    #[doc(alias = "onAnyOutgoing")]
    pub fn on_any_outgoing(&self, listener: impl Fn(&str, &Args) + Send + Sync + 'static) -> ListenerId {
        let listener = Arc::new(listener);
        self.add(OF_OUTGOING, |listeners, id| listeners.of_outgoing.push((id, listener)))
    }

    /// Takes back one handler of the socket's own, of whichever kind. Whether it was there. Node's `socket.off(event,
    /// listener)`, `offAny` and `offAnyOutgoing`.
    #[doc(alias = "offAny")]
    #[doc(alias = "offAnyOutgoing")]
    #[doc(alias = "removeListener")]
    pub fn remove_listener(&self, id: ListenerId) -> bool {
        self.unlisten(|listeners| listeners.of_events.extract_if(.., |listener| listener.id == id).collect())
            || self.unlisten(|listeners| listeners.of_any.extract_if(.., |(any, _)| *any == id).collect())
            || self
                .unlisten(|listeners| listeners.of_outgoing.extract_if(.., |(outgoing, _)| *outgoing == id).collect())
    }

    /// The events for which this socket has handlers of its own. Node's `socket.eventNames`.
    #[doc(alias = "eventNames")]
    pub fn event_names(&self) -> Vec<Arc<str>> {
        let shared = self.lock();
        let listeners = shared.extras.iter().flat_map(|extras| &extras.listeners.of_events);
        let mut names: Vec<_> = listeners.map(|listener| listener.event.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    #[track_caller]
    fn listen<H: EventHandler<M, ()>, M: 'static>(&self, event: &str, handler: H, once: bool) -> ListenerId {
        assert!(!is_reserved_event(event), "{event:?} is a reserved event name");
        let endpoint = Binding::event(handler).bind(&());
        let event = event.into();
        self.add(OF_EVENTS, |listeners, id| listeners.of_events.push(Listener { id, event, once, endpoint }))
    }

    fn add(&self, kind: u8, add: impl FnOnce(&mut Listeners, ListenerId)) -> ListenerId {
        let id = ListenerId::next();
        let mut shared = self.lock();
        // After the end nobody would clear it, and a handler that captures the socket would keep it for ever.
        if !self.is_over() {
            add(&mut shared.extras.get_or_insert_default().listeners, id);
            self.0.listening.fetch_or(kind, Ordering::Release);
        }
        id
    }

    /// Takes listeners of one kind out, and drops them outside of the lock. Whether there were any.
    fn unlisten<L>(&self, remove: impl FnOnce(&mut Listeners) -> Vec<L>) -> bool {
        let mut shared = self.lock();
        let gone = shared.extras.as_mut().map(|extras| remove(&mut extras.listeners)).unwrap_or_default();
        drop(shared);
        !gone.is_empty()
    }

    /// Takes back all of them, for good: nothing of this socket is to be heard any more.
    pub(crate) fn deafen(&self) {
        let mut shared = self.lock();
        self.0.listening.store(OVER, Ordering::Release);
        let listeners = shared.extras.as_mut().map(|extras| std::mem::take(&mut extras.listeners));
        drop(shared);
        // Not under the lock: what they capture is the user's.
        drop(listeners);
    }

    /// Whether nothing of this socket is to be heard any more.
    pub(crate) fn is_over(&self) -> bool {
        self.has(OVER)
    }

    /// Adds the socket's own handlers of an event; those that wait for only one have had it.
    pub(crate) fn listeners(&self, event: &str, target: &mut Target) {
        if !self.has(OF_EVENTS) {
            return;
        }
        let mut shared = self.lock();
        let Some(extras) = &mut shared.extras else {
            return;
        };
        let of_event = |listener: &&Listener| *listener.event == *event;
        target.extend(extras.listeners.of_events.iter().filter(of_event).map(|listener| listener.endpoint.clone()));
        extras.listeners.of_events.retain(|listener| !(listener.once && *listener.event == *event));
    }

    /// Whether it has handlers of its own of every event.
    pub(crate) fn is_overheard(&self) -> bool {
        self.has(OF_ANY)
    }

    /// The socket's own handlers of every event.
    pub(crate) fn any_listeners(&self) -> Vec<Arc<dyn Endpoint>> {
        let shared = self.lock();
        let listeners = shared.extras.iter().flat_map(|extras| &extras.listeners.of_any);
        listeners.map(|(_, endpoint)| endpoint.clone()).collect()
    }

    /// Whether somebody wants to know what is sent to this socket.
    pub(crate) fn is_watched(&self) -> bool {
        self.has(OF_OUTGOING)
    }

    /// Tells of an event that was sent to this socket.
    #[inline]
    pub(crate) fn notify_outgoing(&self, packet: &Encoded) {
        if self.is_watched() {
            self.call_outgoing(packet);
        }
    }

    fn call_outgoing(&self, packet: &Encoded) {
        let listeners: Vec<Outgoing> = {
            let shared = self.lock();
            let listeners = shared.extras.iter().flat_map(|extras| &extras.listeners.of_outgoing);
            listeners.map(|(_, listener)| listener.clone()).collect()
        };
        let Some((event, args)) = packet.event_args() else {
            return;
        };
        for listener in listeners {
            // Whoever emits is not to be stopped by it.
            if catch_unwind(AssertUnwindSafe(|| listener(&event, &args))).is_err() {
                tracing::error!(socket = %self.id(), "a listener of outgoing events panicked");
            }
        }
    }

    fn has(&self, kind: u8) -> bool {
        self.0.listening.load(Ordering::Acquire) & kind != 0
    }
}
