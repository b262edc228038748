//! The machine on virtual time: no clock, no sleep, no runtime.

mod model;

use super::*;
use crate::close::CloseReason;
use crate::config::{Config, TransportKind};
use crate::frame::Frame;
use crate::outbox::Outbox;
use crate::packet::{Message, Packet, PacketError};
use crate::payload;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A session, its outbox and a clock that only the test moves.
struct Driven {
    session: Session,
    outbox: Outbox,
    config: Arc<Config>,
    now: Instant,
}

impl Driven {
    fn new(transport: TransportKind) -> Self {
        Self::with_config(Config::default(), transport)
    }

    fn with_config(config: Config, transport: TransportKind) -> Self {
        let config = Arc::new(config);
        let now = epoch();
        Self { session: Session::new(config.clone(), transport, now), outbox: Outbox::default(), config, now }
    }

    fn polling() -> Self {
        Self::new(TransportKind::Polling)
    }

    fn websocket() -> Self {
        Self::new(TransportKind::WebSocket)
    }

    /// On long-polling, with an upgrade that has been probed.
    fn probed() -> Self {
        let mut driven = Self::polling();
        assert!(driven.session.handle_candidate(driven.now));
        driven.candidate("2probe");
        assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Send(Frame::packet("3probe"))));
        driven
    }

    fn emit(&mut self, text: &str) {
        self.outbox.push(&self.config, [Frame::text(text)], true).unwrap();
    }

    fn receive<'a>(&mut self, packet: &'a str) -> Option<Message<'a>> {
        self.session.handle_packet(self.now, Packet::parse(packet))
    }

    fn candidate(&mut self, packet: &str) {
        self.session.handle_candidate_packet(self.now, Packet::parse(packet));
    }

    /// What goes out, in the form of a polling payload, and whether the transport closes after it.
    fn sent(&mut self) -> Option<(String, bool)> {
        let mut frames = VecDeque::new();
        let transmit = self.session.poll_transmit(&mut self.outbox, &mut frames);
        let body = String::from_utf8(payload::encode(frames.iter()).to_vec()).unwrap();
        match transmit {
            Transmit::Idle => None,
            Transmit::Send => Some((body, false)),
            Transmit::Close => Some((body, true)),
        }
    }

    /// Polls and gives the answer, which must be there at once.
    fn poll(&mut self) -> String {
        self.session.handle_poll().unwrap();
        self.sent().expect("an answer").0
    }

    /// Lets time pass, stopping at every deadline on the way.
    fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        while let Some(at) = self.session.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.session.handle_timeout(at);
        }
        self.now = end;
    }

    /// Lets time pass for a client that answers each heartbeat.
    fn keep_alive(&mut self, by: Duration) {
        let end = self.now + by;
        while self.now < end {
            self.advance(SECOND);
            assert_eq!(self.receive("3"), None);
        }
    }

    fn reason(&self) -> Option<CloseReason> {
        self.session.close_reason()
    }
}

/// Somewhere to start from. The machine compares instants and never reads the clock, so any will do.
#[expect(clippy::disallowed_methods, reason = "an Instant can only be had from the clock")]
fn epoch() -> Instant {
    Instant::now()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_server_pings_and_a_pong_keeps_the_session_alive() {
    let mut driven = Driven::websocket();
    for _ in 0..10 {
        driven.advance(24 * SECOND);
        assert_eq!(driven.sent(), None, "not early");
        driven.advance(SECOND);
        assert_eq!(driven.sent(), Some(("2".into(), false)));
        driven.advance(19 * SECOND);
        assert_eq!(driven.receive("3"), None);
    }
    assert_eq!(driven.reason(), None);
}

#[test]
fn silence_after_a_ping_closes() {
    let mut driven = Driven::polling();
    driven.advance(44 * SECOND);
    assert_eq!(driven.reason(), None);
    driven.advance(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::PingTimeout));
    assert_eq!(driven.session.poll_timeout(), None);
}

#[test]
fn messages_are_no_heartbeat() {
    let mut driven = Driven::websocket();
    for _ in 0..45 {
        assert!(driven.receive("4x").is_some());
        driven.advance(SECOND);
    }
    assert_eq!(driven.reason(), Some(CloseReason::PingTimeout));
}

#[test]
fn a_pong_that_nobody_asked_for_proves_nothing() {
    let mut driven = Driven::websocket();
    driven.advance(20 * SECOND);
    assert_eq!(driven.receive("3"), None);
    driven.advance(25 * SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::PingTimeout));
}

#[test]
fn bytes_of_a_long_upload_prolong_the_wait_twice() {
    let mut driven = Driven::websocket();
    driven.advance(25 * SECOND);
    for _ in 0..59 {
        driven.session.handle_activity();
        driven.advance(SECOND);
        assert_eq!(driven.reason(), None);
    }
    driven.session.handle_activity();
    driven.advance(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::PingTimeout));
}

#[test]
fn bytes_that_cease_prolong_the_wait_no_more() {
    let mut driven = Driven::websocket();
    // Before the ping they count for nothing.
    driven.session.handle_activity();
    driven.advance(26 * SECOND);
    driven.session.handle_activity();
    driven.advance(38 * SECOND);
    assert_eq!(driven.reason(), None);
    driven.advance(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::PingTimeout));
}

#[test]
fn nobody_is_blamed_for_silence_while_we_do_not_read() {
    let mut driven = Driven::websocket();
    driven.session.set_paused(true);
    driven.advance(25 * SECOND);
    for _ in 0..10 {
        assert_eq!(driven.sent(), Some(("2".into(), false)), "asked again");
        driven.advance(20 * SECOND);
    }
    assert_eq!(driven.reason(), None);
    driven.session.set_paused(false);
    driven.advance(20 * SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::PingTimeout));
}

#[test]
fn a_client_that_does_not_even_poll_is_gone_whether_we_read_or_not() {
    let mut driven = Driven::polling();
    driven.session.set_paused(true);
    driven.advance(45 * SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::PingTimeout));
}

#[test]
fn a_client_that_pings_is_wrong() {
    let mut driven = Driven::websocket();
    assert_eq!(driven.receive("2"), None);
    assert_eq!(driven.reason(), Some(CloseReason::TransportError));
}

#[test]
fn packets_that_only_servers_send_are_ignored() {
    let mut driven = Driven::polling();
    for packet in ["0{}", "5", "6", "3"] {
        assert_eq!(driven.receive(packet), None);
    }
    assert_eq!(driven.reason(), None);
    assert_eq!(driven.receive("4é"), Some(Message::Text("é")));
}

#[test]
fn a_packet_that_cannot_be_read_closes() {
    let mut driven = Driven::polling();
    assert_eq!(driven.receive("x"), None);
    assert_eq!(driven.reason(), Some(CloseReason::ParseError));
    assert_eq!(driven.receive("4late"), None);
}

#[test]
fn a_poll_waits_and_takes_everything_there_is() {
    let mut driven = Driven::polling();
    driven.session.handle_poll().unwrap();
    assert_eq!(driven.sent(), None);
    assert!(driven.session.is_writable());
    driven.emit("a");
    driven.emit("b");
    assert_eq!(driven.sent(), Some(("4a\u{1e}4b".into(), false)));
    driven.emit("c");
    assert!(!driven.session.is_writable());
    assert_eq!(driven.sent(), None, "no GET, no answer");
    assert_eq!(driven.poll(), "4c");
}

#[test]
fn a_ping_waits_for_the_next_poll_and_goes_first() {
    let mut driven = Driven::polling();
    driven.advance(25 * SECOND);
    driven.emit("a");
    assert_eq!(driven.poll(), "2\u{1e}4a");
}

#[test]
fn a_second_poll_closes_and_the_first_is_told() {
    let mut driven = Driven::polling();
    driven.session.handle_poll().unwrap();
    assert_eq!(driven.session.handle_poll(), Err(PollRefused));
    assert_eq!(driven.reason(), Some(CloseReason::TransportError));
    assert_eq!(driven.sent(), Some(("1".into(), true)));
}

#[test]
fn an_aborted_poll_closes() {
    let mut driven = Driven::polling();
    driven.session.handle_poll().unwrap();
    driven.session.handle_poll_aborted();
    assert_eq!(driven.reason(), Some(CloseReason::TransportError));
    assert_eq!(driven.sent(), None);
}

#[test]
fn a_client_that_closes_gets_a_noop_on_its_poll() {
    let mut driven = Driven::polling();
    driven.session.handle_poll().unwrap();
    assert_eq!(driven.receive("1"), None);
    assert_eq!(driven.reason(), Some(CloseReason::TransportClose));
    assert_eq!(driven.sent(), Some(("6".into(), true)));
}

#[test]
fn a_graceful_close_delivers_what_waits() {
    let mut driven = Driven::polling();
    driven.emit("a");
    driven.session.close(driven.now);
    assert_eq!(driven.sent(), None);
    assert_eq!(driven.reason(), None);
    assert_eq!(driven.poll(), "4a");
    assert_eq!(driven.reason(), None);
    assert_eq!(driven.poll(), "6\u{1e}1");
    assert_eq!(driven.reason(), Some(CloseReason::ForcedClose));

    let mut driven = Driven::websocket();
    driven.emit("a");
    driven.session.close(driven.now);
    assert_eq!(driven.sent(), Some(("4a".into(), false)));
    assert_eq!(driven.reason(), None, "not before it is written");
    assert_eq!(driven.sent(), Some((String::new(), true)));
    assert_eq!(driven.reason(), Some(CloseReason::ForcedClose));
}

#[test]
fn a_graceful_close_does_not_wait_for_ever() {
    let mut driven = Driven::polling();
    driven.session.close(driven.now);
    driven.advance(29 * SECOND);
    assert_eq!(driven.reason(), None);
    driven.advance(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::ForcedClose));
}

#[test]
fn who_owes_an_answer_has_no_longer_to_fetch_the_end() {
    let mut driven = Driven::polling();
    driven.advance(40 * SECOND);
    driven.session.close(driven.now);
    driven.advance(4 * SECOND);
    assert_eq!(driven.reason(), None);
    driven.advance(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::ForcedClose), "at 45 s, and not 30 s after the end was wanted");
}

#[test]
fn a_blocked_write_has_until_the_timeout_to_get_on() {
    let mut driven = Driven::websocket();
    driven.session.handle_write_blocked(driven.now);
    driven.advance(19 * SECOND);
    driven.session.handle_write_progress(4096);
    driven.session.handle_write_blocked(driven.now);
    driven.advance(19 * SECOND);
    assert_eq!(driven.reason(), None);
    driven.advance(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::WriteTimeout));
}

#[test]
fn h152_a_few_bytes_are_no_progress_but_many_times_a_few_are() {
    let mut driven = Driven::websocket();
    for bytes in [4095, 1024] {
        // What it takes within twenty seconds adds up.
        for _ in 0..4 {
            driven.session.handle_write_blocked(driven.now);
            driven.keep_alive(4 * SECOND);
            driven.session.handle_write_progress(bytes);
        }
    }
    assert_eq!(driven.reason(), None);
    driven.session.handle_write_blocked(driven.now);
    driven.keep_alive(19 * SECOND);
    driven.session.handle_write_progress(4095);
    driven.session.handle_write_blocked(driven.now);
    driven.keep_alive(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::WriteTimeout));
}

#[test]
fn all_that_waits_is_enough_however_little_it_is() {
    let mut driven = Driven::websocket();
    for _ in 0..10 {
        driven.session.handle_write_blocked(driven.now);
        driven.advance(2 * SECOND);
        driven.session.handle_write_progress(1);
        driven.session.handle_write_finished();
        driven.advance(SECOND);
    }
    assert_eq!(driven.reason(), None);
}

#[test]
fn h076_a_message_has_a_minute_from_its_first_byte_to_its_last() {
    let mut driven = Driven::websocket();
    // Each of these ends in the middle of another message.
    for _ in 0..3 {
        driven.session.handle_read(driven.now, true, true);
        driven.keep_alive(59 * SECOND);
    }
    driven.session.handle_read(driven.now, false, true);
    driven.keep_alive(120 * SECOND);
    assert_eq!(driven.reason(), None);
    driven.session.handle_read(driven.now, true, false);
    driven.keep_alive(59 * SECOND);
    driven.session.handle_read(driven.now, true, false);
    assert_eq!(driven.reason(), None);
    driven.keep_alive(SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::MessageTimeout));
}

#[test]
fn a_message_that_is_not_read_is_not_late() {
    let mut driven = Driven::websocket();
    driven.session.handle_read(driven.now, true, false);
    driven.session.set_paused(true);
    driven.keep_alive(100 * SECOND);
    assert_eq!(driven.reason(), None);
    driven.session.set_paused(false);
    driven.keep_alive(20 * SECOND);
    assert_eq!(driven.reason(), Some(CloseReason::MessageTimeout));
}

#[test]
fn an_upgrade_moves_the_session_and_loses_nothing() {
    let mut driven = Driven::probed();
    driven.emit("1");
    assert_eq!(driven.poll(), "41", "polling works until the client moves");
    driven.emit("2");
    driven.candidate("5");
    assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Promote));
    assert_eq!(driven.session.transport(), TransportKind::WebSocket);
    assert_eq!(driven.sent(), Some(("42".into(), false)));
    assert_eq!(driven.session.handle_poll(), Err(PollRefused));
    assert_eq!(driven.reason(), None, "a late poll harms nobody");
    driven.advance(24 * SECOND);
    assert_eq!(driven.reason(), None, "no timer of the upgrade is left");
}

#[test]
fn a_poll_in_the_way_of_an_upgrade_is_answered_at_once_and_again() {
    let mut driven = Driven::polling();
    driven.session.handle_poll().unwrap();
    assert!(driven.session.handle_candidate(driven.now));
    driven.candidate("2probe");
    assert_eq!(driven.sent(), Some(("6".into(), false)));
    for _ in 0..5 {
        driven.session.handle_poll().unwrap();
        assert_eq!(driven.sent(), None);
        driven.advance(Duration::from_millis(100));
        assert_eq!(driven.sent(), Some(("6".into(), false)));
    }
}

#[test]
fn a_poll_that_comes_after_the_probe_does_not_keep_the_client_waiting() {
    let mut driven = Driven::probed();
    assert_eq!(driven.poll(), "6", "it was on its way already");
    driven.session.handle_poll().unwrap();
    assert_eq!(driven.sent(), None, "who goes on polling waits for the next one");
    driven.advance(Duration::from_millis(100));
    assert_eq!(driven.sent(), Some(("6".into(), false)));
}

#[test]
fn the_probe_is_answered_once() {
    let mut driven = Driven::probed();
    driven.candidate("2probe");
    assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Drop));
    assert_eq!(driven.reason(), None);
}

#[test]
fn durations_that_mean_never_are_no_trouble() {
    let mut config = Config::default();
    config.set_ping_interval(Duration::MAX).set_ping_timeout(Duration::ZERO);
    let session = Session::new(Arc::new(config.clone()), TransportKind::Polling, epoch());
    assert!(session.poll_timeout().is_some());
    assert!(config.ping_timeout() > Duration::ZERO);
}

#[test]
fn only_the_probe_is_answered() {
    for first in ["4x", "5", "2", "2probex", "3", "6", "", "x"] {
        let mut driven = Driven::polling();
        assert!(driven.session.handle_candidate(driven.now));
        driven.candidate(first);
        assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Drop), "{first}");
        assert_eq!(driven.reason(), None);
        driven.emit("a");
        assert_eq!(driven.poll(), "4a", "polling goes on after {first}");
        assert!(driven.session.handle_candidate(driven.now), "and may try again");
    }
}

#[test]
fn binary_before_the_end_of_the_upgrade_ends_it() {
    let mut driven = Driven::probed();
    driven.session.handle_candidate_packet(driven.now, Ok(Packet::binary(b"x")));
    assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Drop));
    assert_eq!(driven.reason(), None);
}

#[test]
fn an_upgrade_that_takes_too_long_is_given_up() {
    let mut driven = Driven::probed();
    driven.advance(10 * SECOND);
    assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Drop));
    assert_eq!(driven.session.transport(), TransportKind::Polling);
    assert_eq!(driven.reason(), None);
}

#[test]
fn one_upgrade_at_a_time_and_none_from_a_websocket() {
    let mut driven = Driven::probed();
    assert!(!driven.session.handle_candidate(driven.now));
    driven.candidate("5");
    assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Promote));
    assert!(!driven.session.handle_candidate(driven.now));
    assert!(!Driven::websocket().session.handle_candidate(driven.now));
}

#[test]
fn a_candidate_that_disappears_leaves_the_session_alone() {
    let mut driven = Driven::probed();
    driven.session.handle_candidate_closed();
    assert_eq!(driven.session.poll_candidate(), None);
    assert_eq!(driven.reason(), None);
    assert!(driven.session.handle_candidate(driven.now));
}

#[test]
fn the_end_of_the_session_ends_its_upgrade() {
    let mut driven = Driven::probed();
    driven.session.abort(CloseReason::ForcedClose);
    assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Drop));
    assert_eq!(driven.session.poll_timeout(), None);
}

#[test]
fn a_session_that_closes_while_it_moves_closes_on_the_new_transport() {
    let mut driven = Driven::probed();
    driven.emit("bye");
    driven.session.close(driven.now);
    driven.candidate("5");
    assert_eq!(driven.session.poll_candidate(), Some(CandidateStep::Promote));
    assert_eq!(driven.sent(), Some(("4bye".into(), false)));
    assert_eq!(driven.sent(), Some((String::new(), true)));
}

#[test]
fn the_first_reason_stays() {
    let mut driven = Driven::websocket();
    assert_eq!(driven.session.handle_packet(driven.now, Err(PacketError::Utf8)), None);
    driven.session.handle_transport_closed(CloseReason::TransportClose);
    assert_eq!(driven.reason(), Some(CloseReason::ParseError));
}
