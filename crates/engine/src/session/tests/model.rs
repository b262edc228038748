//! A session and a client that does as it likes, at random, beside a model so plain that it is right.
//!
//! The model knows no timers of six kinds, no steps of a candidate and no states: a few numbers, and at each move what must
//! come of it. Whatever the moves: every message comes out once and in order, and through one transport; the session ends
//! once, and for the reason of the move that ended it; and it waits for nothing afterwards.

use proptest::prelude::*;

use super::*;

/// Intervals that fit into each other unevenly.
const PING_INTERVAL: u64 = 250;
const PING_TIMEOUT: u64 = 200;
const UPGRADE_TIMEOUT: u64 = 330;
const CLOSE_TIMEOUT: u64 = 300;
const WRITE_TIMEOUT: u64 = 170;
/// Between two answers to a GET that stands in the way of an upgrade.
const NOOP_INTERVAL: u64 = 100;
/// How often bytes may stand in for the answer to a ping.
const PROLONGATIONS: u8 = 2;

#[derive(Clone, Debug)]
enum Move {
    /// Time passes, and every deadline on the way is met.
    Wait(u64),
    /// Time passes, and whoever drives the session is late.
    Oversleep(u64),
    Emit,
    /// What the client sends on the session's transport.
    Packet(&'static str),
    Bytes,
    /// A GET, if none waits; and one whether one waits or not.
    Poll,
    PollTwice,
    AbortPoll,
    /// The transport can take something.
    Transmit,
    /// A WebSocket that may take over, and what it says.
    Candidate,
    CandidatePacket(&'static str),
    CandidateGone,
    TransportGone,
    WriteBlocked,
    Written,
    Paused(bool),
    Close,
    Abort,
}

fn moves() -> impl Strategy<Value = Move> {
    // What ends it all is rare, or nothing else would come to pass.
    let harmless = prop::sample::select(vec!["4x", "4x", "3", "3", "3", "3", "0", "5", "6"]);
    let harmful = prop::sample::select(vec!["1", "2", "x", ""]);
    let candidate_packet = prop::sample::select(vec!["2probe", "2probe", "2probe", "5", "5", "4x", "3", "x"]);
    prop_oneof![
        16 => (0..150_u64).prop_map(Move::Wait),
        2 => (0..400_u64).prop_map(Move::Oversleep),
        8 => Just(Move::Emit),
        16 => harmless.prop_map(Move::Packet),
        1 => harmful.prop_map(Move::Packet),
        2 => Just(Move::Bytes),
        20 => Just(Move::Poll),
        1 => Just(Move::PollTwice),
        1 => Just(Move::AbortPoll),
        24 => Just(Move::Transmit),
        20 => Just(Move::Candidate),
        30 => candidate_packet.prop_map(Move::CandidatePacket),
        6 => Just(Move::CandidateGone),
        1 => Just(Move::TransportGone),
        4 => Just(Move::WriteBlocked),
        4 => Just(Move::Written),
        2 => any::<bool>().prop_map(Move::Paused),
        1 => Just(Move::Close),
        1 => Just(Move::Abort),
    ]
}

/// What must be, in milliseconds since the beginning.
#[derive(Debug, Default)]
struct Model {
    now: u64,
    websocket: bool,
    /// A GET waits.
    polled: bool,
    /// Messages that nobody has got yet, by number.
    waiting: VecDeque<u64>,
    /// When the next ping is due; and once it was, until when its answer may come.
    ping_at: Option<u64>,
    pong_until: Option<u64>,
    ping_unsent: bool,
    /// Bytes have come since the wait for the answer began, or was prolonged.
    active: bool,
    prolonged: u8,
    paused: bool,
    upgrade: Option<Upgrade>,
    /// The GET that waits is to be answered, with nothing if need be.
    noop: bool,
    write_until: Option<u64>,
    closing_until: Option<u64>,
    ended: Option<CloseReason>,
}

#[derive(Debug)]
struct Upgrade {
    until: u64,
    /// Since the probe: when a GET that waits is answered next.
    noop_at: Option<u64>,
    /// One GET has been answered at once.
    released: bool,
}

impl Model {
    fn open(&self) -> bool {
        self.ended.is_none() && self.closing_until.is_none()
    }

    fn end(&mut self, reason: CloseReason) {
        if self.ended.is_none() {
            self.ended = Some(reason);
            (self.ping_at, self.pong_until, self.write_until, self.closing_until) = (None, None, None, None);
            (self.ping_unsent, self.noop, self.upgrade) = (false, false, None);
        }
    }

    fn end_upgrade(&mut self) {
        if self.upgrade.take().is_some() {
            self.noop = false;
        }
    }

    fn next(&self) -> Option<u64> {
        let upgrade = self.upgrade.as_ref();
        let (until, noop) = (upgrade.map(|upgrade| upgrade.until), upgrade.and_then(|upgrade| upgrade.noop_at));
        let all = [self.ping_at, self.pong_until, self.closing_until, self.write_until, until, noop];
        all.into_iter().flatten().min()
    }

    fn timeout(&mut self) {
        let now = self.now;
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        if due(self.closing_until) {
            self.end(CloseReason::ForcedClose);
        }
        if due(self.pong_until) {
            if self.paused && !self.ping_unsent {
                (self.ping_unsent, self.pong_until) = (true, Some(now + PING_TIMEOUT));
            } else if self.active && self.prolonged < PROLONGATIONS {
                (self.active, self.pong_until) = (false, Some(now + PING_TIMEOUT));
                self.prolonged += 1;
            } else {
                self.end(CloseReason::PingTimeout);
            }
        }
        if due(self.ping_at) {
            (self.ping_at, self.pong_until) = (None, Some(now + PING_TIMEOUT));
            (self.ping_unsent, self.active, self.prolonged) = (true, false, 0);
        }
        if due(self.upgrade.as_ref().map(|upgrade| upgrade.until)) {
            self.end_upgrade();
        }
        if let Some(upgrade) = &mut self.upgrade
            && due(upgrade.noop_at)
        {
            upgrade.noop_at = Some(now + NOOP_INTERVAL);
            self.noop = self.polled;
        }
        if due(self.write_until) {
            self.end(CloseReason::WriteTimeout);
        }
    }

    /// What the transport is given: messages by number, `None` for anything else.
    fn transmit(&mut self) -> Option<(Vec<String>, bool)> {
        if !self.websocket && !self.polled {
            return None;
        }
        let mut frames = Vec::new();
        if self.open() {
            frames.extend(std::mem::take(&mut self.ping_unsent).then(|| "2".to_owned()));
            frames.extend(self.waiting.drain(..).map(|message| format!("4{message}")));
            if std::mem::take(&mut self.noop) && frames.is_empty() {
                frames.push("6".to_owned());
            }
            if frames.is_empty() {
                return None;
            }
            self.polled = false;
            return Some((frames, false));
        }
        let polled = std::mem::take(&mut self.polled);
        if self.ended.is_none() {
            frames.extend(self.waiting.drain(..).map(|message| format!("4{message}")));
            if !frames.is_empty() {
                return Some((frames, false));
            }
            frames.extend(polled.then(|| ["6".to_owned(), "1".to_owned()]).into_iter().flatten());
            self.end(CloseReason::ForcedClose);
        } else if polled {
            let told_us = self.ended == Some(CloseReason::TransportClose);
            frames.push(if told_us { "6" } else { "1" }.to_owned());
        }
        Some((frames, true))
    }
}

/// The session beside its model, and what both have given.
struct World {
    driven: Driven,
    start: Instant,
    model: Model,
    sent: u64,
    received: Vec<u64>,
    /// WebSockets that were let in, and what became of them.
    candidates: usize,
    settled: usize,
}

impl World {
    fn new(transport: TransportKind) -> Self {
        let millis = Duration::from_millis;
        let mut config = Config::default();
        config
            .set_ping_interval(millis(PING_INTERVAL))
            .set_ping_timeout(millis(PING_TIMEOUT))
            .set_upgrade_timeout(millis(UPGRADE_TIMEOUT))
            .set_close_timeout(millis(CLOSE_TIMEOUT))
            .set_write_timeout(millis(WRITE_TIMEOUT));
        let driven = Driven::with_config(config, transport);
        let websocket = transport == TransportKind::WebSocket;
        let model = Model { websocket, ping_at: Some(PING_INTERVAL), ..Model::default() };
        Self { start: driven.now, driven, model, sent: 0, received: Vec::new(), candidates: 0, settled: 0 }
    }

    fn make(&mut self, step: &Move) {
        match step {
            Move::Wait(time) => self.wait(*time),
            Move::Oversleep(time) => {
                self.pass(self.model.now + time);
                self.timeout();
            }
            Move::Emit => {
                self.driven.emit(&self.sent.to_string());
                self.model.waiting.push_back(self.sent);
                self.sent += 1;
            }
            Move::Packet(packet) => self.packet(packet),
            Move::Bytes => {
                self.driven.session.handle_activity();
                self.model.active = true;
            }
            Move::Poll if self.model.polled => {}
            Move::Poll | Move::PollTwice => self.poll(),
            Move::AbortPoll => {
                // Only who waits can give up.
                if self.model.polled {
                    self.driven.session.handle_poll_aborted();
                    self.model.polled = false;
                    self.model.end(CloseReason::TransportError);
                }
            }
            Move::Transmit => self.transmit(),
            Move::Candidate => {
                let wanted = self.model.open() && !self.model.websocket && self.model.upgrade.is_none();
                assert_eq!(self.driven.session.handle_candidate(self.driven.now), wanted);
                if wanted {
                    self.candidates += 1;
                    let until = self.model.now + UPGRADE_TIMEOUT;
                    self.model.upgrade = Some(Upgrade { until, noop_at: None, released: false });
                }
            }
            Move::CandidatePacket(packet) => self.candidate_packet(packet),
            Move::CandidateGone => {
                self.driven.session.handle_candidate_closed();
                self.settled += usize::from(self.model.upgrade.is_some());
                self.model.end_upgrade();
            }
            Move::TransportGone => {
                self.driven.session.handle_transport_closed(CloseReason::TransportClose);
                self.model.end(CloseReason::TransportClose);
            }
            Move::WriteBlocked => {
                self.driven.session.handle_write_blocked(self.driven.now);
                // Last words may get stuck, too. Then nothing is waited for any more.
                if self.model.ended.is_none() {
                    self.model.write_until.get_or_insert(self.model.now + WRITE_TIMEOUT);
                }
            }
            Move::Written => {
                self.driven.session.handle_write_finished();
                self.model.write_until = None;
            }
            Move::Paused(paused) => {
                self.driven.session.set_paused(*paused);
                self.model.paused = *paused;
            }
            Move::Close => {
                self.driven.session.close(self.driven.now);
                if self.model.open() {
                    let until = self.model.now + CLOSE_TIMEOUT;
                    let until = self.model.pong_until.map_or(until, |owed| owed.min(until));
                    (self.model.closing_until, self.model.ping_at, self.model.pong_until) = (Some(until), None, None);
                    self.model.ping_unsent = false;
                }
            }
            Move::Abort => {
                self.driven.session.abort(CloseReason::Overflow);
                self.model.end(CloseReason::Overflow);
            }
        }
        self.check();
    }

    fn pass(&mut self, to: u64) {
        self.model.now = to;
        self.driven.now = self.start + Duration::from_millis(to);
    }

    fn timeout(&mut self) {
        self.driven.session.handle_timeout(self.driven.now);
        self.model.timeout();
    }

    fn wait(&mut self, time: u64) {
        let end = self.model.now + time;
        while let Some(at) = self.model.next().filter(|at| *at <= end) {
            self.pass(at.max(self.model.now));
            self.timeout();
            self.check();
        }
        self.pass(end);
    }

    fn packet(&mut self, packet: &str) {
        let message = self.driven.receive(packet).is_some();
        assert_eq!(message, self.model.open() && packet == "4x", "what is over hears nothing");
        if !self.model.open() {
            return;
        }
        match packet {
            "1" => self.model.end(CloseReason::TransportClose),
            "2" => self.model.end(CloseReason::TransportError),
            "x" | "" => self.model.end(CloseReason::ParseError),
            // Nobody asked: it proves nothing.
            "3" if self.model.pong_until.take().is_some() => self.model.ping_at = Some(self.model.now + PING_INTERVAL),
            _ => {}
        }
    }

    fn poll(&mut self) {
        let done = self.driven.session.handle_poll();
        assert_eq!(done.is_ok(), !self.model.websocket && !self.model.polled);
        if done.is_ok() {
            self.model.polled = true;
            if let Some(upgrade) = self.model.upgrade.as_mut().filter(|upgrade| upgrade.noop_at.is_some()) {
                self.model.noop |= !std::mem::replace(&mut upgrade.released, true);
            }
        } else if !self.model.websocket {
            self.model.end(CloseReason::TransportError);
        }
    }

    fn candidate_packet(&mut self, packet: &str) {
        self.driven.candidate(packet);
        let model = &mut self.model;
        let Some(upgrade) = &mut model.upgrade else {
            return;
        };
        match (packet, upgrade.noop_at) {
            ("2probe", None) => {
                upgrade.noop_at = Some(model.now + NOOP_INTERVAL);
                model.noop = model.polled;
                upgrade.released = model.polled;
                let answer = self.driven.session.poll_candidate();
                assert_eq!(answer, Some(CandidateStep::Send(Frame::packet("3probe"))));
            }
            ("5", Some(_)) => {
                model.end_upgrade();
                (model.websocket, model.polled) = (true, false);
                assert_eq!(self.driven.session.poll_candidate(), Some(CandidateStep::Promote));
                self.settled += 1;
            }
            _ => model.end_upgrade(),
        }
    }

    fn transmit(&mut self) {
        let sent = self.driven.sent();
        let expected = self.model.transmit().map(|(frames, close)| (frames.join("\u{1e}"), close));
        assert_eq!(sent, expected);
        let (payload, _) = sent.unwrap_or_default();
        let messages = payload.split('\u{1e}').filter_map(|packet| packet.strip_prefix('4')?.parse::<u64>().ok());
        self.received.extend(messages);
    }

    fn check(&mut self) {
        let Self { driven, model, .. } = self;
        assert_eq!(driven.reason(), model.ended, "it ends once, and for what ended it");
        assert_eq!(driven.session.is_closing(), model.closing_until.is_some());
        assert_eq!(driven.session.transport() == TransportKind::WebSocket, model.websocket);
        assert_eq!(driven.session.is_writable(), model.open() && (model.websocket || model.polled));
        let next = model.next().map(|at| self.start + Duration::from_millis(at));
        assert_eq!(driven.session.poll_timeout(), next, "what it waits for, and nothing when it is over");
        if model.upgrade.is_none() && self.settled < self.candidates {
            assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Drop), "it did not come to anything");
            self.settled += 1;
        }
        assert_eq!(driven.session.poll_candidate(), None);
        assert!(self.received.iter().copied().eq(0..self.received.len() as u64), "each once, and in order");
    }

    /// The client does all it can to be told everything, and goes only then.
    fn hear_the_rest(&mut self) {
        let over = self.model.ended.is_some();
        for step in [Move::Written, Move::Close, Move::Poll, Move::Transmit, Move::Poll, Move::Transmit] {
            self.make(&step);
        }
        assert!(self.model.ended.is_some(), "nothing waits, so nothing keeps it");
        assert!(over || self.received.len() as u64 == self.sent, "what was sent has come");
        assert_eq!((self.driven.session.poll_timeout(), self.settled), (None, self.candidates));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_message_once_through_one_transport_and_one_end(
        websocket in any::<bool>(),
        steps in prop::collection::vec(moves(), 1..100),
    ) {
        let mut world = World::new(if websocket { TransportKind::WebSocket } else { TransportKind::Polling });
        for step in &steps {
            world.make(step);
        }
        world.hear_the_rest();
    }
}
