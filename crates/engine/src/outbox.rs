//! What waits to go out to one client, bounded.

use std::collections::VecDeque;
use std::fmt;

use crate::config::Config;
use crate::frame::Frame;

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
    /// Appends the frames of one packet, all or none.
    ///
    /// A packet larger than the whole bound still goes into an empty outbox: it is the backlog that is bounded, not the
    /// size of a message.
    ///
    /// # Errors
    ///
    /// When they would make more than the limits of `config`.
    pub fn push(&mut self, config: &Config, frames: &[Frame]) -> Result<(), OutboxFull> {
        let bytes: usize = frames.iter().map(Frame::len).sum();
        let over =
            self.bytes() + bytes > config.max_queued_bytes() || self.len() + frames.len() > config.max_queued_packets();
        if over && !self.is_empty() {
            return Err(OutboxFull);
        }
        self.bytes += bytes;
        self.frames.extend(frames.iter().cloned());
        Ok(())
    }

    /// Moves everything that waits to the end of `out`.
    pub fn take(&mut self, out: &mut VecDeque<Frame>) {
        self.bytes = 0;
        if out.is_empty() {
            std::mem::swap(&mut self.frames, out);
        } else {
            out.append(&mut self.frames);
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

    #[test]
    fn the_backlog_is_bounded_and_not_the_message() {
        let mut config = Config::default();
        config.set_max_queued_bytes(10).set_max_queued_packets(3);
        let mut outbox = Outbox::default();
        assert_eq!(outbox.push(&config, &[Frame::text(&"x".repeat(100))]), Ok(()));
        assert_eq!(outbox.push(&config, &[Frame::text("x")]), Err(OutboxFull));

        let mut out = VecDeque::new();
        outbox.take(&mut out);
        outbox.hold(1, out[0].len());
        assert_eq!(outbox.push(&config, &[Frame::text("x")]), Err(OutboxFull), "not written yet");
        outbox.hold(0, 0);
        assert!(outbox.is_empty());
        assert_eq!(outbox.push(&config, &[Frame::text("x")]), Ok(()));
    }

    #[test]
    fn the_frames_of_a_packet_go_in_together_or_not_at_all() {
        let mut config = Config::default();
        config.set_max_queued_packets(3);
        let mut outbox = Outbox::default();
        let frames = [Frame::text("a"), Frame::binary(b"b")];
        assert_eq!(outbox.push(&config, &frames), Ok(()));
        assert_eq!(outbox.push(&config, &frames), Err(OutboxFull));
        assert_eq!(outbox.len(), 2);
    }
}
