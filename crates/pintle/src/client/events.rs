//! The way of an event to its handlers.

use std::task::Context;

use pintle_proto::{Args, DecodeError, Slot};
use smallvec::SmallVec;

use super::dispatch::{Client, Joined};
use super::jobs::{Finished, Purpose, first_poll};
use super::lanes::{Call, Lane};
use crate::ack::Asked;
use crate::event::{EventRequest, Target};
use crate::extract::EventParts;
use crate::handler;
use crate::socket::Socket;

impl Client {
    pub(super) fn handle_ack(&mut self, cx: &mut Context<'_>, slot: Slot, id: u64, args: Args) {
        if args.validate().is_err() {
            self.violate(cx, DecodeError::InvalidPayload.into());
        } else if let Some(joined) = self.machine.get(slot) {
            joined.socket.acknowledged(id, args);
        }
    }

    /// Calls the handler of an event, or has it wait for its turn.
    pub(super) fn handle_event(&mut self, cx: &mut Context<'_>, slot: Slot, name: &str, ack: Option<u64>, args: Args) {
        let full = self.jobs.len() >= self.io.config().max_running;
        let Some(joined) = self.machine.get_mut(slot) else {
            return;
        };
        let handlers = joined.socket.nsp().handlers();
        let event = handlers.events.key(name);
        let lane = if handlers.sequential { Some(Lane::All) } else { handlers.events.lane(&event).map(Lane::Event) };
        let call = Call { lane, event, ack, args };
        if full || joined.lanes.is_blocked(lane) {
            joined.lanes.wait(call);
        } else {
            self.run_event(cx, slot, call);
        }
    }

    fn run_event(&mut self, cx: &mut Context<'_>, slot: Slot, call: Call) {
        let overheard = |joined: &mut Joined| is_overheard(&joined.socket) && !joined.socket.is_dismissed();
        if self.joined(slot).is_some_and(overheard) {
            self.tell_any(cx, slot, &call);
            // They may have ended it.
        }
        let Some(Joined { socket, lanes, stack, .. }) = self.joined(slot) else {
            return;
        };
        // Whom the server has disconnected it no longer listens to.
        if socket.is_dismissed() {
            return;
        }
        let Call { lane, event, ack, args } = call;
        let handlers = socket.nsp().handlers();
        handlers.metrics.called(&event);
        let mut target: Target = handlers.events.get(&event).map(|entry| entry.endpoint.clone()).into_iter().collect();
        socket.listeners(handlers.events.name(&event), &mut target);
        if target.is_empty() {
            target.extend(handlers.fallback.clone());
        }
        if target.is_empty() && handlers.layers.is_empty() {
            if args.validate().is_err() {
                self.violate(cx, DecodeError::InvalidPayload.into());
            }
            return;
        }
        if let Some(lane) = lane {
            lanes.take_up(lane);
        }
        // A layer may give up on a handler that has answered already.
        let of_several = target.len() > 1 || !handlers.layers.is_empty();
        let ack = ack.map(|id| Asked::new(id, of_several));
        let parts = EventParts::for_event(socket.clone(), event.clone(), ack.clone());
        let running = if !handlers.layers.is_empty() {
            let stack = stack.get_or_insert_default().clone();
            Box::pin(stack.run(EventRequest::new(parts, args, target)))
        } else if target.len() == 1 {
            target.remove(0).call(parts, args)
        } else {
            Box::pin(handler::join(target, parts, args))
        };
        match first_poll(cx, running) {
            // It has made no room for another, and nobody is to be told: that is all there is to do.
            Ok(response) if lane.is_none() && !response.is_error() => drop(response.finish(socket, ack)),
            polled => {
                let purpose = Purpose::Event { slot, socket: socket.clone(), event, lane, ack };
                match polled {
                    Ok(response) => self.settle(cx, Finished { purpose, response }),
                    Err(running) => self.jobs.keep(purpose, running),
                }
            }
        }
    }

    /// Tells those who want to know of every event.
    fn tell_any(&mut self, cx: &mut Context<'_>, slot: Slot, call: &Call) {
        let Some(socket) = self.joined(slot).map(|joined| joined.socket.clone()) else {
            return;
        };
        for endpoint in socket.nsp().handlers().any.iter().cloned().chain(socket.any_listeners()) {
            let parts = EventParts::for_event(socket.clone(), call.event.clone(), None);
            let purpose = Purpose::Any { socket: socket.clone(), event: call.event.clone() };
            self.start(cx, purpose, endpoint.call(parts, call.args.clone()));
        }
    }

    /// Starts events that waited, for as long as there is room, and sees off those who waited for theirs.
    pub(super) fn run_waiting(&mut self, cx: &mut Context<'_>) {
        let here = self.machine.slots().filter(|(_, joined)| joined.lanes.waiting() > 0).map(|(slot, _)| slot);
        let slots: SmallVec<[Slot; 2]> = here.chain(self.leaving.iter().map(|leaving| leaving.slot)).collect();
        for slot in slots {
            while self.jobs.len() < self.io.config().max_running
                && let Some(next) = self.joined(slot).and_then(|joined| joined.lanes.next())
            {
                self.run_event(cx, slot, next);
            }
            self.finish_leaving(cx, slot);
        }
    }

    /// A namespace that the client is in, or was in and has yet to be seen off.
    pub(super) fn joined(&mut self, slot: Slot) -> Option<&mut Joined> {
        let leaving = self.leaving.iter_mut().find(|leaving| leaving.slot == slot).map(|leaving| &mut leaving.joined);
        self.machine.get_mut(slot).or(leaving)
    }

    /// A handler has left its lane.
    pub(super) fn free(&mut self, slot: Slot, lane: Option<Lane>) {
        if let (Some(lane), Some(joined)) = (lane, self.joined(slot)) {
            joined.lanes.free(lane);
        }
    }

    /// Events that wait for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.machine.slots().map(|(_, joined)| joined.lanes.waiting()).sum()
    }
}

/// Whether somebody wants to know of every event of a socket.
fn is_overheard(socket: &Socket) -> bool {
    !socket.nsp().handlers().any.is_empty() || socket.is_overheard()
}
