//! A WebSocket: a byte stream, a reader and a writer, polled by the session's task.

use std::collections::VecDeque;
use std::io;
use std::task::{Context, Poll};

use pintle_engine::{CloseReason, Config, Frame, Packet, PacketError};
use tokio::io::ReadBuf;

use super::io::Io;
use super::reader::{Incoming, Reader, Violation};
use super::scratch::{SCRATCH, Scratch};
use super::writer::Writer;
use crate::meter::Sum;
use crate::metrics::Traffic;

/// Reads of one turn, after which others get theirs.
const READS: usize = 8;

/// An open WebSocket.
#[derive(Debug)]
pub(crate) struct WebSocket {
    io: Io,
    reader: Reader,
    writer: Writer,
    /// What was read and not handled: a part of a frame, or frames that must wait. An idle connection has none, and no
    /// allocation for it.
    tail: Vec<u8>,
    /// Bytes that came in and are not counted yet.
    read: Sum,
}

/// A message, as it was on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

/// Whether the reader goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Give me the next message.
    More,
    /// Keep the rest until I ask again.
    Enough,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadEnd {
    /// There is nothing more; the task will be woken. Whether there was anything.
    Drained { read: bool },
    /// There may be more, but it is somebody else's turn. Poll again.
    Yielded,
    /// The receiver has enough.
    Full,
    /// It is over.
    Closed(CloseReason),
    /// The peer broke the rules, and it is over: the code that it is told.
    Violated(u16),
}

impl<'a> Received<'a> {
    /// The packet that it is in Engine.IO.
    #[inline]
    pub(crate) fn packet(self) -> Result<Packet<'a>, PacketError> {
        match self {
            Self::Text(text) => Packet::parse(text),
            Self::Binary(data) => Ok(Packet::binary(data)),
        }
    }
}

impl WebSocket {
    /// Takes over a byte stream, with what was read from it already.
    pub(crate) fn new(io: Io, read_ahead: &[u8]) -> Self {
        let mut read = Sum::default();
        read.add(read_ahead.len());
        Self { io, reader: Reader::default(), writer: Writer::default(), tail: read_ahead.to_vec(), read }
    }

    /// The frames to write next; they go out with [`poll_write`](Self::poll_write).
    pub(crate) const fn queue(&mut self) -> &mut VecDeque<Frame> {
        self.writer.queue()
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_drained(&self) -> bool {
        self.writer.is_empty()
    }

    /// Whether the last write left something.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.writer.is_stuck()
    }

    /// Frames and bytes that wait to be written.
    pub(crate) fn held(&self) -> (usize, usize) {
        self.writer.held()
    }

    /// Adds the bytes that came in and went out since the last time.
    pub(crate) fn count_traffic(&mut self, traffic: &mut Traffic) {
        self.read.move_to(&mut traffic.bytes_in);
        self.writer.written_bytes().move_to(&mut traffic.bytes_out);
    }

    /// Whether a message has begun to come, when all that came has been handled.
    pub(crate) const fn is_in_message(&self) -> bool {
        !self.tail.is_empty() || self.reader.is_in_message()
    }

    /// Sends a close frame after what is queued, for this reason.
    pub(crate) fn close(&mut self, reason: Option<CloseReason>) {
        // A policy of ours, as for too many frames. The other reasons speak for themselves.
        self.writer.close((reason == Some(CloseReason::MessageTimeout)).then_some(Violation::POLICY.0));
    }

    /// Drops what is queued.
    pub(crate) fn discard(&mut self) {
        self.writer.discard();
    }

    /// Hands everything that has arrived to `sink`, message by message.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        mut sink: impl FnMut(&mut Context<'_>, Received<'_>) -> Flow,
    ) -> ReadEnd {
        if !self.tail.is_empty()
            && let Some(end) = self.handle_tail(cx, config, &mut sink)
        {
            return end;
        }
        self.read(cx, config, &mut Scratch::take(), &mut sink)
    }

    /// Writes what is queued. Says how many bytes were written.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.writer.poll_write(cx, &mut self.io)
    }

    /// Ends the conversation: writes what is left, says so, and waits for the peer to hang up. To hang up first, with
    /// bytes of the peer unread, would have the kernel drop our last words.
    pub(crate) fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.writer.is_empty() {
            match self.writer.poll_write(cx, &mut self.io) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        if self.writer.is_empty() && self.io.poll_shutdown(cx).map_err(drop) == Poll::Ready(Err(())) {
            return Poll::Ready(());
        }
        let mut scratch = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            match self.io.poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn read(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        scratch: &mut [u8],
        sink: &mut impl FnMut(&mut Context<'_>, Received<'_>) -> Flow,
    ) -> ReadEnd {
        for reads in 0..READS {
            let mut buffer = ReadBuf::new(scratch);
            match self.io.poll_read(cx, &mut buffer) {
                Poll::Pending => return ReadEnd::Drained { read: reads > 0 },
                Poll::Ready(Err(_)) => return ReadEnd::Closed(CloseReason::TransportClose),
                Poll::Ready(Ok(())) => {}
            }
            let read = buffer.filled_mut();
            self.read.add(read.len());
            if read.is_empty() {
                return ReadEnd::Closed(CloseReason::TransportClose);
            }
            let end = if self.tail.is_empty() {
                let (end, left) = self.handle(cx, config, read, sink);
                self.tail.extend_from_slice(&read[read.len() - left..]);
                end
            } else {
                self.tail.extend_from_slice(read);
                self.handle_tail(cx, config, sink)
            };
            if let Some(end) = end {
                return end;
            }
        }
        ReadEnd::Yielded
    }

    /// Handles what was left over. What still is stays where it is: bytes that dribble in are not copied again and again.
    fn handle_tail(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        sink: &mut impl FnMut(&mut Context<'_>, Received<'_>) -> Flow,
    ) -> Option<ReadEnd> {
        let mut tail = std::mem::take(&mut self.tail);
        let (end, left) = self.handle(cx, config, &mut tail, sink);
        if left > 0 {
            if tail.capacity() > SCRATCH && left < tail.capacity() / 4 {
                tail = tail[tail.len() - left..].to_vec();
            } else {
                tail.drain(..tail.len() - left);
            }
            self.tail = tail;
        }
        end
    }

    /// Handles the frames in `input`. Gives why to stop, if there is a reason, and how many bytes are left over.
    fn handle(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        mut input: &mut [u8],
        sink: &mut impl FnMut(&mut Context<'_>, Received<'_>) -> Flow,
    ) -> (Option<ReadEnd>, usize) {
        loop {
            let flow = match self.reader.next(config, &mut input) {
                Ok(None) => return (None, input.len()),
                Ok(Some(Incoming::Text(text))) => sink(cx, Received::Text(&text)),
                Ok(Some(Incoming::Binary(data))) => sink(cx, Received::Binary(&data)),
                Ok(Some(Incoming::Ping(payload))) => {
                    self.writer.pong(payload);
                    Flow::More
                }
                Ok(Some(Incoming::Pong)) => Flow::More,
                Ok(Some(Incoming::Close(code))) => {
                    self.writer.close(code);
                    return (Some(ReadEnd::Closed(CloseReason::TransportClose)), 0);
                }
                Err(Violation(code)) => {
                    tracing::debug!(code, "a frame breaks the rules, or a limit");
                    self.writer.close(Some(code));
                    return (Some(ReadEnd::Violated(code)), 0);
                }
            };
            if flow == Flow::Enough {
                return (Some(ReadEnd::Full), input.len());
            }
        }
    }
}

#[cfg(test)]
mod tests;
