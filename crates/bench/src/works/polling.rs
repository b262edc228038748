//! `polling-echo`: sessions that stay on long-polling. A GET always waits; what a POST sends comes back as its response.

use std::time::Instant;
use std::{io, mem};

use crate::works::meter::Meter;
use crate::works::opening::{Opening, SEPARATOR};
use crate::works::{Effort, Figures, Target};
use bench_load::{Crowd, Driver, Histogram, Message, Response};

const SESSIONS: usize = 100;
const SENT: &str = r#"42["message","xxxxxxxxxxxxxxxx"]"#;
const ANSWER: &[u8] = br#"42["message-back","xxxxxxxxxxxxxxxx"]"#;

pub(super) fn polling_echo(target: &Target, effort: &Effort) -> io::Result<Figures> {
    let mut crowd = Crowd::of(target.address)?;
    let mut polling = Polling::begin(&mut crowd)?;
    crowd.run_until(&mut polling, |polling| polling.connected == SESSIONS)?;

    (0..SESSIONS).try_for_each(|nth| polling.post(&mut crowd, nth, Instant::now()))?;
    crowd.run_for(&mut polling, effort.warm_up)?;
    polling.latency.clear();
    let meter = Meter::start(target)?;
    crowd.run_for(&mut polling, effort.measure)?;
    let figures = meter.read(polling.latency.count())?;
    let latency = polling.latency.latency();
    // What is still out must come, or it was lost.
    polling.ended = true;
    crowd.run_until(&mut polling, |polling| polling.awaited() == 0)?;
    Ok(Figures { latency, ..figures })
}

/// A session with two connections: `2 * nth` polls, the one after it posts.
#[derive(Debug)]
struct Session {
    opening: Opening,
    connected: bool,
    get: Vec<u8>,
    post: Vec<u8>,
    /// The same with the answer to a ping before it.
    pong_and_post: Vec<u8>,
    ping: bool,
    posted: Instant,
    post_out: bool,
    echo_out: bool,
}

#[derive(Debug)]
struct Polling {
    sessions: Vec<Session>,
    connected: usize,
    /// How many are to have an answer.
    out: usize,
    latency: Histogram,
    /// Nothing is sent any more.
    ended: bool,
}

impl Polling {
    fn begin(crowd: &mut Crowd) -> io::Result<Self> {
        let mut sessions = Vec::with_capacity(SESSIONS);
        for _ in 0..SESSIONS {
            let polling = crowd.dial()?;
            crowd.dial()?;
            sessions.push(Session::new(Opening::begin(crowd, polling)?));
        }
        Ok(Self { sessions, connected: 0, out: SESSIONS, latency: Histogram::new(), ended: false })
    }

    fn post(&mut self, crowd: &mut Crowd, nth: usize, now: Instant) -> io::Result<()> {
        let session = &mut self.sessions[nth];
        let ping = mem::take(&mut session.ping);
        (session.posted, session.post_out, session.echo_out) = (now, true, true);
        self.out += 1;
        crowd.send(2 * nth + 1, if ping { &session.pong_and_post } else { &session.post })
    }
}

impl Session {
    fn new(opening: Opening) -> Self {
        Self {
            opening,
            connected: false,
            get: Vec::new(),
            post: Vec::new(),
            pong_and_post: Vec::new(),
            ping: false,
            posted: Instant::now(),
            post_out: false,
            echo_out: false,
        }
    }

    fn connect(&mut self) {
        let sid = self.opening.sid();
        self.get = bench_load::get(Some(sid)).into();
        self.post = bench_load::post(sid, SENT).into();
        self.pong_and_post = bench_load::post(sid, &format!("3\u{1e}{SENT}")).into();
        self.connected = true;
    }

    /// A round trip is not complete.
    const fn is_out(&self) -> bool {
        self.post_out || self.echo_out
    }

    /// A GET or a POST was answered.
    fn answered(&mut self, polled: bool, response: &Response<'_>) -> io::Result<()> {
        if !polled && response.status == 200 && self.post_out {
            self.post_out = false;
            return Ok(());
        }
        for packet in response.body.split(|&byte| byte == SEPARATOR) {
            match packet {
                b"2" if polled => self.ping = true,
                ANSWER if polled && self.echo_out => self.echo_out = false,
                _ => return Err(response.unexpected()),
            }
        }
        Ok(())
    }
}

impl Driver for Polling {
    fn message(&mut self, crowd: &mut Crowd, id: usize, message: Message<'_>, now: Instant) -> io::Result<()> {
        let Message::Response(response) = message else { return Err(message.unexpected()) };
        let (nth, polled) = (id / 2, id.is_multiple_of(2));
        let session = &mut self.sessions[nth];
        if !session.connected {
            if session.opening.proceed(crowd, id, &response)? {
                session.connect();
                self.connected += 1;
                self.out -= 1;
                crowd.send(id, &session.get)?;
            }
            return Ok(());
        }
        let was_out = session.is_out();
        session.answered(polled, &response)?;
        let completed = was_out && !session.is_out();
        if polled {
            crowd.send(id, &session.get)?;
        }
        if completed {
            self.latency.record(now - session.posted);
            self.out -= 1;
        }
        if completed && !self.ended { self.post(crowd, nth, now) } else { Ok(()) }
    }

    fn awaited(&self) -> usize {
        self.out
    }
}
