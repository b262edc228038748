//! One client and what it has yet to hear.

use std::collections::VecDeque;
use std::time::Instant;

use bench_load::{Crowd, Farewell};

use crate::client::{Client, Heard};
use crate::random::Random;
use crate::sequence::{Faults, Sequence};
use crate::traffic::packet::{self, Packet};
use crate::traffic::totals::Totals;

/// What is answered, of the longest.
const LONGEST: usize = 200;

/// Why a client is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// To stay.
    Talker,
    /// To say a little, and to die.
    Guest,
    /// To read little at a time.
    Slow,
    /// Not to read at all.
    Stuck,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) client: Client,
    pub(super) role: Role,
    /// Events that were sent to be answered: their numbers begin with 1.
    sent: u64,
    /// When those were sent that are not acknowledged yet.
    out: VecDeque<(u64, Instant)>,
    /// The server's numbers of its answers, ours that are in them, and those of the acknowledgements.
    down: Sequence,
    echoes: Sequence,
    acks: Sequence,
    /// The room it is in, and the numbers of what is said there.
    room: Option<(usize, Sequence)>,
    /// The event whose attachment is to come.
    attachment: Option<u64>,
    pub(super) pinged: Option<Instant>,
}

impl Member {
    pub(super) const fn new(client: Client, role: Role) -> Self {
        Self {
            client,
            role,
            sent: 0,
            out: VecDeque::new(),
            down: Sequence::from(1),
            echoes: Sequence::from(1),
            acks: Sequence::from(1),
            room: None,
            attachment: None,
            pinged: None,
        }
    }

    /// Sends an event that is answered and acknowledged.
    pub(super) fn up(&mut self, crowd: &mut Crowd, binary: bool, random: &mut Random, now: Instant) {
        self.sent += 1;
        let (number, length) = (self.sent, random.below(LONGEST));
        self.out.push_back((number, now));
        let ack = number.to_string();
        if binary {
            let array = format!(r#"["up-binary",{number},{{"_placeholder":true,"num":0}}]"#);
            self.client.emit_binary(crowd, &ack, &array, packet::attachment(number, length));
        } else {
            let array = format!(r#"["up",{number},"{}"]"#, "x".repeat(length));
            self.client.emit(crowd, &ack, &array);
        }
    }

    /// Whether it reads little, and has begun to.
    pub(super) const fn trickles(&self) -> bool {
        matches!(self.role, Role::Slow) && self.room.is_some()
    }

    pub(super) fn join(&mut self, crowd: &mut Crowd, room: usize) {
        self.client.emit(crowd, "", &format!(r#"["join",{room}]"#));
    }

    /// Says something in its room, if it is in one.
    pub(super) fn say(&mut self, crowd: &mut Crowd, number: u64, bytes: usize) -> bool {
        let Some((room, _)) = &self.room else { return false };
        let array = format!(r#"["say",{room},{number},"{}"]"#, "x".repeat(bytes));
        self.client.emit(crowd, "", &array);
        true
    }

    /// Takes what it has heard. `said` has when each event was sent that went to a room, `last` the number of the last that
    /// was heard by anybody in each.
    pub(super) fn hear(
        &mut self,
        heard: &Heard,
        totals: &mut Totals,
        said: &[Instant],
        last: &mut [u64],
        now: Instant,
    ) {
        match heard {
            Heard::Text(text) => match Packet::read(text) {
                Some(Packet::Event { name: "down" | "down-binary", numbers: [down, up, _], binary }) => {
                    totals.heard += 1;
                    self.down.take(down);
                    self.echoes.take(up);
                    self.attachment = binary.then_some(up);
                }
                Some(Packet::Event { name: "said", numbers: [room, number, said_as], .. }) => {
                    totals.heard += 1;
                    if let Some((_, sequence)) = self.room.as_mut().filter(|(own, _)| *own as u64 == room) {
                        sequence.take(number);
                    } else {
                        totals.mixed_up += 1;
                    }
                    if let Some(sent) = said.get(said_as as usize) {
                        totals.deliveries.record(now.duration_since(*sent));
                    }
                    if let Some(last) = last.get_mut(room as usize) {
                        *last = (*last).max(number);
                    }
                }
                Some(Packet::Event { name: "joined", numbers: [room, number, _], .. }) => {
                    self.room = Some((room as usize, Sequence::from(number + 1)));
                }
                Some(Packet::Ack(number)) => {
                    totals.heard += 1;
                    self.acks.take(number);
                    while let Some((_, sent)) = self.out.front().filter(|(out, _)| *out <= number) {
                        totals.acks.record(now.duration_since(*sent));
                        self.out.pop_front();
                    }
                }
                _ => totals.tell(format!("the host sent {text:?}")),
            },
            Heard::Binary(data) => {
                let belongs = self.attachment.take().is_some_and(|number| packet::belongs(data, number));
                totals.mixed_up += u64::from(!belongs);
            }
            Heard::Connected | Heard::Upgraded | Heard::Farewell => {}
        }
    }

    /// Whether everything it sent was answered, and what others said in its room, of which `last` are the last, has come.
    pub(super) fn is_complete(&self, last: &[u64]) -> bool {
        let answered = [&self.down, &self.echoes, &self.acks].iter().all(|sequence| sequence.next() == self.sent + 1);
        answered && self.room.as_ref().is_none_or(|(room, sequence)| sequence.next() > last[*room])
    }

    /// What is wrong with what it heard. `last`: also what it has not heard yet, as far as somebody in its room has.
    ///
    /// An answer that did not come may have been lost on either way, as its number may have been: it counts once.
    pub(super) fn faults(&self, last: Option<&[u64]>) -> Faults {
        let end = if last.is_some() { self.sent + 1 } else { 0 };
        let mut faults = self.echoes.faults(end);
        faults += self.acks.faults(end);
        if let Some((room, sequence)) = &self.room {
            faults += sequence.faults(last.map_or(0, |last| last[*room] + 1));
        }
        faults
    }

    /// The part of it that went wrong on the way from the server.
    pub(super) fn faults_down(&self) -> Faults {
        self.down.faults(0)
    }

    /// Ends it where it stands.
    pub(super) fn hang_up(mut self, crowd: &mut Crowd, farewell: Farewell) {
        self.client.hang_up(crowd, farewell);
    }
}
