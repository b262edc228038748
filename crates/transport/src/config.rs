//! What a server is set up with.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use pintle_engine::Config as Limits;

use crate::origin::OriginPolicy;

/// Where a server is found, who may come, and what its sessions are held to.
#[derive(Clone, Debug)]
pub struct Config {
    path: Box<str>,
    /// See [`OriginPolicy`].
    pub origins: OriginPolicy,
    /// Limits and intervals of each session.
    pub limits: Limits,
    generate_sid: Option<GenerateSid>,
}

/// What makes the ids of sessions.
#[derive(Clone)]
struct GenerateSid(Arc<dyn Fn(&Parts) -> String + Send + Sync>);

impl Config {
    /// A server at `path`, with defaults for the rest.
    pub fn new(path: &str) -> Self {
        let mut config = Self {
            path: Box::default(),
            origins: OriginPolicy::default(),
            limits: Limits::default(),
            generate_sid: None,
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
        self.generate_sid = Some(GenerateSid(Arc::new(generate)));
        self
    }

    /// See [`set_generate_sid`](Self::set_generate_sid).
    pub(crate) fn generate_sid(&self) -> Option<&(dyn Fn(&Parts) -> String + Send + Sync)> {
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

impl fmt::Debug for GenerateSid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GenerateSid")
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
