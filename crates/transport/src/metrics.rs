//! The metrics of the engine: their names, what they are about, and a function for each thing that happens.
//!
//! `docs/METRICS.md` lists them, with those of what runs on the sessions.

use pintle_engine::{CloseReason, PacketError, Reject, TransportKind};

use crate::barred::Barred;
use crate::meter::{Counter, Family, Gauge, Present, Shared, Sum, describe_counter, describe_gauge};
use crate::opening::Unopened;
use crate::polling::Unread;

/// Packets that made no sense, to whatever layer of the protocol: label `error`. A name that what runs on the sessions has
/// counters of, too.
pub const MALFORMED_PACKETS: &str = "pintle_malformed_packets_total";
/// Limits that were reached: label `limit`. Likewise.
pub const LIMITS_REACHED: &str = "pintle_limits_reached_total";

const SESSIONS: &str = "pintle_sessions";
const HANDSHAKES: &str = "pintle_handshakes_total";
const REFUSED_REQUESTS: &str = "pintle_requests_refused_total";
const CLOSES: &str = "pintle_closes_total";
const UPGRADES: &str = "pintle_upgrades_total";
const PAUSES: &str = "pintle_reading_pauses_total";
const PACKETS_IN: &str = "pintle_received_packets_total";
const PACKETS_OUT: &str = "pintle_sent_packets_total";
const BYTES_IN: &str = "pintle_received_bytes_total";
const BYTES_OUT: &str = "pintle_sent_bytes_total";

/// A session whose task ended without a reason: the runtime stopped, or it panicked.
const DROPPED: &str = "dropped";

/// The metrics of a server.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Shared<All>);

#[derive(Clone, Debug)]
struct All {
    polling: OfTransport,
    websocket: OfTransport,
    handshakes: Family,
    refused_requests: Family,
    closes: Family,
    upgrades: Family,
    malformed: Family,
    limits: Family,
    pauses: Family,
}

#[derive(Clone, Debug)]
struct OfTransport {
    sessions: Gauge,
    packets_in: Counter,
    packets_out: Counter,
    bytes_in: Counter,
    bytes_out: Counter,
}

/// What a session has carried and is not counted yet.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) packets_in: Sum,
    pub(crate) packets_out: Sum,
    pub(crate) bytes_in: Sum,
    pub(crate) bytes_out: Sum,
}

/// A limit of the engine that was reached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// What waits for a slow client.
    Outbox,
    /// Sessions, of all or of one address.
    Sessions,
}

impl Limit {
    const ALL: [Self; 2] = [Self::Outbox, Self::Sessions];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::Sessions => "sessions",
        }
    }
}

/// Why reading stopped for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pause {
    /// As many handlers run as may.
    Handlers,
    /// So much is to be written that this comes first.
    Outbox,
}

impl Metrics {
    /// Asks for all handles: of the recorder that there is now.
    pub(crate) fn new() -> Self {
        describe();
        let limits = Limit::ALL.map(Limit::as_str);
        Self(Shared::new(All {
            polling: OfTransport::new(TransportKind::Polling),
            websocket: OfTransport::new(TransportKind::WebSocket),
            handshakes: Family::new(
                HANDSHAKES,
                "result",
                &[
                    "accepted",
                    "refused",
                    "unsupported version",
                    "bad request",
                    "improper upgrade",
                    "closed",
                    "full",
                    "failed",
                ],
            ),
            refused_requests: Family::new(REFUSED_REQUESTS, "reason", &REJECTS),
            closes: Family::new(CLOSES, "reason", &REASONS),
            upgrades: Family::new(UPGRADES, "result", &["done", "failed"]),
            malformed: Family::new(MALFORMED_PACKETS, "error", &ERRORS),
            limits: Family::new(LIMITS_REACHED, "limit", &limits),
            pauses: Family::new(PAUSES, "reason", &["handlers", "outbox"]),
        }))
    }

    /// A session was opened; it is there for as long as what this gives.
    pub(crate) fn opened(&self, transport: TransportKind) -> Present {
        self.0.handshakes.count("accepted");
        self.of(transport).sessions.enter()
    }

    /// A handshake that was in order led to nothing.
    pub(crate) fn unopened(&self, why: &Unopened) {
        self.0.handshakes.count(match why {
            Unopened::Refused(_) => "refused",
            Unopened::Rejected(Reject::UnsupportedProtocol) => "unsupported version",
            Unopened::Rejected(_) => "bad request",
            Unopened::Improper(..) => "improper upgrade",
            Unopened::Closed => "closed",
            Unopened::Full => "full",
            Unopened::Failed => "failed",
        });
        if matches!(why, Unopened::Full) {
            self.reached(Limit::Sessions);
        }
    }

    /// A request was out of order.
    pub(crate) fn rejected(&self, reject: Reject) {
        self.0.refused_requests.count(match reject {
            Reject::UnknownTransport => "unknown transport",
            Reject::UnknownSession => "unknown session",
            Reject::BadHandshakeMethod => "bad handshake method",
            Reject::Forbidden => "forbidden",
            Reject::UnsupportedProtocol => "unsupported version",
            Reject::UnknownMethod => "unknown method",
            _ => "bad request",
        });
    }

    /// A request was turned away, whatever it wanted.
    pub(crate) fn barred(&self, barred: Barred) {
        self.0.refused_requests.count(match barred {
            Barred::Host => "foreign host",
            Barred::Origin => "foreign origin",
            Barred::Stranger => "stranger",
            Barred::Panicked => "failed",
        });
    }

    /// The body of a POST could not be had.
    pub(crate) fn unread(&self, why: &Unread) {
        self.0.refused_requests.count(match why {
            Unread::TooLarge => "body too large",
            Unread::Broken => "body broken",
            Unread::Slow => "body too slow",
        });
    }

    /// A session moved to a WebSocket.
    pub(crate) fn upgraded(&self) -> Present {
        self.0.upgrades.count("done");
        self.0.websocket.sessions.enter()
    }

    /// A session did not move to a WebSocket, though its client had begun to.
    pub(crate) fn upgrade_failed(&self) {
        self.0.upgrades.count("failed");
    }

    /// A session ended.
    pub(crate) fn closed(&self, reason: CloseReason) {
        self.0.closes.count(reason.as_str());
    }

    /// A session ended with its task.
    pub(crate) fn dropped(&self) {
        self.0.closes.count(DROPPED);
    }

    /// A client sent what is no packet.
    pub(crate) fn malformed(&self, error: PacketError) {
        self.0.malformed.count(error.as_str());
    }

    /// A client broke the rules of WebSockets: the code that it was told.
    pub(crate) fn violated(&self, code: u16) {
        self.0.malformed.count(match code {
            1007 => "websocket text is not UTF-8",
            1008 => "websocket message in too many pieces",
            1009 => "websocket message too large",
            _ => "websocket frame",
        });
    }

    /// A limit was reached.
    pub(crate) fn reached(&self, limit: Limit) {
        self.0.limits.count(limit.as_str());
    }

    /// A limit was reached so many times.
    pub(crate) fn reached_often(&self, limit: Limit, times: u32) {
        self.0.limits.add(limit.as_str(), times.into());
    }

    /// A client is not read for a while.
    pub(crate) fn paused(&self, why: Pause) {
        self.0.pauses.count(match why {
            Pause::Handlers => "handlers",
            Pause::Outbox => "outbox",
        });
    }

    /// Counts what a session has carried.
    #[inline]
    pub(crate) fn carried(&self, transport: TransportKind, traffic: &mut Traffic) {
        let counters = self.of(transport);
        traffic.packets_in.count(&counters.packets_in);
        traffic.packets_out.count(&counters.packets_out);
        traffic.bytes_in.count(&counters.bytes_in);
        traffic.bytes_out.count(&counters.bytes_out);
    }

    fn of(&self, transport: TransportKind) -> &OfTransport {
        match transport {
            TransportKind::WebSocket => &self.0.websocket,
            _ => &self.0.polling,
        }
    }
}

impl OfTransport {
    fn new(transport: TransportKind) -> Self {
        let labels = [("transport", transport.as_str())];
        Self {
            sessions: Gauge::new(SESSIONS, &labels),
            packets_in: Counter::new(PACKETS_IN, &labels),
            packets_out: Counter::new(PACKETS_OUT, &labels),
            bytes_in: Counter::new(BYTES_IN, &labels),
            bytes_out: Counter::new(BYTES_OUT, &labels),
        }
    }
}

const REJECTS: [&str; 14] = [
    "unknown transport",
    "unknown session",
    "bad handshake method",
    "bad request",
    "forbidden",
    "unsupported version",
    "unknown method",
    "foreign host",
    "foreign origin",
    "stranger",
    "failed",
    "body too large",
    "body broken",
    "body too slow",
];

const REASONS: [&str; 9] = [
    CloseReason::TransportClose.as_str(),
    CloseReason::TransportError.as_str(),
    CloseReason::PingTimeout.as_str(),
    CloseReason::ParseError.as_str(),
    CloseReason::ForcedClose.as_str(),
    CloseReason::Overflow.as_str(),
    CloseReason::WriteTimeout.as_str(),
    CloseReason::MessageTimeout.as_str(),
    DROPPED,
];

const ERRORS: [&str; 8] = [
    PacketError::Empty.as_str(),
    PacketError::UnknownType.as_str(),
    PacketError::Base64.as_str(),
    PacketError::Utf8.as_str(),
    "websocket frame",
    "websocket text is not UTF-8",
    "websocket message in too many pieces",
    "websocket message too large",
];

fn describe() {
    describe_gauge(SESSIONS, "Sessions that are open");
    describe_counter(HANDSHAKES, "Handshakes that were in order, and what came of them");
    describe_counter(REFUSED_REQUESTS, "Requests that were out of order, or of a foreign origin");
    describe_counter(CLOSES, "Sessions that ended, and why");
    describe_counter(UPGRADES, "Moves from long-polling to a WebSocket");
    describe_counter(MALFORMED_PACKETS, "Packets that made no sense");
    describe_counter(LIMITS_REACHED, "Limits that were reached");
    describe_counter(PAUSES, "How often a client was not read for a while");
    describe_counter(PACKETS_IN, "Engine.IO packets that came in");
    describe_counter(PACKETS_OUT, "Engine.IO packets that went out");
    describe_counter(BYTES_IN, "Bytes that came in: WebSocket frames, and bodies of POSTs");
    describe_counter(BYTES_OUT, "Bytes that went out: WebSocket frames, and payloads of long-polling");
}
