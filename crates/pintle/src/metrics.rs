//! The metrics of what runs on the sessions: their names, what they are about, and a function for each thing that happens.
//!
//! `docs/METRICS.md` lists them, with those of the engine. No label has a value that a client made up: a namespace is called
//! as it was declared, an event as its handler was, and everything else `other`.

use std::sync::{Mutex, PoisonError};

use pintle_adapter::JoinError;
use pintle_proto::{DecodeError, ProtocolError, Violation};
use pintle_transport::meter::{Counter, Family, Gauge, Present, Shared, describe_counter, describe_gauge};
use pintle_transport::{LIMITS_REACHED, MALFORMED_PACKETS};

use crate::error::HandlerErrorKind;
use crate::handler::EventKey;
use crate::reason::DisconnectReason;

const SOCKETS: &str = "pintle_sockets";
const CONNECTS: &str = "pintle_connects_total";
const DISCONNECTS: &str = "pintle_disconnects_total";
const EVENTS: &str = "pintle_events_total";
const HANDLER_ERRORS: &str = "pintle_handler_errors_total";
const RECOVERIES: &str = "pintle_recoveries_total";
const REFUSED_ROOMS: &str = "pintle_rooms_refused_total";
const DROPPED_VOLATILES: &str = "pintle_volatile_dropped_total";

const CLUSTER_MESSAGES: &str = "pintle_cluster_messages_total";
const CLUSTER_CONNECTED: &str = "pintle_cluster_connected";

/// What has no name of its own.
pub(crate) const OTHER: &str = "other";

/// The metrics of a server, but for those of its namespaces.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Shared<All>);

#[derive(Clone, Debug)]
struct All {
    connects: Family,
    disconnects: Family,
    handler_errors: Family,
    malformed: Family,
    limits: Family,
    recoveries: Family,
    refused_rooms: Family,
    dropped_volatiles: Counter,
}

/// A limit that was reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// The acknowledgements that are awaited from one socket.
    PendingAcks,
    /// The namespaces of a client.
    Namespaces,
    /// The rooms of a socket.
    Rooms,
}

impl Limit {
    const ALL: [Self; 3] = [Self::PendingAcks, Self::Namespaces, Self::Rooms];

    const fn as_str(self) -> &'static str {
        match self {
            Self::PendingAcks => "pending acknowledgements",
            Self::Namespaces => "namespaces",
            Self::Rooms => "rooms",
        }
    }
}

impl Metrics {
    /// Asks for all handles: of the recorder that there is now.
    pub(crate) fn new() -> Self {
        describe();
        Self(Shared::new(All {
            connects: Family::new(CONNECTS, "result", &["accepted", "refused", "unknown namespace"]),
            disconnects: Family::new(DISCONNECTS, "reason", &DisconnectReason::ALL.map(DisconnectReason::as_str)),
            handler_errors: Family::new(HANDLER_ERRORS, "kind", &["returned", "extractor", "layer", "panic"]),
            malformed: Family::new(MALFORMED_PACKETS, "error", &ERRORS),
            limits: Family::new(LIMITS_REACHED, "limit", &Limit::ALL.map(Limit::as_str)),
            recoveries: Family::new(RECOVERIES, "result", &["restored", "not restored"]),
            refused_rooms: Family::new(REFUSED_ROOMS, "reason", &ROOMS),
            dropped_volatiles: Counter::new(DROPPED_VOLATILES, &[]),
        }))
    }

    /// A socket was let into its namespace.
    pub(crate) fn accepted(&self) {
        self.0.connects.count("accepted");
    }

    /// The middleware of a namespace refused a socket.
    pub(crate) fn refused(&self) {
        self.0.connects.count("refused");
    }

    /// A client asked for a namespace that there is not.
    pub(crate) fn unknown_namespace(&self) {
        self.0.connects.count("unknown namespace");
    }

    /// A socket that had been let in has left.
    pub(crate) fn disconnected(&self, reason: DisconnectReason) {
        self.0.disconnects.count(reason.as_str());
    }

    /// A handler did not end well.
    pub(crate) fn handler_failed(&self, kind: HandlerErrorKind) {
        self.0.handler_errors.count(match kind {
            HandlerErrorKind::Returned => "returned",
            HandlerErrorKind::Extractor => "extractor",
            HandlerErrorKind::Layer => "layer",
            HandlerErrorKind::Panic => "panic",
            // Counted as a packet that made no sense.
            HandlerErrorKind::Decode => return,
        });
    }

    /// A client sent what is no packet, or what it may not send now.
    pub(crate) fn violated(&self, violation: Violation) {
        self.0.malformed.count(match violation {
            Violation::Decode(error) => error.as_str(),
            Violation::Protocol(error) => error.as_str(),
        });
        if violation == Violation::Protocol(ProtocolError::TooManyNamespaces) {
            self.reached(Limit::Namespaces);
        }
    }

    /// A limit was reached.
    pub(crate) fn reached(&self, limit: Limit) {
        self.0.limits.count(limit.as_str());
    }

    /// A client asked for its socket of before, and got it or not.
    pub(crate) fn recalled(&self, restored: bool) {
        self.0.recoveries.count(if restored { "restored" } else { "not restored" });
    }

    /// A room was not joined.
    pub(crate) fn room_refused(&self, error: JoinError) {
        self.0.refused_rooms.count(error.as_str());
        if error == JoinError::TooMany {
            self.reached(Limit::Rooms);
        }
    }

    /// A volatile packet could not go out at once.
    pub(crate) fn volatile_dropped(&self) {
        self.0.dropped_volatiles.count();
    }
}

/// The metrics of a server among others.
#[derive(Debug)]
pub(crate) struct ClusterMetrics {
    messages: Family,
    connected: Gauge,
    present: Mutex<Option<Present>>,
}

impl ClusterMetrics {
    /// Asks for the handles.
    pub(crate) fn new() -> Self {
        let messages = Family::new(CLUSTER_MESSAGES, "result", &["sent", "received", "ignored", "dropped"]);
        Self { messages, connected: Gauge::new(CLUSTER_CONNECTED, &[]), present: Mutex::default() }
    }

    /// A message was given to the driver.
    pub(crate) fn sent(&self) {
        self.messages.count("sent");
    }

    /// Something came, whatever it was.
    pub(crate) fn received(&self) {
        self.messages.count("received");
    }

    /// What came was no message.
    pub(crate) fn ignored(&self) {
        self.messages.count("ignored");
    }

    /// So many messages do not reach the other nodes.
    pub(crate) fn dropped(&self, messages: usize) {
        self.messages.add("dropped", messages as u64);
    }

    /// The broker is there, or is not.
    pub(crate) fn connected(&self, is_connected: bool) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        if is_connected != present.is_some() {
            *present = is_connected.then(|| self.connected.enter());
        }
    }
}

/// The metrics of a namespace as it was declared: of all that there are, if it is a dynamic one.
#[derive(Debug)]
pub(crate) struct NamespaceMetrics {
    sockets: Gauge,
    /// In the order of the handlers.
    handled: Vec<Counter>,
    other: Counter,
}

impl NamespaceMetrics {
    /// Asks for the handles of a namespace with handlers of these events.
    pub(crate) fn new<'a>(namespace: &str, events: impl IntoIterator<Item = &'a str>) -> Self {
        let event = |event: &str| Counter::new(EVENTS, &[("namespace", namespace), ("event", event)]);
        Self {
            sockets: Gauge::new(SOCKETS, &[("namespace", namespace)]),
            handled: events.into_iter().map(event).collect(),
            other: event(OTHER),
        }
    }

    /// A socket was let in; it is there for as long as what this gives.
    pub(crate) fn entered(&self) -> Present {
        self.sockets.enter()
    }

    /// An event came to its handler, or to where that would be.
    #[inline]
    pub(crate) fn called(&self, event: &EventKey) {
        let handled = match event {
            EventKey::Handled(at) => self.handled.get(*at),
            EventKey::Other(_) => None,
        };
        handled.unwrap_or(&self.other).count();
    }
}

const ROOMS: [&str; 3] =
    [JoinError::ForeignSocketId.as_str(), JoinError::TooLong.as_str(), JoinError::TooMany.as_str()];

const ERRORS: [&str; 17] = [
    DecodeError::UnknownPacketType.as_str(),
    DecodeError::IllegalAttachments.as_str(),
    DecodeError::TooManyAttachments.as_str(),
    DecodeError::AttachmentsTooLarge.as_str(),
    DecodeError::AttachmentTimeout.as_str(),
    DecodeError::NamespaceTooLong.as_str(),
    DecodeError::InvalidAckId.as_str(),
    DecodeError::InvalidPayload.as_str(),
    DecodeError::EventTooLong.as_str(),
    DecodeError::ReservedEvent.as_str(),
    DecodeError::UnexpectedText.as_str(),
    DecodeError::UnexpectedBinary.as_str(),
    ProtocolError::DuplicateConnect.as_str(),
    ProtocolError::NotJoined.as_str(),
    ProtocolError::ConnectError.as_str(),
    ProtocolError::ConnectTimeout.as_str(),
    ProtocolError::TooManyNamespaces.as_str(),
];

fn describe() {
    describe_gauge(SOCKETS, "Sockets that are connected, by namespace");
    describe_counter(CONNECTS, "Sockets that wanted into a namespace, and what came of it");
    describe_counter(DISCONNECTS, "Sockets that left, and why");
    describe_counter(EVENTS, "Events that came to their handlers");
    describe_counter(HANDLER_ERRORS, "Handlers that did not end well");
    describe_counter(RECOVERIES, "Clients that asked for their socket of before");
    describe_counter(REFUSED_ROOMS, "Rooms that were not joined");
    describe_counter(CLUSTER_MESSAGES, "Messages between the nodes of the cluster, and what came of them");
    describe_gauge(CLUSTER_CONNECTED, "Whether the broker of the cluster is there");
    describe_counter(DROPPED_VOLATILES, "Volatile packets that could not go out at once");
}
