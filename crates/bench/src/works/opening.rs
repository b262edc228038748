//! Clients that connect over long-polling.

use std::io;

use crate::load::{self, Crowd, Response};

/// A session that opens over long-polling, one request after the other on one connection: a GET opens it, a POST sends
/// CONNECT, a GET takes the answer.
#[derive(Debug)]
pub(super) struct Opening {
    sid: String,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Open,
    Connect,
    Answer,
}

impl Opening {
    /// Opens a session on connection `id`.
    pub(super) fn begin(crowd: &mut Crowd, id: usize) -> io::Result<Self> {
        crowd.send(id, load::get(None).as_bytes())?;
        Ok(Self { sid: String::new(), step: Step::Open })
    }

    /// Goes on with the response to the last request, and says whether that was the last of all.
    pub(super) fn proceed(&mut self, crowd: &mut Crowd, id: usize, response: &Response<'_>) -> io::Result<bool> {
        let body = &*response.body;
        self.step = match self.step {
            Step::Open if response.status == 200 && body.starts_with(b"0{") => {
                self.sid = sid(body).ok_or_else(|| response.unexpected())?.to_owned();
                crowd.send(id, load::post(&self.sid, "40").as_bytes())?;
                Step::Connect
            }
            Step::Connect if response.status == 200 => {
                crowd.send(id, load::get(Some(&self.sid)).as_bytes())?;
                Step::Answer
            }
            Step::Answer if response.status == 200 && body.starts_with(b"40{") => return Ok(true),
            _ => return Err(response.unexpected()),
        };
        Ok(false)
    }

    /// The session's id; empty before it is known.
    pub(super) fn sid(&self) -> &str {
        &self.sid
    }
}

/// What an open packet says the id is.
fn sid(packet: &[u8]) -> Option<&str> {
    std::str::from_utf8(packet).ok()?.split_once(r#""sid":""#)?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_packet_says_the_id() {
        assert_eq!(sid(br#"0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"]}"#), Some("lv_VI97HAXpY6yYWAAAC"));
        assert_eq!(sid(br#"0{"upgrades":[]}"#), None);
    }
}
