//! How members and strangers come, what they do, and how they go.

use std::io;
use std::time::{Duration, Instant};

use bench_load::{Crowd, Farewell};

use crate::client::{Client, Heard};
use crate::traffic::member::{Member, Role};
use crate::traffic::run::Traffic;
use crate::traffic::strangers::Strangers;

/// What the kernel keeps for those who do not read.
const WINDOW: usize = 4096;
/// How often those read that are slow.
const TRICKLE: Duration = Duration::from_millis(300);
/// How long guests stay.
const STAY: Duration = Duration::from_secs(4);
/// The namespaces that some guests go to, dynamic ones.
const NAMESPACES: usize = 50;

/// What happens later, to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Upgrade(u64),
    Die(u64),
    Trickle(u64),
    /// One that does not read must have been closed by now.
    LookUp(u64),
    /// A stranger goes.
    HangUp(u64, bool),
}

impl Traffic {
    pub(super) fn hear(&mut self, nth: u64, heard: &Heard, now: Instant) {
        if let Some(member) = self.members.get_mut(&nth) {
            member.hear(heard, &mut self.totals, &self.said, &mut self.last, now);
        }
    }

    fn born(&mut self) -> u64 {
        self.born += 1;
        self.born
    }

    /// Makes connections those of `nth`.
    fn claim(&mut self, nth: u64, ids: impl Iterator<Item = usize>) {
        for id in ids {
            if self.owners.len() <= id {
                self.owners.resize(id + 1, 0);
            }
            self.owners[id] = nth;
        }
    }

    /// Has a client come, in `role`.
    pub(super) fn come(&mut self, crowd: &mut Crowd, role: Role) -> io::Result<()> {
        let nth = self.born();
        let polls = match role {
            Role::Talker | Role::Guest => self.random.percent(self.mix.polling),
            Role::Slow | Role::Stuck => false,
        };
        let namespace = match role {
            Role::Guest if self.random.percent(20) => format!("/dyn/{},", self.random.below(NAMESPACES)),
            _ => String::new(),
        };
        let window = (role == Role::Stuck).then_some(WINDOW);
        let client = if polls {
            Client::on_polling(crowd, &namespace)?
        } else {
            Client::on_websocket(crowd, &namespace, window)?
        };
        self.claim(nth, client.connections());
        self.members.insert(nth, Member::new(client, role));
        if role == Role::Talker {
            self.talkers.push(nth);
        }
        Ok(())
    }

    /// What happens to a client that has just been let in.
    pub(super) fn connected(&mut self, crowd: &mut Crowd, nth: u64, now: Instant) {
        self.totals.connected += 1;
        let Some(member) = self.members.get_mut(&nth) else { return };
        if member.client.is_polling() {
            let when = now + self.random.within(Duration::ZERO..self.mix.upgrade_within);
            self.later.add(when, Action::Upgrade(nth));
        }
        match member.role {
            Role::Talker if self.mix.rooms > 0 => member.join(crowd, self.random.below(self.mix.rooms)),
            Role::Talker => {}
            Role::Guest => {
                for _ in 0..self.random.below(4) {
                    member.up(crowd, self.random.percent(self.mix.binary), &mut self.random, now);
                }
                self.later.add(now + self.random.within(Duration::ZERO..STAY), Action::Die(nth));
            }
            // They are where most is said.
            Role::Slow | Role::Stuck => member.join(crowd, 0),
        }
    }

    /// After it has joined, one that does not read well stops.
    pub(super) fn joined(&mut self, crowd: &mut Crowd, nth: u64, now: Instant) {
        let Some(member) = self.members.get(&nth) else { return };
        match member.role {
            Role::Slow => {
                member.client.connections().for_each(|id| crowd.pause(id));
                self.later.add(now + TRICKLE, Action::Trickle(nth));
            }
            Role::Stuck => {
                member.client.connections().for_each(|id| crowd.pause(id));
                self.later.add(now + self.mix.stuck_for, Action::LookUp(nth));
            }
            Role::Talker | Role::Guest => {}
        }
    }

    pub(super) fn act(&mut self, crowd: &mut Crowd, action: Action, now: Instant) -> io::Result<()> {
        match action {
            Action::Upgrade(nth) => {
                let Some(member) = self.members.get_mut(&nth).filter(|member| member.client.is_polling()) else {
                    return Ok(());
                };
                member.client.upgrade(crowd)?;
                let connections = member.client.connections();
                self.claim(nth, connections);
            }
            Action::Die(nth) => {
                let way = self.random.below(3);
                self.part(crowd, nth, way);
            }
            Action::Trickle(nth) => {
                let Some(member) = self.members.get(&nth) else { return Ok(()) };
                member.client.connections().try_for_each(|id| crowd.resume(id))?;
                self.later.add(now + TRICKLE, Action::Trickle(nth));
            }
            // Whether it was closed, and why, is the server's to say: it could take the client long to read that far.
            Action::LookUp(nth) => {
                if let Some(member) = self.members.remove(&nth) {
                    self.totals.unread += 1;
                    self.stuck -= 1;
                    self.settle_account(&member);
                    member.hang_up(crowd, Farewell::Reset);
                    self.linger(now);
                }
            }
            Action::HangUp(nth, attacker) => {
                self.attackers -= usize::from(attacker);
                let (_, farewell) = Strangers::end(&mut self.random);
                for id in self.strangers.remove(&nth).into_iter().flatten() {
                    crowd.hang_up(id, farewell);
                }
            }
        }
        Ok(())
    }

    /// Takes a client out: clean, by a reset, or silently.
    pub(super) fn part(&mut self, crowd: &mut Crowd, nth: u64, way: usize) {
        let Some(mut member) = self.members.remove(&nth) else { return };
        self.totals.deaths[way] += 1;
        self.settle_account(&member);
        match way {
            0 => member.client.leave(crowd),
            1 => member.hang_up(crowd, Farewell::Reset),
            _ => {
                let ids: Vec<usize> = member.client.connections().collect();
                ids.iter().for_each(|&id| crowd.pause(id));
                self.strangers.insert(nth, ids);
                self.later.add(Instant::now() + self.mix.heartbeat.lingering(), Action::HangUp(nth, false));
            }
        }
        self.linger(Instant::now());
    }

    fn settle_account(&mut self, member: &Member) {
        self.totals.faults += member.faults(None);
        self.totals.faults_down += member.faults_down();
    }

    /// Somebody has gone who may have a session for a while.
    fn linger(&mut self, now: Instant) {
        self.lingering += 1;
        self.dying.add(now + self.mix.heartbeat.lingering(), ());
    }

    /// Has those come who are due, and as many attackers and bad readers as there should be.
    pub(super) fn populate(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<()> {
        let due = self.arrivals.due(now) as usize;
        for _ in 0..due.min(self.mix.talkers.saturating_sub(self.talkers.len())) {
            self.come(crowd, Role::Talker)?;
        }
        for _ in 0..self.churn.due(now) {
            if self.random.percent(25) {
                self.totals.deaths[3] += 1;
                let id = Strangers::begin(crowd, &mut self.random)?;
                self.befriend(id, false, now);
            } else {
                self.come(crowd, Role::Guest)?;
            }
        }
        while self.attackers < self.mix.hostile {
            self.totals.attacks += 1;
            self.attackers += 1;
            let id = self.begin.attack(crowd, &mut self.random)?;
            self.befriend(id, true, now);
        }
        while self.slow < self.mix.slow {
            self.slow += 1;
            self.come(crowd, Role::Slow)?;
        }
        while self.stuck < self.mix.stuck {
            self.stuck += 1;
            self.come(crowd, Role::Stuck)?;
        }
        Ok(())
    }

    /// Keeps a stranger's connection until it goes.
    fn befriend(&mut self, id: usize, attacker: bool, now: Instant) {
        let nth = self.born();
        self.claim(nth, [id].into_iter());
        self.strangers.insert(nth, vec![id]);
        let (stay, _) = Strangers::end(&mut self.random);
        self.later.add(now + stay, Action::HangUp(nth, attacker));
        self.linger(now + stay);
    }

    /// Sends what is due.
    pub(super) fn talk(&mut self, crowd: &mut Crowd, now: Instant) {
        if self.talkers.is_empty() {
            return;
        }
        for _ in 0..self.ups.due(now) {
            let nth = self.talkers[self.random.below(self.talkers.len())];
            let Some(member) = self.members.get_mut(&nth).filter(|member| member.client.is_connected()) else {
                continue;
            };
            self.totals.sent += 1;
            let binary = self.random.percent(self.mix.binary);
            member.up(crowd, binary, &mut self.random, now);
        }
        for _ in 0..self.says.due(now) {
            let nth = self.talkers[self.random.below(self.talkers.len())];
            let Some(member) = self.members.get_mut(&nth) else { continue };
            if member.say(crowd, self.said.len() as u64, self.mix.say_bytes) {
                self.said.push(Instant::now());
                self.totals.sent += 1;
            }
        }
    }

    /// A client was closed, and not by us.
    pub(super) fn gone(&mut self, crowd: &mut Crowd, nth: u64, error: &io::Error) {
        let Some(member) = self.members.remove(&nth) else { return };
        self.settle_account(&member);
        match member.role {
            // One of thousands, each of which is looked for in a list of thousands.
            Role::Talker if self.ended || self.closes => {}
            Role::Talker => {
                self.totals.dropped(error);
                self.talkers.retain(|&talker| talker != nth);
            }
            Role::Slow => self.slow -= 1,
            Role::Stuck => self.stuck -= 1,
            Role::Guest => {}
        }
        member.hang_up(crowd, Farewell::Reset);
    }
}
