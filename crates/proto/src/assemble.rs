//! A packet whose attachments are on their way.

use std::time::Instant;

use bytes::Bytes;

use crate::args::Args;
use crate::config::Config;
use crate::connection::Slot;
use crate::error::DecodeError;

/// What a packet with attachments says, apart from its arguments.
pub(crate) enum Head {
    Event { id: Option<u64>, name: String },
    Ack { id: Option<u64> },
}

/// A packet that lacks at least one attachment.
pub(crate) struct Partial {
    slot: Slot,
    head: Head,
    /// The arguments with their placeholders. They are read when all is there: text is smaller than a tree.
    args: Box<str>,
    attachments: Vec<Bytes>,
    awaited: usize,
    size: usize,
    deadline: Instant,
}

impl Partial {
    pub(crate) fn new(now: Instant, slot: Slot, head: Head, args: &str, awaited: usize, config: &Config) -> Self {
        Self {
            slot,
            head,
            args: args.into(),
            // Not as many as are announced, if that is many: none of them has come yet.
            attachments: Vec::with_capacity(awaited.min(10)),
            awaited,
            size: 0,
            deadline: now + config.attachment_timeout(),
        }
    }

    pub(crate) fn slot(&self) -> Slot {
        self.slot
    }

    /// When the next attachment must have come.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Takes the next attachment; true if it was the last.
    pub(crate) fn push(&mut self, now: Instant, data: &[u8], config: &Config) -> Result<bool, DecodeError> {
        self.size = self.size.saturating_add(data.len());
        if self.size > config.max_attachment_bytes() {
            return Err(DecodeError::AttachmentsTooLarge);
        }
        self.attachments.push(Bytes::copy_from_slice(data));
        self.deadline = now + config.attachment_timeout();
        Ok(self.attachments.len() == self.awaited)
    }

    /// Puts the whole packet together.
    pub(crate) fn finish(self) -> Result<(Slot, Head, Args), DecodeError> {
        let args = Args::from_binary(&self.args, self.attachments)?;
        Ok((self.slot, self.head, args))
    }
}
