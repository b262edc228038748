//! One direction of a connection, and what can go wrong on it.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The most bytes that are on their way on a delayed line.
const WINDOW: usize = 256 * 1024;
/// How the response begins with which a connection becomes a WebSocket.
const SWITCHING: &[u8] = b"HTTP/1.1 101";

/// A direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// Both directions, by [`Direction`].
pub(super) type Lines = [Line; 2];

/// One direction of a connection: how it passes bytes on, and where that ends.
#[derive(Clone, Debug)]
pub struct Line {
    delay: Duration,
    piece: usize,
    fault: Option<(Moment, Fault)>,
}

/// What can become of a direction. Bytes that come after it are taken, and go nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The whole connection is closed, on both sides.
    Cut,
    /// The whole connection is reset, on both sides.
    Reset,
    /// This direction is closed, and the other goes on.
    HalfClose,
    /// Nothing happens any more, in this direction: neither bytes nor an end.
    Swallow,
}

#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When so many bytes of the connection have been passed on.
    After(u64),
    /// At a response that agrees to a WebSocket, which is not passed on.
    Switching,
}

/// Why a connection is over before both directions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Cut,
    Reset,
}

impl Default for Line {
    fn default() -> Self {
        Self { delay: Duration::ZERO, piece: usize::MAX, fault: None }
    }
}

impl Line {
    /// Passes everything on at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Passes each byte on so much later, in order.
    #[must_use]
    pub fn delayed(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Writes at most so many bytes at a time.
    #[must_use]
    pub fn in_pieces(mut self, bytes: usize) -> Self {
        self.piece = bytes.max(1);
        self
    }

    /// Passes on so many bytes of each connection, counted from its beginning, and then fails.
    #[must_use]
    pub fn fails_after(mut self, bytes: u64, fault: Fault) -> Self {
        self.fault = Some((Moment::After(bytes), fault));
        self
    }

    /// Fails in place of a response 101.
    #[must_use]
    pub fn fails_at_101(mut self, fault: Fault) -> Self {
        self.fault = Some((Moment::Switching, fault));
        self
    }

    /// How many more bytes may pass when `passed` have, of which `next` are the next.
    fn allows(&self, passed: u64, next: &[u8]) -> usize {
        match self.fault {
            Some((Moment::After(bytes), _)) => usize::try_from(bytes.saturating_sub(passed)).unwrap_or(usize::MAX),
            Some((Moment::Switching, _)) if next.starts_with(SWITCHING) => 0,
            _ => usize::MAX,
        }
    }

    fn fault(&self) -> Option<Fault> {
        self.fault.map(|(_, fault)| fault)
    }
}

/// Passes bytes on from `from` to `to`, as the line of the moment says, until the end of this direction.
pub(super) async fn pass_on(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    mut lines: watch::Receiver<Lines>,
    direction: Direction,
) -> Result<(), Over> {
    let mut passed = 0;
    let mut transit = Transit::default();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let line = lines.borrow_and_update()[direction as usize].clone();
        if line.allows(passed, transit.next()) == 0 {
            return fail(line.fault(), from, to, &mut buffer).await;
        }
        if transit.is_over() {
            // The other side may have hung up.
            return to.shutdown().await.map_err(|_| Over::Reset);
        }
        tokio::select! {
            // Who has set another line knows it set from here on.
            biased;
            changed = lines.changed() => changed.map_err(|_| Over::Cut)?,
            read = from.read(&mut buffer), if transit.has_room() => {
                transit.take(&buffer[..read.map_err(|_| Over::Reset)?], line.delay);
            }
            () = transit.due() => {
                let most = transit.next().len().min(line.piece).min(line.allows(passed, transit.next()));
                let written = to.write(&transit.next()[..most]).await.map_err(|_| Over::Reset)?;
                transit.advance(written);
                passed += written as u64;
                // What is in pieces is to arrive in pieces.
                tokio::task::yield_now().await;
            }
        }
    }
}

async fn fail(
    fault: Option<Fault>,
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    buffer: &mut [u8],
) -> Result<(), Over> {
    match fault {
        Some(Fault::Cut) => return Err(Over::Cut),
        Some(Fault::Reset) => return Err(Over::Reset),
        Some(Fault::HalfClose) => to.shutdown().await.map_err(|_| Over::Reset)?,
        Some(Fault::Swallow) | None => {}
    }
    while from.read(buffer).await.map_err(|_: io::Error| Over::Reset)? > 0 {}
    match fault {
        // The end is swallowed, too.
        Some(Fault::Swallow) => std::future::pending().await,
        _ => Ok(()),
    }
}

/// Bytes on their way, each with the time at which it arrives.
#[derive(Default)]
struct Transit {
    pieces: VecDeque<(Instant, Vec<u8>)>,
    /// Bytes of the first piece that are there already.
    arrived: usize,
    waiting: usize,
    ended: bool,
}

impl Transit {
    fn has_room(&self) -> bool {
        !self.ended && self.waiting < WINDOW
    }

    fn is_over(&self) -> bool {
        self.ended && self.pieces.is_empty()
    }

    /// Takes what was read; nothing is the end.
    fn take(&mut self, bytes: &[u8], delay: Duration) {
        if bytes.is_empty() {
            self.ended = true;
            return;
        }
        // A line that has become quicker does not let bytes overtake others.
        let soonest = self.pieces.back().map_or_else(Instant::now, |(due, _)| *due);
        self.pieces.push_back((soonest.max(Instant::now() + delay), bytes.to_vec()));
        self.waiting += bytes.len();
    }

    /// Waits until the next bytes arrive; for ever if there are none.
    async fn due(&self) {
        match self.pieces.front() {
            Some((due, _)) => sleep_until(*due).await,
            None => std::future::pending().await,
        }
    }

    fn next(&self) -> &[u8] {
        self.pieces.front().map_or(&[], |(_, bytes)| &bytes[self.arrived..])
    }

    fn advance(&mut self, bytes: usize) {
        self.arrived += bytes;
        self.waiting -= bytes;
        if self.next().is_empty() {
            self.pieces.pop_front();
            self.arrived = 0;
        }
    }
}
