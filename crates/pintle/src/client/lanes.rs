//! Which events of a socket must wait for which.

use std::collections::VecDeque;

use pintle_proto::Args;
use smallvec::SmallVec;

use crate::handler::EventKey;

/// What runs one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// All events of the socket: its connect handler runs, or its namespace is sequential.
    All,
    /// The events of one name.
    Event(usize),
}

/// An event on its way to its handler.
pub(super) struct Call {
    /// The lane that it will take up; none if it only waits for the others.
    pub(super) lane: Option<Lane>,
    pub(super) event: EventKey,
    pub(super) ack: Option<u64>,
    pub(super) args: Args,
}

/// The lanes of a socket.
#[derive(Default)]
pub(super) struct Lanes {
    busy: SmallVec<[Lane; 1]>,
    /// Made for the first event that waits: most never do.
    #[expect(clippy::box_collection, reason = "for its header, which every connection would have room for")]
    waiting: Option<Box<VecDeque<Call>>>,
}

impl Lanes {
    /// Whether an event must wait. What came before it in its own lane goes first.
    pub(super) fn is_blocked(&self, lane: Option<Lane>) -> bool {
        let waits_before = |waiting: &Call| waiting.lane == lane && lane.is_some();
        self.is_busy(lane) || self.waiting.iter().flat_map(|waiting| waiting.iter()).any(waits_before)
    }

    pub(super) fn wait(&mut self, call: Call) {
        self.waiting.get_or_insert_default().push_back(call);
    }

    pub(super) fn take_up(&mut self, lane: Lane) {
        self.busy.push(lane);
    }

    pub(super) fn is_taken_up(&self, lane: Lane) -> bool {
        self.busy.contains(&lane)
    }

    pub(super) fn free(&mut self, lane: Lane) {
        if let Some(at) = self.busy.iter().position(|busy| *busy == lane) {
            self.busy.swap_remove(at);
        }
    }

    /// The next event that need not wait any longer.
    pub(super) fn next(&mut self) -> Option<Call> {
        if self.is_taken_up(Lane::All) {
            return None;
        }
        let at = self.waiting.as_ref()?.iter().position(|waiting| !self.is_busy(waiting.lane))?;
        let waiting = self.waiting.as_mut()?;
        let next = waiting.remove(at);
        if waiting.is_empty() {
            self.waiting = None;
        }
        next
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.len())
    }

    fn is_busy(&self, lane: Option<Lane>) -> bool {
        self.busy.iter().any(|busy| *busy == Lane::All || Some(*busy) == lane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(lanes: &mut Lanes, event: &str, lane: Option<Lane>) {
        assert!(lanes.is_blocked(lane), "{event}");
        lanes.wait(Call { lane, event: EventKey::Other(event.into()), ack: None, args: Args::empty() });
    }

    fn next(lanes: &mut Lanes) -> Option<String> {
        lanes.next().map(|waiting| match waiting.event {
            EventKey::Handled(at) => at.to_string(),
            EventKey::Other(name) => name.to_string(),
        })
    }

    #[test]
    fn one_lane_does_not_stop_another() {
        let mut lanes = Lanes::default();
        lanes.take_up(Lane::Event(1));
        assert!(!lanes.is_blocked(None));
        assert!(!lanes.is_blocked(Some(Lane::Event(2))));
        wait(&mut lanes, "a", Some(Lane::Event(1)));
        wait(&mut lanes, "b", Some(Lane::Event(1)));
        assert_eq!(next(&mut lanes), None);
        lanes.free(Lane::Event(1));
        assert!(lanes.is_blocked(Some(Lane::Event(1))), "those that wait go first");
        assert_eq!(next(&mut lanes).as_deref(), Some("a"));
        lanes.take_up(Lane::Event(1));
        assert_eq!(next(&mut lanes), None);
    }

    #[test]
    fn everything_waits_for_the_connect_handler_and_keeps_its_order() {
        let mut lanes = Lanes::default();
        lanes.take_up(Lane::All);
        wait(&mut lanes, "a", None);
        wait(&mut lanes, "b", Some(Lane::Event(1)));
        wait(&mut lanes, "c", None);
        assert_eq!(next(&mut lanes), None);
        lanes.free(Lane::All);
        assert_eq!(next(&mut lanes).as_deref(), Some("a"));
        assert_eq!(next(&mut lanes).as_deref(), Some("b"));
        assert_eq!(next(&mut lanes).as_deref(), Some("c"));
        assert_eq!(lanes.waiting(), 0);
    }
}
