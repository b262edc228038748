//! What waits to go out to one client, bounded.

use std::collections::VecDeque;
use std::fmt;

use crate::config::Config;
use crate::frame::Frame;

/// A client that keeps up may be given this many times the bound in one go.
///
/// A burst is no slowness: what a handler emits in a loop goes out with the next write. For a client that does not take
/// what it is given, the bound is the bound.
const BURST: usize = 8;
/// Frames that wait for one client, bounded in bytes and in number.
///
/// What its driver took and could not write yet still counts, once [`hold`](Self::hold) says how much that is: whatever
/// lies between the outbox and the network is memory that a slow reader occupies.
#[derive(Debug, Default)]
pub struct Outbox {
    frames: VecDeque<Frame>,
    bytes: usize,
    held_frames: usize,
    held_bytes: usize,
}

/// The outbox was full: the client reads too slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxFull;

impl fmt::Display for OutboxFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client does not read fast enough")
    }
}

impl std::error::Error for OutboxFull {}

impl Outbox {
    /// A queue that a burst has grown beyond this many frames is not kept. What is kept, is until there is nothing to say.
    pub const KEPT: usize = 128;

    /// Appends the frames of one packet, all or none. `keeps_up` says whether the transport could take something now.
    ///
    /// It is the backlog that is bounded, not the message: one more goes in as long as what waits is within the bounds.
    ///
    /// # Errors
    ///
    /// When what waits has reached a limit of `config`.
    pub fn push(
        &mut self,
        config: &Config,
        frames: impl IntoIterator<Item = Frame>,
        keeps_up: bool,
    ) -> Result<(), OutboxFull> {
        let times = if keeps_up { BURST } else { 1 };
        if self.bytes() >= config.max_queued_bytes().saturating_mul(times)
            || self.len() >= config.max_queued_packets().saturating_mul(times)
        {
            return Err(OutboxFull);
        }
        for frame in frames {
            self.bytes += frame.len();
            self.frames.push_back(frame);
        }
        Ok(())
    }

    /// Moves everything that waits to the end of `out`.
    ///
    /// Where there is nothing, neither queue keeps its memory. So a connection has none after the first time that it had
    /// nothing to say, which is when it has answered a ping, and one that talks goes on with what it has.
    pub fn take(&mut self, out: &mut VecDeque<Frame>) {
        self.bytes = 0;
        if out.is_empty() && self.frames.is_empty() {
            (self.frames, *out) = (VecDeque::new(), VecDeque::new());
        } else if out.is_empty() {
            std::mem::swap(&mut self.frames, out);
            if self.frames.capacity() > Self::KEPT {
                self.frames = VecDeque::new();
            }
        } else {
            out.extend(std::mem::take(&mut self.frames));
        }
    }

    /// How much of what was taken has not been written.
    pub const fn hold(&mut self, frames: usize, bytes: usize) {
        self.held_frames = frames;
        self.held_bytes = bytes;
    }

    /// Frames that wait or are held.
    pub fn len(&self) -> usize {
        self.frames.len() + self.held_frames
    }

    /// Bytes of the frames that wait or are held.
    pub const fn bytes(&self) -> usize {
        self.bytes + self.held_bytes
    }

    /// Whether a driver that goes on producing should rather see to the transport first.
    pub fn is_crowded(&self, config: &Config) -> bool {
        self.bytes() > config.max_queued_bytes() / 2 || self.len() > config.max_queued_packets() / 2
    }

    /// Whether some of what was taken has not been written.
    pub const fn is_held(&self) -> bool {
        self.held_frames > 0
    }

    /// Whether everything has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what waits, and the memory that a burst left behind.
    pub fn clear(&mut self) {
        self.frames = VecDeque::new();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(outbox: &mut Outbox, config: &Config, text: &str) -> Result<(), OutboxFull> {
        outbox.push(config, [Frame::text(text)], false)
    }

    #[test]
    fn the_backlog_is_bounded_and_not_the_message() {
        let mut config = Config::default();
        config.set_max_queued_bytes(10).set_max_queued_packets(3);
        let mut outbox = Outbox::default();
        assert_eq!(push(&mut outbox, &config, &"x".repeat(100)), Ok(()));
        assert_eq!(push(&mut outbox, &config, "x"), Err(OutboxFull));

        let mut out = VecDeque::new();
        outbox.take(&mut out);
        outbox.hold(1, out[0].len());
        assert_eq!(push(&mut outbox, &config, "x"), Err(OutboxFull), "not written yet");
        outbox.hold(0, 0);
        assert!(outbox.is_empty());
        assert_eq!(push(&mut outbox, &config, "x"), Ok(()));
    }

    #[test]
    fn the_frames_of_a_packet_go_in_together_or_not_at_all() {
        let mut config = Config::default();
        config.set_max_queued_packets(2);
        let mut outbox = Outbox::default();
        let frames = [Frame::text("a"), Frame::binary(b"b")];
        assert_eq!(outbox.push(&config, frames.clone(), false), Ok(()));
        assert_eq!(outbox.push(&config, frames, false), Err(OutboxFull));
        assert_eq!(outbox.len(), 2);
    }

    #[test]
    fn a_client_that_keeps_up_may_be_given_more_in_one_go() {
        let mut config = Config::default();
        config.set_max_queued_packets(2);
        let mut outbox = Outbox::default();
        let frame = || [Frame::text("a")];
        for _ in 0..2 * BURST {
            assert_eq!(outbox.push(&config, frame(), true), Ok(()));
        }
        assert!(outbox.is_crowded(&config));
        assert_eq!(outbox.push(&config, frame(), true), Err(OutboxFull));
    }

    #[test]
    fn a_burst_leaves_no_memory_behind() {
        let config = Config::default();
        let mut outbox = Outbox::default();
        let mut out = VecDeque::from([Frame::text("already there")]);
        for _ in 0..1000 {
            push(&mut outbox, &config, "x").unwrap();
        }
        outbox.take(&mut out);
        assert_eq!(out.len(), 1001);
        assert_eq!(outbox.frames.capacity(), 0);
    }
}
