//! Recovery on any node of a cluster, where a broker keeps what is said in a stream.
//!
//! Here the book is a copy of the stream's end: what is emitted goes into the stream, and into the book and to the sockets once
//! it is read there. So all nodes deliver in one order, and the place in the stream is what a client says it has seen last.
//! Most of what clients missed is in the book; the rest is asked of the broker.

use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashSet;
use pintle_adapter::cluster::family::{Content, Envelope};
use pintle_adapter::cluster::{Claimed, EntryId, Event, Ledger, Message, Places, SavedSession, Targets};
use pintle_adapter::{Missed as MissedPacket, Offset, Pid, Select};
use pintle_proto::{Encoded, SocketId, Value};
use pintle_transport::SessionHandle;

use super::ticket::{Missed, Progress};
use super::{Log, Past, Recalled, Stage, State, Ticket, deliver};
use crate::clock;
use crate::cluster::Link;
use crate::data::SocketData;
use crate::nsp::Nsp;
use crate::remote;
use crate::socket::{Socket, WeakSocket};

/// What a book has besides that is a copy of a stream.
#[derive(Default)]
pub(super) struct Kept {
    /// What this node has emitted, and not read in the stream yet.
    ledger: Ledger<Emitted>,
    /// Where in the stream what is in the book is.
    places: Places,
}

#[derive(Clone)]
struct Emitted {
    event: Event,
    select: Select,
}

/// What was done under the lock of the book, and is to be told where it is not held.
#[derive(Default)]
struct Done {
    refused: usize,
    watched: Vec<(Socket, Encoded)>,
}

impl Log {
    /// Whether the book is a copy of a stream.
    pub(crate) const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Emits an event to all nodes; this one delivers it when it reads it in the stream, or at once if nobody can say when that
    /// will be.
    pub(crate) fn keep(&self, nsp: &Nsp, link: &Link, select: &Select, event: Event) {
        let to = Targets { select: select.clone(), ..Targets::default() };
        let mut done = Done::default();
        let now = clock::now();
        let mut state = self.lock();
        // Under the lock, so that the ledger has the order of the stream.
        let appended = link.append(Message::Broadcast { event: event.clone(), to, request: None });
        let emitted = Emitted { event, select: select.clone() };
        let waits = appended.is_some_and(|data| state.kept().ledger.push(now, data, emitted.clone()));
        if !waits {
            state.hand_out(nsp, &emitted, None, |_| true, &mut done);
        }
        let due = state.kept().ledger.poll_timeout();
        drop(state);
        done.tell(nsp);
        if let Some(due) = due {
            link.wake_at(due);
        }
    }

    /// An event of this node's own was read in the stream.
    pub(crate) fn hear_own(&self, nsp: &Nsp, id: EntryId, fields: &[(String, String)]) {
        let data = fields.iter().find(|(name, _)| name == "data").map_or("", |(_, data)| data);
        let mut done = Done::default();
        let mut state = self.lock();
        if let Some((lost, settled)) = state.kept().ledger.settle(data) {
            for emitted in lost {
                state.hand_out(nsp, &emitted, None, |_| true, &mut done);
            }
            // Who came back since it was delivered has not got it.
            let is_for = |socket: &Socket| {
                !settled.is_delivered || socket.ticket().is_some_and(|ticket| ticket.progress().since > settled.number)
            };
            state.hand_out(nsp, &settled.item, Some(id), is_for, &mut done);
        } else {
            // Delivered, and too old to be remembered. Or volatile, which clients do not get late.
            let envelope = Envelope::read_stream_entry(fields.iter().map(|(name, value)| (&**name, &**value)));
            if let Ok(Envelope { content: Content::Message(Message::Broadcast { event, to, request: None }), .. }) =
                envelope
                && !to.flags.volatile
            {
                state.hand_out(nsp, &Emitted { event, select: to.select }, Some(id), |_| false, &mut done);
            }
        }
        drop(state);
        done.tell(nsp);
    }

    /// An event of another node was read in the stream.
    pub(crate) fn hear(&self, nsp: &Nsp, id: EntryId, event: Event, select: Select) {
        let mut done = Done::default();
        self.lock().hand_out(nsp, &Emitted { event, select }, Some(id), |_| true, &mut done);
        done.tell(nsp);
    }

    /// Delivers what waits: something is about to happen after it.
    pub(crate) fn flush(&self, nsp: &Nsp) {
        if self.is_kept {
            self.deliver_late(nsp, Ledger::flush);
        }
    }

    /// Something of the stream was not read: nobody comes back over it by what is in the book.
    pub(crate) fn gap(&self) {
        self.lock().kept().places.forget();
    }

    /// The broker is there.
    pub(crate) fn listening(&self) {
        self.lock().kept().ledger.resume();
    }

    /// The broker is away.
    pub(crate) fn cut_off(&self, nsp: &Nsp) {
        self.deliver_late(nsp, Ledger::cut_off);
    }

    /// Delivers what waits for too long. Says when to look again.
    pub(crate) fn handle_timeout(&self, nsp: &Nsp) -> Option<Instant> {
        self.deliver_late(nsp, |ledger| ledger.overdue(clock::now()));
        self.lock().kept().ledger.poll_timeout()
    }

    fn deliver_late(&self, nsp: &Nsp, late: impl FnOnce(&mut Ledger<Emitted>) -> Vec<Emitted>) {
        let mut done = Done::default();
        let mut state = self.lock();
        for emitted in late(&mut state.kept().ledger) {
            state.hand_out(nsp, &emitted, None, |_| true, &mut done);
        }
        drop(state);
        done.tell(nsp);
    }

    /// Asks the broker for the session of a client that comes back, once the socket of before has gone if it was here, and
    /// leaves what it says with the client's new connection.
    pub(crate) async fn reclaim(&self, nsp: &Nsp, past: &Past, waiting: WeakSocket) {
        let (Some(link), Some((pid, id))) = (nsp.link(), past.kept()) else {
            return;
        };
        let is_here = {
            let mut state = self.lock();
            state.present.get_mut(&pid).map(|presence| presence.abandon()).is_some()
        };
        if is_here {
            self.departure(past, waiting.clone()).await;
        }
        let is_kept = {
            let mut state = self.lock();
            let packets = state.book.packets();
            state.kept().places.trim(packets);
            state.kept().places.find(id).is_some()
        };
        let claimed = clock::within(super::TAKEOVER, link.claim(pid.as_str(), (!is_kept).then_some(id))).await;
        let waiting = waiting.upgrade();
        if let (Some(claimed), Some(ticket)) = (claimed.flatten(), waiting.as_ref().and_then(Socket::ticket)) {
            ticket.progress().claimed = Some(claimed);
        }
    }

    /// Makes the socket of before of what the broker has said; `None` if that is not possible.
    pub(crate) fn restore(
        &self,
        nsp: &Nsp,
        past: &Past,
        session: &SessionHandle,
        waiting: &Socket,
    ) -> Option<Box<Recalled>> {
        let (pid, id) = past.kept()?;
        let Claimed { session: written, entries } = waiting.ticket()?.progress().claimed.take()?;
        let SavedSession { sid, pid: saved, rooms, data } = SavedSession::decode(&written?)?;
        let sid: SocketId = sid.parse().ok().filter(|_| saved == pid.as_str())?;
        let since: Vec<(Arc<str>, Offset)> = rooms.iter().map(|room| (room.clone(), Offset::START)).collect();
        let mut state = self.lock();
        let (packets, upto) = state.missed(nsp, id, entries, &since)?;
        state.enter(pid, Stage::Returning(session.clone()));
        drop(state);
        let progress =
            Progress { delivered: upto, missed: Some(Missed { packets, upto, rooms: since }), ..Progress::default() };
        // What the app reads it as, it says later.
        let data = match data {
            Value::Object(entries) if entries.is_empty() => None,
            data => Some(SocketData::new(serde_json::value::to_raw_value(&data).ok()?)),
        };
        Some(Box::new(Recalled { id: sid, rooms, data, ticket: Ticket::recovered(pid, progress) }))
    }

    /// Has the session of a socket kept that has left, if it may come back. Not under a lock: its data is the user's.
    pub(crate) fn save(&self, socket: &Socket, ticket: &Ticket) {
        let rooms = ticket.progress().left.take();
        let (Some(rooms), Some(link)) = (rooms, socket.nsp().link()) else {
            return;
        };
        let session = SavedSession {
            sid: socket.id().to_string(),
            pid: ticket.pid.as_str().to_owned(),
            rooms,
            data: remote::data(socket),
        };
        link.save(ticket.pid.as_str(), session.encode(), self.config.config.max_disconnection());
    }
}

impl Past {
    /// Whom it is about, and where in the stream it was.
    fn kept(&self) -> Option<(Pid, EntryId)> {
        Some((self.pid()?, EntryId::parse(self.offset.as_deref()?)?))
    }
}

impl State {
    fn kept(&mut self) -> &mut Kept {
        self.kept.get_or_insert_default()
    }

    /// How many events this node has emitted.
    pub(super) fn emitted(&self) -> u64 {
        self.kept.as_ref().map_or(0, |kept| kept.ledger.count())
    }

    /// Gives an event to the sockets that it is for. One that has a place is written down with it, and carries it.
    fn hand_out(
        &mut self,
        nsp: &Nsp,
        Emitted { event, select }: &Emitted,
        id: Option<EntryId>,
        is_for: impl Fn(&Socket) -> bool,
        done: &mut Done,
    ) {
        // What other nodes say may be no event to us.
        let Ok(draft) = Encoded::draft(nsp.name(), &event.name, &event.args) else {
            return;
        };
        let (offset, packet) = match id {
            None => (self.book.latest(), draft.finish(None)),
            Some(id) => {
                let (offset, packet) = self.book.record(clock::now(), select, |_| {
                    let packet = draft.finish(Some(&id.to_string()));
                    let len = packet.len();
                    (packet, len)
                });
                let kept = self.book.packets();
                self.kept().places.record(id, offset, kept);
                (offset, packet)
            }
        };
        for socket in nsp.select(select).iter().filter(|socket| is_for(socket)) {
            done.refused += usize::from(deliver(socket, &packet, offset).is_err_and(|error| error.is_refused()));
            if socket.is_watched() {
                done.watched.push((socket.clone(), packet.clone()));
            }
        }
    }

    /// What a client missed that has seen this entry last, of those that the broker has and those that are in the book, and how
    /// far that is. Nothing if not all of it is known.
    fn missed(
        &mut self,
        nsp: &Nsp,
        seen: EntryId,
        entries: Vec<(EntryId, Vec<(String, String)>)>,
        rooms: &[(Arc<str>, Offset)],
    ) -> Option<(Vec<MissedPacket<Encoded>>, Offset)> {
        let upto = self.book.latest();
        if let Some(offset) = self.kept().places.find(seen) {
            return Some((self.book.missed_since(offset, rooms)?, upto));
        }
        // If it is gone, so may be what came after it.
        if entries.first().is_none_or(|(id, _)| *id != seen) {
            return None;
        }
        let last = entries.last().map_or(seen, |(id, _)| *id);
        let is_in: HashSet<&str> = rooms.iter().map(|(room, _)| &**room).collect();
        let mut missed = Vec::new();
        let read = nsp.link().and_then(|link| link.read_upto(nsp.name()));
        let read = read.unwrap_or_default().max(self.kept().places.last());
        for (id, fields) in entries.into_iter().skip(1) {
            // What is not read yet comes in the end.
            if id > read {
                break;
            }
            missed.extend(missed_entry(nsp, id, &fields, &is_in));
        }
        if last < read {
            let joint = self.kept().places.upto(last);
            missed.extend(self.book.missed_since(joint, rooms)?);
        }
        Some((missed, upto))
    }
}

/// An entry of the stream as a packet, if it is for somebody who is in these rooms.
fn missed_entry(
    nsp: &Nsp,
    id: EntryId,
    fields: &[(String, String)],
    is_in: &HashSet<&str>,
) -> Option<MissedPacket<Encoded>> {
    if !fields.iter().any(|(name, value)| name == "nsp" && **value == **nsp.name()) {
        return None;
    }
    let fields = fields.iter().map(|(name, value)| (&**name, &**value));
    let Content::Message(Message::Broadcast { event, to, request: None }) =
        Envelope::read_stream_entry(fields).ok()?.content
    else {
        return None;
    };
    let among = |names: &[Arc<str>]| names.iter().any(|name| is_in.contains(&**name));
    let Targets { select, flags } = to;
    if flags.volatile || among(&select.except) || !(select.rooms.is_empty() || among(&select.rooms)) {
        return None;
    }
    let packet = Encoded::draft(nsp.name(), &event.name, &event.args).ok()?.finish(Some(&id.to_string()));
    Some(MissedPacket::new(packet, &select))
}

impl Done {
    fn tell(self, nsp: &Nsp) {
        nsp.report_refused(self.refused);
        self.watched.iter().for_each(|(socket, packet)| socket.notify_outgoing(packet));
    }
}
