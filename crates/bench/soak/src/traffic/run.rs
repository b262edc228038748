//! The traffic, as what drives the connections.

mod life;

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use bench_load::{Crowd, Driver, Farewell, Message};

use self::life::Action;
use crate::client::Heard;
use crate::random::Random;
use crate::sequence::Faults;
use crate::traffic::member::{Member, Role};
use crate::traffic::pace::{Later, Pace};
use crate::traffic::strangers::Strangers;
use crate::traffic::{Mix, Totals};

/// How often it is looked what is due.
const TICK: Duration = Duration::from_millis(5);

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
