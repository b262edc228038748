//! What is to be listened to, where, and what of that is.

use std::collections::HashMap;
use std::sync::Arc;

use pintle_adapter::cluster::dialect::Topic;

use crate::link::Place;
use crate::slots::Slots;

/// How much is asked of a server in one go.
const ROUND: usize = 512;

/// What is to be listened to, at which server, and what of it the server has confirmed.
#[derive(Debug)]
pub(super) struct Topics {
    is_sharded: bool,
    /// Where everything is heard that is not sharded.
    home: Option<Place>,
    slots: Option<Slots>,
    wanted: HashMap<Topic, Wanted>,
    /// By the name of the server.
    pending: HashMap<Arc<str>, Pending>,
    /// How many are not listened to yet.
    missing: usize,
    /// Something has come to be listened to that nobody was told of.
    is_news: bool,
    /// How many rounds there have been.
    rounds: u64,
}

#[derive(Debug)]
struct Wanted {
    /// None if no server has it.
    place: Option<Arc<str>>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// In which round.
    Asked(u64),
    Heard,
}

/// What a server is still to be asked for.
#[derive(Debug, Default)]
struct Pending {
    subscribe: Vec<Topic>,
    unsubscribe: Vec<Topic>,
}

/// What a server is asked for in one go: first to forget, then to subscribe.
#[derive(Debug, Default)]
pub(super) struct Round {
    number: u64,
    pub(super) unsubscribe: Vec<Topic>,
    pub(super) subscribe: Vec<Topic>,
}

impl Round {
    pub(super) fn is_empty(&self) -> bool {
        self.unsubscribe.is_empty() && self.subscribe.is_empty()
    }
}

impl Topics {
    pub(super) fn new(is_sharded: bool) -> Self {
        Self {
            is_sharded,
            home: None,
            slots: None,
            wanted: HashMap::new(),
            pending: HashMap::new(),
            missing: 0,
            is_news: true,
            rounds: 0,
        }
    }

    /// This is to be listened to.
    pub(super) fn subscribe(&mut self, topic: Topic) {
        if self.wanted.contains_key(&topic) {
            return;
        }
        let place = self.place(&topic);
        if let Some(place) = &place {
            self.pending_at(place).subscribe.push(topic.clone());
        }
        self.wanted.insert(topic, Wanted { place, state: State::Waiting });
        self.missing += 1;
        self.is_news = true;
    }

    /// This is not to be listened to any more.
    pub(super) fn unsubscribe(&mut self, topic: Topic) {
        let Some(Wanted { place, state }) = self.wanted.remove(&topic) else {
            return;
        };
        if state != State::Heard {
            self.missing -= 1;
        }
        if let (Some(place), State::Asked(_) | State::Heard) = (place, state) {
            self.pending_at(&place).unsubscribe.push(topic);
        }
    }

    /// The servers are these: gives those that are to be listened to. Topics that another has now are asked for there.
    pub(super) fn assign(&mut self, slots: Slots) -> Vec<Place> {
        let home = self.home.take().filter(|home| slots.masters().contains(home));
        let home = home.unwrap_or_else(|| slots.any().clone());
        let places = if self.is_sharded { slots.masters().to_vec() } else { vec![home.clone()] };
        self.home = Some(home);
        self.slots = Some(slots);

        let moved: Vec<(Topic, Option<Arc<str>>)> = self
            .wanted
            .iter()
            .map(|(topic, wanted)| (topic, &wanted.place, self.place(topic)))
            .filter(|(_, before, now)| *before != now)
            .map(|(topic, _, now)| (topic.clone(), now))
            .collect();
        for (topic, place) in moved {
            // Whoever had it has forgotten it with the slot, or is gone; to be sure it is told.
            self.unsubscribe(topic.clone());
            self.missing += 1;
            self.is_news = true;
            if let Some(place) = &place {
                self.pending_at(place).subscribe.push(topic.clone());
            }
            self.wanted.insert(topic, Wanted { place, state: State::Waiting });
        }
        self.pending.retain(|name, _| places.iter().any(|place| place.name() == &**name));
        places
    }

    /// What a server is to be asked for next.
    pub(super) fn next(&mut self, place: &str) -> Round {
        let Some(pending) = self.pending.get_mut(place) else {
            return Round::default();
        };
        self.rounds += 1;
        let mut round = Round { number: self.rounds, ..Round::default() };
        let count = pending.unsubscribe.len().min(ROUND);
        round.unsubscribe.extend(pending.unsubscribe.drain(..count));
        while round.unsubscribe.len() + round.subscribe.len() < ROUND {
            let Some(topic) = pending.subscribe.pop() else {
                break;
            };
            // It may have been given up meanwhile, or stand here twice.
            if let Some(wanted) = self.wanted.get_mut(&topic)
                && wanted.state == State::Waiting
                && wanted.place.as_deref() == Some(place)
            {
                wanted.state = State::Asked(round.number);
                round.subscribe.push(topic);
            }
        }
        round
    }

    /// What a server was asked for in a round is listened to.
    pub(super) fn confirmed(&mut self, round: &Round, topic: &Topic) {
        if let Some(wanted) = self.wanted.get_mut(topic)
            && wanted.state == State::Asked(round.number)
        {
            wanted.state = State::Heard;
            self.missing -= 1;
        }
    }

    /// A server does not listen to this, though it was asked to: it is to be asked again.
    pub(super) fn again(&mut self, place: &str, topic: Topic) {
        let Some(wanted) = self.wanted.get_mut(&topic).filter(|wanted| wanted.place.as_deref() == Some(place)) else {
            return;
        };
        if wanted.state == State::Heard {
            self.missing += 1;
            self.is_news = true;
        }
        wanted.state = State::Waiting;
        self.pending_at(&Arc::from(place)).subscribe.push(topic);
    }

    /// The connection to a server is gone: everything is to be asked for again.
    pub(super) fn lost(&mut self, place: &str) {
        let mut pending = Pending::default();
        let there = self.wanted.iter_mut().filter(|(_, wanted)| wanted.place.as_deref() == Some(place));
        for (topic, wanted) in there {
            if wanted.state == State::Heard {
                self.missing += 1;
            }
            wanted.state = State::Waiting;
            pending.subscribe.push(topic.clone());
        }
        self.is_news = true;
        self.pending.insert(place.into(), pending);
    }

    /// Whether everything is listened to, and something of it since this was last said.
    pub(super) fn take_news(&mut self) -> bool {
        self.missing == 0 && std::mem::take(&mut self.is_news)
    }

    /// The server where a topic is heard.
    fn place(&self, topic: &Topic) -> Option<Arc<str>> {
        let place = match topic {
            Topic::Channel(channel) if self.is_sharded => self.slots.as_ref()?.owner(channel),
            _ => self.home.as_ref(),
        };
        place.map(Place::shared_name)
    }

    fn pending_at(&mut self, place: &Arc<str>) -> &mut Pending {
        self.pending.entry(place.clone()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Place;

    fn one() -> (Topics, Arc<str>) {
        let mut topics = Topics::new(false);
        let place = topics.assign(Slots::single(Place::new(redis_at("redis://one")))).remove(0);
        (topics, place.shared_name())
    }

    fn redis_at(url: &str) -> redis::ConnectionInfo {
        redis::IntoConnectionInfo::into_connection_info(url).expect("a URL")
    }

    fn channel(name: &str) -> Topic {
        Topic::Channel(name.to_owned())
    }

    fn confirm(topics: &mut Topics, round: &Round) {
        for topic in &round.subscribe {
            topics.confirmed(round, topic);
        }
    }

    #[test]
    fn it_is_said_once_that_everything_is_listened_to() {
        let (mut topics, place) = one();
        assert!(topics.take_news(), "nothing is everything there is");
        topics.subscribe(channel("a"));
        assert!(!topics.take_news());
        let round = topics.next(&place);
        assert_eq!(round.subscribe, [channel("a")]);
        assert!(!topics.take_news());
        confirm(&mut topics, &round);
        assert!(topics.take_news());
        assert!(!topics.take_news());
        topics.subscribe(channel("a"));
        assert!(topics.next(&place).is_empty(), "it is listened to");
    }

    #[test]
    fn who_comes_back_while_it_goes_is_asked_for_again() {
        let (mut topics, place) = one();
        topics.subscribe(channel("a"));
        let first = topics.next(&place);
        topics.unsubscribe(channel("a"));
        topics.subscribe(channel("a"));
        confirm(&mut topics, &first);
        assert!(!topics.take_news(), "what was confirmed is about to be undone");
        let second = topics.next(&place);
        assert_eq!((&second.unsubscribe[..], &second.subscribe[..]), (&[channel("a")][..], &[channel("a")][..]));
        confirm(&mut topics, &second);
        assert!(topics.take_news());
    }

    #[test]
    fn who_was_never_asked_for_need_not_be_forgotten() {
        let (mut topics, place) = one();
        topics.subscribe(channel("a"));
        topics.unsubscribe(channel("a"));
        assert!(topics.next(&place).is_empty());
        assert!(topics.take_news());
    }

    #[test]
    fn everything_is_asked_for_again_after_a_loss() {
        let (mut topics, place) = one();
        for name in ["a", "b", "c"] {
            topics.subscribe(channel(name));
        }
        let round = topics.next(&place);
        confirm(&mut topics, &round);
        assert!(topics.take_news());
        topics.unsubscribe(channel("c"));
        topics.lost(&place);
        assert!(!topics.take_news());
        let mut round = topics.next(&place);
        round.subscribe.sort_by_key(|topic| format!("{topic:?}"));
        assert_eq!((round.unsubscribe.len(), &round.subscribe[..]), (0, &[channel("a"), channel("b")][..]));
        confirm(&mut topics, &round);
        assert!(topics.take_news());
    }

    #[test]
    fn a_round_has_its_bound() {
        let (mut topics, place) = one();
        for number in 0..ROUND + 1 {
            topics.subscribe(channel(&number.to_string()));
        }
        assert_eq!(topics.next(&place).subscribe.len(), ROUND);
        assert_eq!(topics.next(&place).subscribe.len(), 1);
    }

    #[test]
    fn what_moves_is_asked_for_at_its_new_place() {
        let (mut topics, old) = one();
        topics.subscribe(channel("a"));
        let round = topics.next(&old);
        confirm(&mut topics, &round);
        assert!(topics.take_news());
        let new = topics.assign(Slots::single(Place::new(redis_at("redis://two")))).remove(0);
        assert!(topics.next(&old).is_empty(), "nobody is there");
        assert!(!topics.take_news());
        let round = topics.next(new.name());
        assert_eq!(round.subscribe, [channel("a")]);
        confirm(&mut topics, &round);
        assert!(topics.take_news());
    }
}
