//! Frames out: many of them in one vectored write.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::iter;
use std::ops::Range;
use std::task::{Context, Poll};

use pintle_engine::{Frame, Outbox};
use smallvec::SmallVec;

use super::io::Io;
use super::scratch::Scratch;
use crate::meter::Sum;

/// The most slices of one system call. Linux takes 1024; more than this many gains nothing.
const BATCH: usize = 64;
/// Up to this size frames are copied together: the kernel takes longer over a slice than over a few bytes more.
const SMALL: usize = 2048;
/// Bytes of pongs that wait at most: sixteen of the longest.
const PONGS: usize = 2048;
/// FIN and the opcode of a pong.
const PONG: u8 = 0x8a;
/// FIN and the opcode of a closing frame.
const CLOSE: u8 = 0x88;

/// Frames on their way to the socket.
#[derive(Debug, Default)]
pub(super) struct Writer {
    frames: VecDeque<Frame>,
    /// Bytes of the first frame that are written already.
    written: usize,
    /// Pongs, to go out between two frames. Boxed, because hardly any client ever pings.
    pongs: Option<Box<Control>>,
    /// The closing frame, to go out last. Boxed, because it comes once.
    close: Option<Box<Control>>,
    /// The closing frame is out.
    closed: bool,
    /// The last write left something.
    stuck: bool,
    /// Bytes that went out and are not counted yet.
    out: Sum,
}

/// Control frames, side by side.
#[derive(Debug, Default)]
struct Control {
    wire: Vec<u8>,
    /// How much of them is written already.
    written: usize,
}

/// What one slice of a write is.
enum Piece<'a> {
    /// A frame as it is.
    Whole(&'a [u8]),
    /// Small frames, side by side in the scratch buffer.
    Copied(Range<usize>),
}

impl Writer {
    /// The queue to append to.
    pub(super) const fn queue(&mut self) -> &mut VecDeque<Frame> {
        &mut self.frames
    }

    /// Answers a ping. Who sends a flood of them and does not read gets the answer to the latest, as RFC 6455 allows.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        let pongs = self.pongs.get_or_insert_default();
        if pongs.wire.len() + payload.len() + 2 > PONGS {
            pongs.keep_begun();
        }
        pongs.push(PONG, payload);
    }

    /// Closes after everything queued. With no code where none is needed, as Node does.
    pub(super) fn close(&mut self, code: Option<u16>) {
        if !self.closed && self.close.is_none() {
            let close = self.close.get_or_insert_default();
            match code {
                Some(code) => close.push(CLOSE, &code.to_be_bytes()),
                None => close.push(CLOSE, &[]),
            }
        }
    }

    /// Drops what is queued and not begun.
    pub(super) fn discard(&mut self) {
        self.frames.truncate(usize::from(self.written > 0));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.pongs.is_none() && self.close.is_none()
    }

    /// Frames and bytes that wait.
    pub(super) fn held(&self) -> (usize, usize) {
        let bytes: usize = self.frames.iter().map(Frame::len).sum();
        (self.frames.len(), bytes - self.written)
    }

    /// Bytes that went out and are not counted yet.
    pub(super) const fn written_bytes(&mut self) -> &mut Sum {
        &mut self.out
    }

    /// Whether the last write left something.
    pub(super) const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Writes until all is out or the socket is full. Says how many bytes were written.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, io: &mut Io) -> Poll<io::Result<usize>> {
        let written = self.poll_write_all(cx, io);
        self.stuck = !self.is_empty();
        written
    }

    fn poll_write_all(&mut self, cx: &mut Context<'_>, io: &mut Io) -> Poll<io::Result<usize>> {
        let mut progress = 0;
        while !self.is_empty() {
            let written = match self.write_some(cx, io) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending if progress > 0 => return Poll::Ready(Ok(progress)),
                Poll::Pending => return Poll::Pending,
            };
            progress += written;
            self.out.add(written);
            self.advance(written);
        }
        if self.frames.capacity() > Outbox::KEPT {
            self.frames = VecDeque::new();
        }
        io.poll_flush(cx).map_ok(|()| progress)
    }

    fn write_some(&self, cx: &mut Context<'_>, io: &mut Io) -> Poll<io::Result<usize>> {
        let mut waiting = self.waiting().peekable();
        let first = waiting.next().unwrap_or_default();
        if waiting.peek().is_none() {
            return io.poll_write(cx, &[IoSlice::new(first)]);
        }
        let mut scratch = Scratch::take();
        let mut filled = 0;
        let mut pieces: SmallVec<[Piece<'_>; 8]> = SmallVec::new();
        for bytes in iter::once(first).chain(waiting) {
            let end = filled + bytes.len();
            if bytes.len() > SMALL {
                pieces.push(Piece::Whole(bytes));
            } else if end > scratch.len() {
                break;
            } else {
                scratch[filled..end].copy_from_slice(bytes);
                match pieces.last_mut() {
                    Some(Piece::Copied(range)) => range.end = end,
                    _ => pieces.push(Piece::Copied(filled..end)),
                }
                filled = end;
            }
            if pieces.len() == BATCH {
                break;
            }
        }
        let slices: SmallVec<[IoSlice<'_>; 8]> =
            pieces.iter().map(|piece| IoSlice::new(piece.bytes(&scratch))).collect();
        io.poll_write(cx, &slices)
    }

    /// All that waits, in the order in which it goes out.
    fn waiting(&self) -> impl Iterator<Item = &[u8]> {
        let mut frames = self.frames.iter();
        let begun = (self.written > 0).then(|| frames.next()).flatten();
        let begun = begun.map(|frame| &frame.wire()[self.written..]);
        let pongs = self.pongs.as_ref().map(|pongs| pongs.rest());
        let close = self.close.as_ref().map(|close| close.rest());
        begun.into_iter().chain(pongs).chain(frames.map(|frame| &**frame.wire())).chain(close)
    }

    /// Takes `written` bytes off the queue, in the order in which they were offered.
    fn advance(&mut self, mut written: usize) {
        if self.written > 0 {
            written = self.advance_frame(written);
        }
        if self.written == 0 && written > 0 {
            written = advance_control(&mut self.pongs, written);
        }
        while written > 0 && !self.frames.is_empty() {
            written = self.advance_frame(written);
        }
        if written > 0 && self.close.is_some() {
            advance_control(&mut self.close, written);
            self.closed = self.close.is_none();
        }
    }

    /// Takes up to `written` bytes off the first frame; gives what is left of them.
    fn advance_frame(&mut self, written: usize) -> usize {
        let Some(first) = self.frames.front() else {
            return written;
        };
        let left = first.len() - self.written;
        if written < left {
            self.written += written;
            return 0;
        }
        self.frames.pop_front();
        self.written = 0;
        written - left
    }
}

/// Takes up to `written` bytes off control frames; gives what is left of them.
fn advance_control(slot: &mut Option<Box<Control>>, written: usize) -> usize {
    let Some(control) = slot else {
        return written;
    };
    let rest = control.rest().len();
    if written < rest {
        control.written += written;
        return 0;
    }
    *slot = None;
    written - rest
}

impl<'a> Piece<'a> {
    fn bytes(&self, scratch: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Copied(range) => &scratch[range.clone()],
        }
    }
}

impl Control {
    fn push(&mut self, first: u8, payload: &[u8]) {
        self.wire.extend([first, payload.len() as u8]);
        self.wire.extend_from_slice(payload);
    }

    /// Drops the frames of which nothing is written.
    fn keep_begun(&mut self) {
        let mut end = 0;
        while end < self.written {
            end += 2 + usize::from(self.wire[end + 1]);
        }
        self.wire.truncate(end);
    }

    fn rest(&self) -> &[u8] {
        &self.wire[self.written..]
    }
}
