//! What goes out: one write, or one answer, for everything that waits.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Instant;

use pintle_engine::{CloseReason, Frame, Session, Transmit, encode_payload};

use super::link::Link;
use super::task::{Actor, Transport};
use crate::metrics::Traffic;
use crate::protocol::Connection;
use crate::session::{Answer, SessionHandle};
use crate::websocket::WebSocket;

impl<C: Connection> Actor<C> {
    /// Sends what can be sent, and leaves the mailbox so that the next sender wakes the task.
    pub(super) fn poll_transmit(&mut self, cx: &mut Context<'_>, now: Instant) {
        let step = self.session.poll_candidate();
        self.step_candidate(cx, step);
        let Self { transport, session, handle, traffic, .. } = self;
        match transport {
            Transport::WebSocket(Link::Open(websocket)) => {
                transmit_websocket(cx, now, websocket, session, handle, traffic);
            }
            Transport::WebSocket(Link::Opening(_)) | Transport::Gone => {
                let _ = take(cx, now, session, handle, None);
            }
            Transport::Polling(waiting) => {
                let mut frames = VecDeque::new();
                let transmit = take(cx, now, session, handle, Some(&mut frames));
                if transmit != Transmit::Idle
                    && let Some(waiting) = waiting.take()
                {
                    let payload = encode_payload(frames.iter());
                    traffic.packets_out.add(frames.len());
                    traffic.bytes_out.add(payload.len());
                    if waiting.send(Answer::Payload(payload)).is_ok() {
                        return;
                    }
                    // The client has hung up meanwhile, and what it would have got is lost: it must not go on unawares.
                    session.handle_poll_aborted();
                }
            }
        }
    }
}

fn transmit_websocket(
    cx: &mut Context<'_>,
    now: Instant,
    websocket: &mut WebSocket,
    session: &mut Session,
    handle: &SessionHandle,
    traffic: &mut Traffic,
) {
    loop {
        let over = session.close_reason().is_some();
        if over {
            websocket.discard();
        }
        // While a write is stuck the rest waits in the outbox, where it is bounded.
        let stuck = websocket.is_stuck();
        let before = websocket.queue().len();
        let queue = (!stuck || over).then(|| websocket.queue());
        let transmit = take(cx, now, session, handle, queue);
        traffic.packets_out.add(websocket.queue().len() - before);
        if transmit == Transmit::Close {
            websocket.close(session.close_reason());
        }
        let written = websocket.poll_write(cx);
        let (frames, bytes) = websocket.held();
        if stuck || frames > 0 {
            let mut mailbox = handle.lock();
            mailbox.outbox.hold(frames, bytes);
            handle.gauge(&mailbox);
        }
        match written {
            Poll::Ready(Err(_)) => session.handle_transport_closed(CloseReason::TransportClose),
            Poll::Pending => session.handle_write_blocked(now),
            Poll::Ready(Ok(written)) => {
                if !websocket.is_drained() {
                    session.handle_write_progress(written);
                    session.handle_write_blocked(now);
                    return;
                }
                session.handle_write_finished();
                if transmit != Transmit::Close && (stuck || session.is_closing()) {
                    // More may have waited behind what is written now.
                    continue;
                }
            }
        }
        return;
    }
}

/// Has the machine put what goes out now into `queue`, if there is room for it, and leaves the mailbox.
fn take(
    cx: &mut Context<'_>,
    now: Instant,
    session: &mut Session,
    handle: &SessionHandle,
    queue: Option<&mut VecDeque<Frame>>,
) -> Transmit {
    let mut mailbox = handle.lock();
    if let Some(command) = mailbox.command {
        command.apply(session, now);
    }
    let transmit = queue.map_or(Transmit::Idle, |queue| session.poll_transmit(&mut mailbox.outbox, queue));
    handle.gauge(&mailbox);
    mailbox.polled = session.is_writable();
    if !mailbox.rest(cx.waker()) {
        // Something came in while we were at work: another turn.
        cx.waker().wake_by_ref();
    }
    transmit
}
