//! `room-of-1000` and `rooms-of-10`: rooms among ten thousand sockets.

use std::io;
use std::time::Instant;

use crate::works::broadcast::{self, Deliveries, Emit, Pace};
use crate::works::{Effort, Figures, Target, arrival};
use bench_load::{Crowd, Driver, Message};

const SOCKETS: usize = 10_000;
const LARGE: usize = 1_000;
const LARGE_IN_FLIGHT: usize = 4;
const SMALL: usize = 10;
const SMALL_IN_FLIGHT: usize = 64;
/// From one member of a small room to the next. It has no factor in common with the number of sockets.
const STRIDE: usize = 1_009;

/// An acknowledgement of nothing: as Node has it, and with serde's unit, which socketioxide writes.
pub(super) const ACKNOWLEDGED: [&str; 2] = ["431[]", "431[null]"];
const DELIVERY: &str = r#"42["room",""#;

/// One room of a thousand. A member sends.
pub(super) fn room_of_1000(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, SOCKETS)?;
    // Every tenth, so that they are not those that came first.
    let member = |nth| nth * (SOCKETS / LARGE);
    join(&mut crowd, (0..LARGE).map(|nth| (member(nth), vec![0])))?;
    let emits = (0..LARGE_IN_FLIGHT).map(|nth| emit(member(0), 0, nth)).collect();
    let deliveries = Deliveries::new(DELIVERY, emits, LARGE, Pace::InFlight(LARGE_IN_FLIGHT));
    broadcast::measure(target, effort, &mut crowd, deliveries)
}

/// As many rooms as sockets, of ten each; each socket is in ten. A member of each sends to it, in turn.
pub(super) fn rooms_of_10(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let mut crowd = arrival::connect(target, SOCKETS)?;
    let rooms_of = |socket| (0..SMALL).map(|nth| (socket + nth * STRIDE) % SOCKETS).collect();
    join(&mut crowd, (0..SOCKETS).map(|socket| (socket, rooms_of(socket))))?;
    // Socket N is in room N.
    let emits = (0..SOCKETS).map(|room| emit(room, room, room)).collect();
    let deliveries = Deliveries::new(DELIVERY, emits, SMALL, Pace::InFlight(SMALL_IN_FLIGHT));
    broadcast::measure(target, effort, &mut crowd, deliveries)
}

/// The `number`th event, to a room.
fn emit(sender: usize, room: usize, number: usize) -> Emit {
    Emit::new(sender, "room", Some(&name(room)), number)
}

/// What the room with this number is called.
pub(super) fn name(room: usize) -> String {
    format!("room-{room:05}")
}

/// Has connections join rooms, and waits until they all have.
pub(super) fn join(crowd: &mut Crowd, joins: impl IntoIterator<Item = (usize, Vec<usize>)>) -> io::Result<()> {
    let mut joining = Joining { out: 0 };
    for (id, rooms) in joins {
        let names = rooms.into_iter().map(|room| format!("{:?}", name(room))).collect::<Vec<_>>().join(",");
        crowd.send(id, &bench_load::text(&format!(r#"421["join",[{names}]]"#)))?;
        joining.out += 1;
    }
    crowd.run_until(&mut joining, |joining| joining.out == 0)
}

struct Joining {
    out: usize,
}

impl Driver for Joining {
    fn message(&mut self, _crowd: &mut Crowd, _id: usize, message: Message<'_>, _now: Instant) -> io::Result<()> {
        match message {
            Message::Text(text) if self.out > 0 && ACKNOWLEDGED.iter().any(|answer| answer.as_bytes() == text) => {
                self.out -= 1;
                Ok(())
            }
            other => Err(other.unexpected()),
        }
    }

    fn awaited(&self) -> usize {
        self.out
    }
}
