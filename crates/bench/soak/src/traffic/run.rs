//! The traffic, as what drives the connections.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use bench_load::{Crowd, Driver, Farewell, Message};

use crate::client::{Client, Heard};
use crate::random::Random;
use crate::sequence::Faults;
use crate::traffic::member::{Member, Role};
use crate::traffic::pace::{Later, Pace};
use crate::traffic::strangers::Strangers;
use crate::traffic::{Mix, Totals};

/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(5);
/// What the kernel keeps for those who do not read.
const WINDOW: usize = 4096;
/// How often those read that are slow.
const TRICKLE: Duration = Duration::from_millis(300);
/// How long guests stay.
const STAY: Duration = Duration::from_secs(4);
/// The namespaces that some guests go to, dynamic ones.
const NAMESPACES: usize = 50;
/// How long after it was read again one that was stuck may take to see that it was closed.
const SEEN: Duration = Duration::from_secs(5);

/// What happens later, to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    Upgrade(u64),
    Die(u64),
    Trickle(u64),
    /// One that does not read must have been closed by now: it reads, to see that.
    LookUp(u64),
    /// One that was to be closed is, or never will be.
    Judge(u64),
    /// A stranger goes.
    HangUp(u64, bool),
}

/// Everybody who takes part. Each has a number that nobody had before.
#[derive(Debug)]
pub(crate) struct Traffic {
    mix: Mix,
    random: Random,
    members: HashMap<u64, Member>,
    /// Those who stay, in no order.
    talkers: Vec<u64>,
    /// Connections that are nobody's.
    strangers: HashMap<u64, Vec<usize>>,
    begin: Strangers,
    /// Whose each connection is.
    owners: Vec<u64>,
    later: Later<Action>,
    born: u64,
    arrivals: Pace,
    ups: Pace,
    says: Pace,
    churn: Pace,
    attackers: usize,
    slow: usize,
    stuck: usize,
    /// When each event was sent that went to a room.
    said: Vec<Instant>,
    /// The number of the last event of each room that anybody has heard.
    last: Vec<u64>,
    /// When a client last died that may still have a session, by the second in which it will not.
    dying: Later<()>,
    lingering: usize,
    /// Nobody comes, nothing new is said, and nobody is missed.
    ended: bool,
    /// Nobody comes, and nobody is missed.
    closes: bool,
    heard: Vec<Heard>,
    totals: Totals,
}

impl Traffic {
    pub(crate) fn new(mix: Mix) -> Self {
        Self {
            random: Random::new(mix.seed),
            members: HashMap::new(),
            talkers: Vec::new(),
            strangers: HashMap::new(),
            begin: Strangers::new(),
            owners: Vec::new(),
            later: Later::new(),
            born: 0,
            arrivals: Pace::new(mix.ramp),
            ups: Pace::new(mix.ups),
            says: Pace::new(mix.says),
            churn: Pace::new(mix.churn),
            attackers: 0,
            slow: 0,
            stuck: 0,
            said: Vec::new(),
            last: vec![0; mix.rooms],
            dying: Later::new(),
            lingering: 0,
            ended: false,
            closes: false,
            heard: Vec::new(),
            totals: Totals::default(),
            mix,
        }
    }

    /// Runs until all who stay have come.
    pub(crate) fn settle(&mut self, crowd: &mut Crowd) -> io::Result<()> {
        let deadline = Instant::now() + Duration::from_secs_f64(30.0 + self.mix.talkers as f64 / self.mix.ramp);
        crowd.run_until(self, |traffic| traffic.has_settled() || Instant::now() > deadline)?;
        if self.has_settled() { Ok(()) } else { Err(io::Error::other("not all clients have come: see the errors")) }
    }

    fn has_settled(&self) -> bool {
        let there = |nth| self.members.get(nth).is_some_and(|member| member.client.is_connected());
        self.talkers.len() == self.mix.talkers && self.talkers.iter().all(there)
    }

    /// Sends nothing new, and runs until all is there that was to come, or `patience` is over. What is missing then is lost.
    pub(crate) fn drain(&mut self, crowd: &mut Crowd, patience: Duration) -> io::Result<()> {
        self.ended = true;
        let deadline = Instant::now() + patience;
        crowd.run_until(self, |traffic| traffic.is_complete() || Instant::now() > deadline)
    }

    fn is_complete(&self) -> bool {
        self.talkers.iter().all(|nth| self.members.get(nth).is_none_or(|member| member.is_complete(&self.last)))
    }

    /// The server closes: nobody comes any more, and nobody is missed. Those who are there go on until they are told.
    pub(crate) const fn closes(&mut self) {
        self.closes = true;
    }

    /// Has everybody leave.
    pub(crate) fn leave(&mut self, crowd: &mut Crowd) {
        self.ended = true;
        let members: Vec<u64> = self.members.keys().copied().collect();
        for nth in members {
            self.part(crowd, nth, 0);
        }
        for (_, ids) in self.strangers.drain() {
            ids.into_iter().for_each(|id| crowd.hang_up(id, Farewell::Fin));
        }
    }

    /// Says from now on other things: what is sent, how fast, and who else is there. Those who stay are not asked.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Mix)) {
        change(&mut self.mix);
        (self.ups, self.says) = (Pace::new(self.mix.ups), Pace::new(self.mix.says));
        self.churn = Pace::new(self.mix.churn);
        self.ended = false;
    }

    pub(crate) const fn totals(&self) -> &Totals {
        &self.totals
    }

    pub(crate) const fn totals_mut(&mut self) -> &mut Totals {
        &mut self.totals
    }

    /// What was lost, doubled and reordered until now. `complete`: what has not come yet counts as lost.
    pub(crate) fn faults(&self, complete: bool) -> Faults {
        let mut faults = self.totals.faults;
        for member in self.members.values() {
            let last = (complete && member.role == Role::Talker).then_some(self.last.as_slice());
            faults += member.faults(last);
        }
        faults
    }

    /// How many sessions the server must have, and how many more it may: of those who have just come or gone.
    pub(crate) fn sessions(&self) -> (usize, usize) {
        let connected = self.members.values().filter(|member| member.client.is_connected());
        let sure = connected.filter(|member| matches!(member.role, Role::Talker)).count();
        (sure, self.members.len() - sure + self.strangers.len() + self.lingering)
    }

    /// Whether everybody has gone.
    pub(crate) fn is_deserted(&self) -> bool {
        self.members.is_empty()
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
    fn come(&mut self, crowd: &mut Crowd, role: Role) -> io::Result<()> {
        let nth = self.born();
        let polls = match role {
            Role::Talker | Role::Guest => self.random.percent(self.mix.polling),
            Role::Slow | Role::Stuck | Role::Awake => false,
        };
        let namespace = match role {
            Role::Guest if self.random.percent(20) => format!("/dyn/{},", self.random.below(NAMESPACES)),
            _ => String::new(),
        };
        let window = matches!(role, Role::Slow | Role::Stuck).then_some(WINDOW);
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
    fn connected(&mut self, crowd: &mut Crowd, nth: u64, now: Instant) {
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
            Role::Slow | Role::Stuck | Role::Awake => member.join(crowd, 0),
        }
    }

    /// After it has joined, one that does not read well stops.
    fn joined(&mut self, crowd: &mut Crowd, nth: u64, now: Instant) {
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
            Role::Talker | Role::Guest | Role::Awake => {}
        }
    }

    fn act(&mut self, crowd: &mut Crowd, action: Action, now: Instant) -> io::Result<()> {
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
            Action::LookUp(nth) => {
                let Some(member) = self.members.get_mut(&nth) else { return Ok(()) };
                member.role = Role::Awake;
                member.client.connections().try_for_each(|id| crowd.resume(id))?;
                self.later.add(now + SEEN, Action::Judge(nth));
            }
            Action::Judge(nth) => {
                if let Some(member) = self.members.remove(&nth) {
                    self.totals.immortal += 1;
                    self.stuck -= 1;
                    member.hang_up(crowd, Farewell::Reset);
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
    fn part(&mut self, crowd: &mut Crowd, nth: u64, way: usize) {
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
    fn populate(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<()> {
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
    fn talk(&mut self, crowd: &mut Crowd, now: Instant) {
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
    fn gone(&mut self, crowd: &mut Crowd, nth: u64, error: &io::Error) {
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
            Role::Awake => {
                self.totals.put_out += 1;
                self.stuck -= 1;
            }
            Role::Guest => {}
        }
        member.hang_up(crowd, Farewell::Reset);
    }
}

impl Driver for Traffic {
    fn message(&mut self, crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        let nth = self.owners[id];
        let Some(member) = self.members.get_mut(&nth) else { return Ok(()) };
        let mut heard = std::mem::take(&mut self.heard);
        let done = member.client.hear(crowd, id, message, &mut heard);
        for heard in heard.drain(..) {
            match &heard {
                Heard::Connected => self.connected(crowd, nth, now),
                Heard::Upgraded => self.totals.upgraded += 1,
                Heard::Farewell => {
                    self.totals.farewells += 1;
                    self.gone(crowd, nth, &io::Error::other("the host said farewell"));
                }
                Heard::Text(text) if text.starts_with(r#"2["joined""#) => {
                    self.hear(nth, &heard, now);
                    self.joined(crowd, nth, now);
                }
                Heard::Text(_) | Heard::Binary(_) => self.hear(nth, &heard, now),
            }
        }
        self.heard = heard;
        if let Err(error) = done {
            self.gone(crowd, nth, &error);
        }
        Ok(())
    }

    fn read(&mut self, crowd: &mut Crowd, id: usize, _now: Instant) -> io::Result<()> {
        // One that is slow has read as much as it wants for now.
        let slow = self.members.get(&self.owners[id]).is_some_and(Member::trickles);
        if slow {
            crowd.pause(id);
        }
        Ok(())
    }

    fn pinged(&mut self, _crowd: &mut Crowd, id: usize, now: Instant) -> io::Result<()> {
        if let Some(member) = self.members.get_mut(&self.owners[id])
            && let Some(before) = member.pinged.replace(now)
        {
            let jitter = now.duration_since(before).abs_diff(self.mix.heartbeat.interval);
            self.totals.jitter.record(jitter);
        }
        Ok(())
    }

    fn poll(&mut self, crowd: &mut Crowd, now: Instant) -> io::Result<Option<Instant>> {
        while self.dying.due(now).is_some() {
            self.lingering -= 1;
        }
        while let Some(action) = self.later.due(now) {
            self.act(crowd, action, now)?;
        }
        if !self.ended && !self.closes {
            self.populate(crowd, now)?;
        }
        if !self.ended {
            self.talk(crowd, now);
        }
        Ok(Some(now + TICK))
    }

    fn awaited(&self) -> usize {
        0
    }

    fn closed(&mut self, crowd: &mut Crowd, id: usize, error: io::Error) -> io::Result<()> {
        let nth = self.owners[id];
        if let Some(ids) = self.strangers.get_mut(&nth) {
            ids.retain(|&own| own != id);
            return Ok(());
        }
        let Some(member) = self.members.get_mut(&nth) else { return Ok(()) };
        if !member.client.lost(id) {
            self.gone(crowd, nth, &error);
        }
        Ok(())
    }
}

impl Traffic {
    fn hear(&mut self, nth: u64, heard: &Heard, now: Instant) {
        if let Some(member) = self.members.get_mut(&nth) {
            member.hear(heard, &mut self.totals, &self.said, &mut self.last, now);
        }
    }
}
