//! Clients that connect over long-polling.

use std::io;

use bench_load::{Crowd, Response};

/// What separates the packets of a payload.
pub(super) const SEPARATOR: u8 = 0x1e;

/// A session that opens over long-polling, one request after the other on one connection: a GET opens it, a POST sends
/// CONNECT, a GET takes the answer. If the server pings at once, as some do, another POST answers that.
#[derive(Debug)]
pub(super) struct Opening {
    sid: String,
    step: Step,
    connected: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    Post,
    Poll,
}

impl Opening {
    /// Opens a session on connection `id`.
    pub(super) fn begin(crowd: &mut Crowd, id: usize) -> io::Result<Self> {
        crowd.send(id, bench_load::get(None).as_bytes())?;
        Ok(Self { sid: String::new(), step: Step::Open, connected: false })
    }

    /// Goes on with the response to the last request, and says whether that was the last of all.
    pub(super) fn proceed(&mut self, crowd: &mut Crowd, id: usize, response: &Response<'_>) -> io::Result<bool> {
        if response.status != 200 {
            return Err(response.unexpected());
        }
        let ping = self.step == Step::Poll && self.hear(response)?;
        match self.step {
            Step::Open => {
                self.sid = sid(&response.body).ok_or_else(|| response.unexpected())?.to_owned();
                self.post(crowd, id, "40")?;
            }
            Step::Poll if ping => self.post(crowd, id, "3")?,
            Step::Poll | Step::Post if self.connected => return Ok(true),
            Step::Poll | Step::Post => {
                crowd.send(id, bench_load::get(Some(&self.sid)).as_bytes())?;
                self.step = Step::Poll;
            }
        }
        Ok(false)
    }

    fn post(&mut self, crowd: &mut Crowd, id: usize, payload: &str) -> io::Result<()> {
        self.step = Step::Post;
        crowd.send(id, bench_load::post(&self.sid, payload).as_bytes())
    }

    /// Takes what a poll brought, and says whether there was a ping.
    fn hear(&mut self, response: &Response<'_>) -> io::Result<bool> {
        let mut ping = false;
        for packet in response.body.split(|&byte| byte == SEPARATOR) {
            match packet {
                b"2" => ping = true,
                connected if connected.starts_with(b"40{") => self.connected = true,
                _ => return Err(response.unexpected()),
            }
        }
        Ok(ping)
    }

    /// The session's id; empty before it is known.
    pub(super) fn sid(&self) -> &str {
        &self.sid
    }
}

/// What an open packet says the id is.
fn sid(packet: &[u8]) -> Option<&str> {
    std::str::from_utf8(packet).ok()?.strip_prefix('0')?.split_once(r#""sid":""#)?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_packet_says_the_id() {
        assert_eq!(sid(br#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"]}"#), Some("lv_VI97HAXpY6yYWAAAC"));
        assert_eq!(sid(br#"0{"upgrades":[]}"#), None);
        assert_eq!(sid(br#"40{"sid":"of another kind"}"#), None);
    }
}
