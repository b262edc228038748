//! Whose request it is and what it wants, judged in Node's order.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use crate::config::{Config, TransportKind};
use crate::frame::Frame;
use crate::token::Sid;

/// The method of a request, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// Any other.
    Other,
}

/// The parts of an HTTP request that say what it wants.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its method.
    pub method: Method,
    /// Its raw query string, without the question mark.
    pub query: &'a str,
    /// Whether it asks for a WebSocket.
    pub websocket: bool,
}

/// What a valid request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// A new session.
    Open {
        /// The transport that it opens on.
        transport: TransportKind,
        /// What is left to refuse it for. The version comes last in Node's order: after `allowRequest`, where the
        /// application may have refused it already.
        version: Result<(), Reject>,
    },
    /// To wait for what the server has to say.
    Poll(Sid),
    /// To say something.
    Push(Sid),
    /// To move the session to a WebSocket.
    Upgrade(Sid),
}

/// Why a request is refused: Node's table of handshake errors, and its answer to a method that no transport knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reject {
    /// `transport` is missing, unknown or switched off.
    UnknownTransport,
    /// No session has this id (any more).
    UnknownSession,
    /// A session opens with a GET.
    BadHandshakeMethod,
    /// The request contradicts its session or itself.
    BadRequest,
    /// The server does not want this client, or not this origin.
    Forbidden,
    /// Not Engine.IO v4.
    UnsupportedProtocol,
    /// A method that says nothing to a known session. Node answers 500 and no body.
    UnknownMethod,
}

impl Reject {
    /// Node's number for it. It is part of the body, as a number.
    pub const fn code(self) -> Option<u8> {
        match self {
            Self::UnknownTransport => Some(0),
            Self::UnknownSession => Some(1),
            Self::BadHandshakeMethod => Some(2),
            Self::BadRequest => Some(3),
            Self::Forbidden => Some(4),
            Self::UnsupportedProtocol => Some(5),
            Self::UnknownMethod => None,
        }
    }

    /// Node's words for it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::UnknownTransport => "Transport unknown",
            Self::UnknownSession => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedProtocol => "Unsupported protocol version",
            Self::UnknownMethod => "",
        }
    }

    /// The status of the response.
    pub const fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            Self::UnknownMethod => 500,
            _ => 400,
        }
    }

    /// The JSON body of the response, with another message where there is one; empty where Node sends none.
    pub fn body(self, message: Option<&str>) -> String {
        let Some(code) = self.code() else {
            return String::new();
        };
        let message = message.unwrap_or_else(|| self.message());
        format!(r#"{{"code":{code},"message":"{}"}}"#, Escaped(message))
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownMethod => "Unknown method",
            _ => self.message(),
        })
    }
}

impl std::error::Error for Reject {}

impl Request<'_> {
    /// Judges the request: transport, session, method and version, in this order, first failure first. The version of a new
    /// session is judged too, and told [apart](Intent::Open).
    ///
    /// `session` looks a session up and says which transport it is on.
    ///
    /// # Errors
    ///
    /// The rejection that Node gives for the same request.
    pub fn judge(
        &self,
        config: &Config,
        session: impl FnOnce(&Sid) -> Option<TransportKind>,
    ) -> Result<Intent, Reject> {
        let query = Query::parse(self.query);
        let transport = query.transport.ok_or(Reject::UnknownTransport)?;
        if !config.allows(transport) {
            return Err(Reject::UnknownTransport);
        }
        let Some(sid) = query.sid else {
            return self.judge_open(transport, query.version4);
        };
        let sid = Sid::parse(&sid).ok_or(Reject::UnknownSession)?;
        let current = session(&sid).ok_or(Reject::UnknownSession)?;
        // The version of a session is that of its handshake, and this machine speaks one.
        if !query.version4 {
            return Err(Reject::BadRequest);
        }
        if self.websocket {
            return match transport {
                TransportKind::WebSocket if config.upgrades(TransportKind::Polling) => Ok(Intent::Upgrade(sid)),
                _ => Err(Reject::BadRequest),
            };
        }
        if transport != current || current != TransportKind::Polling {
            return Err(Reject::BadRequest);
        }
        match self.method {
            Method::Get => Ok(Intent::Poll(sid)),
            Method::Post => Ok(Intent::Push(sid)),
            Method::Other => Err(Reject::UnknownMethod),
        }
    }

    fn judge_open(&self, transport: TransportKind, version4: bool) -> Result<Intent, Reject> {
        if self.method != Method::Get {
            return Err(Reject::BadHandshakeMethod);
        }
        if self.websocket != (transport == TransportKind::WebSocket) {
            return Err(Reject::BadRequest);
        }
        let version = if version4 { Ok(()) } else { Err(Reject::UnsupportedProtocol) };
        Ok(Intent::Open { transport, version })
    }
}

/// A text between the quotes of JSON, escaped as `JSON.stringify` does.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\u{8}' => f.write_str("\\b")?,
                '\u{c}' => f.write_str("\\f")?,
                '\0'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(char))?,
                _ => f.write_char(char)?,
            }
        }
        Ok(())
    }
}

/// The parameters that are ours. As in Node the last of several wins, and an empty `sid` is none.
#[derive(Debug, Default)]
struct Query<'a> {
    version4: bool,
    transport: Option<TransportKind>,
    sid: Option<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    fn parse(raw: &'a str) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs(raw) {
            match &*name {
                "EIO" => query.version4 = value == "4",
                "transport" => query.transport = TransportKind::parse(&value),
                "sid" => query.sid = (!value.is_empty()).then_some(value),
                _ => {}
            }
        }
        query
    }
}

/// The parameters of a query, decoded. Most queries have nothing to decode, and theirs are borrowed.
fn pairs(raw: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let plain = memchr::memchr2(b'%', b'+', raw.as_bytes()).is_none();
    let mut rest = Some(raw);
    std::iter::from_fn(move || {
        let (pair, tail) = cut(rest?, b'&');
        rest = tail;
        Some(pair)
    })
    .filter_map(move |pair| {
        if plain {
            let (name, value) = cut(pair, b'=');
            Some((name.into(), value.unwrap_or_default().into()))
        } else {
            form_urlencoded::parse(pair.as_bytes()).next()
        }
    })
}

/// What is before the first such character, which is ASCII, and what is after it.
fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    match text.bytes().position(|byte| byte == at) {
        Some(index) => (&text[..index], Some(&text[index + 1..])),
        None => (text, None),
    }
}

/// The text of the packet that opens a session.
pub fn open_packet(config: &Config, sid: &Sid, transport: TransportKind) -> String {
    let upgrades = if config.upgrades(transport) { r#"["websocket"]"# } else { "[]" };
    format!(
        r#"0{{"sid":"{}","upgrades":{upgrades},"pingInterval":{},"pingTimeout":{},"maxPayload":{}}}"#,
        sid.as_str(),
        config.ping_interval().as_millis(),
        config.ping_timeout().as_millis(),
        config.max_payload(),
    )
}

/// The same as a frame.
pub fn open_frame(config: &Config, sid: &Sid, transport: TransportKind) -> Frame {
    Frame::packet(&open_packet(config, sid, transport))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "aaaaaaaaaaaaaaaaaaaa";

    fn judge(method: Method, query: &str, websocket: bool) -> Result<Intent, Reject> {
        judge_with(&Config::default(), method, query, websocket)
    }

    fn judge_with(config: &Config, method: Method, query: &str, websocket: bool) -> Result<Intent, Reject> {
        let request = Request { method, query, websocket };
        let intent = request.judge(config, |sid| (sid.as_str() == SID).then_some(TransportKind::Polling))?;
        match intent {
            Intent::Open { version: Err(reject), .. } => Err(reject),
            _ => Ok(intent),
        }
    }

    const fn open(transport: TransportKind) -> Result<Intent, Reject> {
        Ok(Intent::Open { transport, version: Ok(()) })
    }

    #[test]
    fn valid_requests() {
        let sid = Sid::parse(SID).unwrap();
        let ours = format!("EIO=4&transport=polling&sid={SID}");
        assert_eq!(judge(Method::Get, "EIO=4&transport=polling", false), open(TransportKind::Polling));
        assert_eq!(judge(Method::Get, "EIO=4&transport=websocket", true), open(TransportKind::WebSocket));
        assert_eq!(judge(Method::Get, "EIO=4&transport=poll%69ng&sid=", false), open(TransportKind::Polling));
        let escaped = format!("&&E%49O=4&+=&x=a=b&&transport=p%6Flling&sid={}%61&", &SID[1..]);
        assert_eq!(judge(Method::Get, &escaped, false), Ok(Intent::Poll(sid)));
        assert_eq!(judge(Method::Get, &ours, false), Ok(Intent::Poll(sid)));
        assert_eq!(judge(Method::Post, &ours, false), Ok(Intent::Push(sid)));
        let upgrade = format!("EIO=4&transport=websocket&sid={SID}&t=x");
        assert_eq!(judge(Method::Get, &upgrade, true), Ok(Intent::Upgrade(sid)));
    }

    #[test]
    fn refusals_in_nodes_order() {
        use Method::{Get, Other, Post};
        use Reject::*;
        let known = format!("transport=polling&sid={SID}");
        for (method, query, websocket, expected) in [
            (Get, "", false, UnknownTransport),
            (Get, "EIO", false, UnknownTransport),
            (Get, "EIO=4&transport=", false, UnknownTransport),
            (Get, "EIO=4&transport=POLLING", false, UnknownTransport),
            (Get, "EIO=4&transport=__proto__", false, UnknownTransport),
            (Get, "EIO=4&transport=webtransport", false, UnknownTransport),
            (Get, "EIO=4&transport=polling%00", false, UnknownTransport),
            (Post, "EIO=3&transport=polling&sid=nope", false, UnknownSession),
            (Get, "EIO=4&transport=polling&sid=%C3%A9", false, UnknownSession),
            (Post, "EIO=4&transport=polling", false, BadHandshakeMethod),
            (Other, "EIO=4&transport=polling", false, BadHandshakeMethod),
            (Get, "EIO=4&transport=websocket", false, BadRequest),
            (Get, "EIO=4&transport=polling", true, BadRequest),
            (Get, "transport=polling", false, UnsupportedProtocol),
            (Get, "EIO=3&transport=polling", false, UnsupportedProtocol),
            (Get, "EIO=4&EIO=04&transport=polling", false, UnsupportedProtocol),
            (Get, &known, false, BadRequest),
            (Get, &format!("EIO=4&transport=websocket&sid={SID}"), false, BadRequest),
            (Get, &format!("EIO=4&{known}"), true, BadRequest),
            (Other, &format!("EIO=4&{known}"), false, UnknownMethod),
        ] {
            assert_eq!(judge(method, query, websocket), Err(expected), "{method:?} {query}");
        }
    }

    #[test]
    fn the_version_of_a_new_session_is_left_for_last() {
        let request = Request { method: Method::Get, query: "EIO=3&transport=polling", websocket: false };
        let intent = request.judge(&Config::default(), |_| None);
        let version = Err(Reject::UnsupportedProtocol);
        assert_eq!(intent, Ok(Intent::Open { transport: TransportKind::Polling, version }));
    }

    #[test]
    fn what_is_switched_off_is_refused() {
        let mut config = Config::default();
        config.set_transports([TransportKind::Polling]);
        let websocket = "EIO=4&transport=websocket";
        assert_eq!(judge_with(&config, Method::Get, websocket, true), Err(Reject::UnknownTransport));
        let mut config = Config::default();
        config.set_allow_upgrades(false);
        let upgrade = format!("{websocket}&sid={SID}");
        assert_eq!(judge_with(&config, Method::Get, &upgrade, true), Err(Reject::BadRequest));
    }

    #[test]
    fn the_open_packet_has_nodes_keys_in_nodes_order() {
        let config = Config::default();
        let sid = Sid::parse(SID).unwrap();
        assert_eq!(
            open_packet(&config, &sid, TransportKind::Polling),
            r#"0{"sid":"aaaaaaaaaaaaaaaaaaaa","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
        );
        assert!(open_packet(&config, &sid, TransportKind::WebSocket).contains(r#""upgrades":[],"#));
    }

    #[test]
    fn the_code_is_a_number() {
        assert_eq!(Reject::UnknownTransport.body(None), r#"{"code":0,"message":"Transport unknown"}"#);
        assert_eq!(Reject::UnknownMethod.body(None), "");
    }

    #[test]
    fn a_message_is_escaped() {
        assert_eq!(
            Reject::Forbidden.body(Some("say \"é\"\\\n\r\t\u{8}\u{c}\u{1f}\0\u{7f}")),
            "{\"code\":4,\"message\":\"say \\\"é\\\"\\\\\\n\\r\\t\\b\\f\\u001f\\u0000\u{7f}\"}"
        );
    }
}
