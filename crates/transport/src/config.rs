//! What a server is set up with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use pintle_engine::Config as Limits;

use crate::handshake::Handshake;
use crate::host::HostPolicy;
use crate::origin::OriginPolicy;

/// Where a server is found, who may come, and what its sessions are held to.
#[derive(Clone, Debug)]
pub struct Config {
    path: Box<str>,
    /// See [`OriginPolicy`].
    pub origins: OriginPolicy,
    /// See [`HostPolicy`].
    pub hosts: HostPolicy,
    /// Limits and intervals of each session.
    pub limits: Limits,
    generate_sid: Option<Callback<GenerateSid>>,
    bind_session: Option<Callback<BindSession>>,
    admission_timeout: Duration,
    max_sessions: Option<usize>,
    max_sessions_per_address: Option<usize>,
}

/// What makes the ids of sessions.
type GenerateSid = dyn Fn(&Parts) -> String + Send + Sync;

/// What tells whether a request is of the client that opened the session.
pub(crate) type BindSession = dyn Fn(&Handshake, &Parts) -> bool + Send + Sync;

/// A function of the application's.
struct Callback<F: ?Sized>(Arc<F>);

impl Config {
    /// A server at `path`, with defaults for the rest.
    pub fn new(path: &str) -> Self {
        let mut config = Self {
            path: Box::default(),
            origins: OriginPolicy::default(),
            hosts: HostPolicy::default(),
            limits: Limits::default(),
            generate_sid: None,
            bind_session: None,
            admission_timeout: Duration::from_secs(10),
            max_sessions: None,
            max_sessions_per_address: None,
        };
        config.set_path(path);
        config
    }

    /// The path at which clients connect. A trailing slash makes no difference, here or in requests.
    pub fn set_path(&mut self, path: &str) -> &mut Self {
        self.path = path.trim_matches('/').into();
        self
    }

    /// Has `generate` choose the id of each new session, from the request that asks for one. Node's `engine.generateId`.
    ///
    /// An id is 20 characters of `A`-`Z`, `a`-`z`, `0`-`9`, `-` and `_`, and no two sessions have the same at the same time.
    /// Where it is not, or `generate` panics, the client is answered 400 with code 3 (`Bad request`).
    ///
    /// Whoever knows the id of a session on long-polling can speak for its client: it must be as hard to guess as it was
    /// without this. The default is 120 bits of the system's randomness.
    pub fn set_generate_sid(&mut self, generate: impl Fn(&Parts) -> String + Send + Sync + 'static) -> &mut Self {
        self.generate_sid = Some(Callback(Arc::new(generate)));
        self
    }

    /// Has `bind` say of each later request of a session, be it a GET, a POST or the upgrade, whether it is of the client that
    /// opened it. By default the session's id is all that is asked for.
    ///
    /// Where it is not, the request is answered as if there were no such session, and the session goes on. If `bind` panics,
    /// the answer is 500, and the session goes on as well. It is called on every request and must not block.
    pub fn set_bind_session(&mut self, bind: impl Fn(&Handshake, &Parts) -> bool + Send + Sync + 'static) -> &mut Self {
        self.bind_session = Some(Callback(Arc::new(bind)));
        self
    }

    /// How long the [admission](crate::Protocol::admit) of a client may take. 10 s: until then the client's connection and
    /// the head of its request are held. Who is not admitted in time is refused.
    pub fn set_admission_timeout(&mut self, timeout: Duration) -> &mut Self {
        // Who says `Duration::MAX` means never, and a year is that.
        self.admission_timeout = timeout.clamp(Duration::from_millis(1), Duration::from_secs(365 * 24 * 3600));
        self
    }

    /// The most sessions there may be at once, those included whose handshake is under way. Any number, unless this says
    /// otherwise. Beyond it a handshake is answered 503 with `Retry-After`, and the sessions there are do not notice.
    pub fn set_max_sessions(&mut self, sessions: Option<usize>) -> &mut Self {
        self.max_sessions = sessions;
        self
    }

    /// The same for one [address](crate::Protocol::address), or one network of IPv6 (`/64`).
    pub fn set_max_sessions_per_address(&mut self, sessions: Option<usize>) -> &mut Self {
        self.max_sessions_per_address = sessions;
        self
    }

    /// See [`set_admission_timeout`](Self::set_admission_timeout).
    pub const fn admission_timeout(&self) -> Duration {
        self.admission_timeout
    }

    /// See [`set_max_sessions`](Self::set_max_sessions).
    pub const fn max_sessions(&self) -> Option<usize> {
        self.max_sessions
    }

    /// See [`set_max_sessions_per_address`](Self::set_max_sessions_per_address).
    pub const fn max_sessions_per_address(&self) -> Option<usize> {
        self.max_sessions_per_address
    }

    /// See [`set_bind_session`](Self::set_bind_session).
    pub(crate) fn bind_session(&self) -> Option<&BindSession> {
        self.bind_session.as_ref().map(|bind| &*bind.0)
    }

    /// See [`set_generate_sid`](Self::set_generate_sid).
    pub(crate) fn generate_sid(&self) -> Option<&GenerateSid> {
        self.generate_sid.as_ref().map(|generate| &*generate.0)
    }

    /// Whether a request's path is ours: exactly, not as a prefix.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else {
            return false;
        };
        path.strip_suffix('/').unwrap_or(path) == &*self.path
    }
}

impl<F: ?Sized> Clone for Callback<F> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<F: ?Sized> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_matched_whole() {
        for path in ["/socket.io", "/socket.io/", "socket.io"] {
            let config = Config::new(path);
            assert!(config.matches("/socket.io"));
            assert!(config.matches("/socket.io/"));
            for other in [
                "/",
                "",
                "/socket.iofoo",
                "/socket.io-admin/",
                "/socket.io/x",
                "//socket.io/",
                "/socket.io//",
                "/SOCKET.IO/",
            ] {
                assert!(!config.matches(other), "{other}");
            }
        }
    }
}
