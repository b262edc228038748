//! The end of a socket, whoever wants it, and of the connection with all of them.

use std::task::Context;

use pintle_proto::{Args, DecodeError, Encoded, Slot, Violation};
use pintle_transport::meter::Present;

use super::dispatch::{Client, Joined};
use super::jobs::Purpose;
use super::lanes::Lane;
use crate::error::{ClientError, HandlerError, HandlerErrorKind};
use crate::extract::EventParts;
use crate::quoted;
use crate::reason::DisconnectReason;
use crate::socket::{Farewell, Socket, Stage};

/// A namespace that the client is no longer in.
pub(super) struct Leaving {
    pub(super) slot: Slot,
    pub(super) joined: Joined,
    farewell: Farewell,
    reason: DisconnectReason,
}

impl Client {
    /// The socket's end, whoever wanted it.
    pub(super) fn leave(&mut self, cx: &mut Context<'_>, slot: Slot, reason: DisconnectReason) {
        let server_leaves = reason == DisconnectReason::ServerNamespaceDisconnect;
        let joined = if server_leaves { self.machine.dismiss(slot) } else { self.machine.leave(slot) };
        let Some(mut joined) = joined else {
            return;
        };
        joined.present = Present::nowhere();
        let socket = &joined.socket;
        // The client may have left just before the server came to close: the connection ends all the same.
        self.closing |= socket.stage() == Stage::Closing;
        let farewell = socket.retire(server_leaves, reason.is_recoverable());
        let namespace = quoted::name(socket.namespace());
        tracing::debug!(socket = %socket.id(), ?namespace, %reason, "socket disconnected");
        // One that never connected need not be said goodbye to.
        if let Some(farewell) = farewell {
            self.io.metrics().disconnected(reason);
            self.leaving.push(Leaving { slot, joined, farewell, reason });
            self.finish_leaving(cx, slot);
        } else {
            socket.deafen();
        }
    }

    /// Says goodbye to a socket when its connect handler is done, and what it had said before has been heard. In a namespace
    /// that is sequential, that also means that no event of it is under way.
    pub(super) fn finish_leaving(&mut self, cx: &mut Context<'_>, slot: Slot) {
        let done = |leaving: &Leaving| {
            let Joined { socket, lanes, .. } = &leaving.joined;
            let heard = lanes.waiting() == 0 || socket.is_dismissed();
            leaving.slot == slot && heard && !lanes.is_taken_up(Lane::All)
        };
        let Some(at) = self.leaving.iter().position(done) else {
            return;
        };
        let Leaving { joined: Joined { socket, .. }, farewell, reason, .. } = self.leaving.swap_remove(at);
        socket.deafen();
        if let Some(endpoint) = socket.nsp().handlers().disconnect.clone() {
            let running = endpoint.call(EventParts::for_disconnect(socket, reason), Args::empty());
            self.start(cx, Purpose::Disconnect(farewell), running);
        }
    }

    /// The client broke the protocol: all its sockets end, and the connection closes once it has what waits for it.
    pub(super) fn violate(&mut self, cx: &mut Context<'_>, violation: Violation) {
        if !self.ended {
            tracing::debug!(%violation, "protocol violation");
            self.io.metrics().violated(violation);
            if let Violation::Decode(error) = violation {
                self.tell_decode_error(cx, error);
            }
            self.end(cx, violation.into());
            self.session.close();
        }
    }

    /// Has all error handlers know that the client sent what is no packet.
    fn tell_decode_error(&mut self, cx: &mut Context<'_>, error: DecodeError) {
        let sockets: Vec<_> = self.machine.slots().map(|(_, joined)| joined.socket.clone()).collect();
        for socket in sockets.iter().filter(|socket| socket.is_connected()) {
            let error = ClientError::new("invalid packet").with_source(error);
            self.tell_error(cx, socket, HandlerError::new(HandlerErrorKind::Decode, error));
        }
    }

    /// Ends all sockets.
    pub(super) fn end(&mut self, cx: &mut Context<'_>, reason: DisconnectReason) {
        self.ended = true;
        let slots: Vec<_> = self.machine.slots().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.leave(cx, slot, reason);
        }
    }

    /// Sees to the sockets that the server disconnects.
    pub(super) fn dismiss(&mut self, cx: &mut Context<'_>) {
        let latest = self.machine.slots().map(|(_, joined)| joined.socket.stage()).max();
        self.closing |= latest == Some(Stage::Closing);
        if std::mem::take(&mut self.closing) {
            for (_, joined) in self.machine.slots().filter(|(slot, _)| self.machine.is_joined(*slot)) {
                self.say_disconnect(&joined.socket);
            }
            self.end(cx, DisconnectReason::ServerNamespaceDisconnect);
            self.closing = false;
            self.session.close();
        } else if latest == Some(Stage::Leaving) {
            let leaving = self.machine.slots().filter(|(_, joined)| joined.socket.stage() == Stage::Leaving);
            let leaving: Vec<_> = leaving.map(|(slot, joined)| (slot, joined.socket.clone())).collect();
            for (slot, socket) in leaving {
                self.say_disconnect(&socket);
                self.leave(cx, slot, DisconnectReason::ServerNamespaceDisconnect);
            }
        }
    }

    fn say_disconnect(&self, socket: &Socket) {
        // If the session is over, nobody is left to be told.
        let _ = self.session.send_or_close(Encoded::disconnect(socket.namespace()));
    }
}
