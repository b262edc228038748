//! What a server is set up with.

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
}

impl Config {
    /// A server at `path`, with defaults for the rest.
    pub fn new(path: &str) -> Self {
        let mut config = Self { path: Box::default(), origins: OriginPolicy::default(), limits: Limits::default() };
        config.set_path(path);
        config
    }

    /// The path at which clients connect. A trailing slash makes no difference, here or in requests.
    pub fn set_path(&mut self, path: &str) -> &mut Self {
        self.path = path.trim_matches('/').into();
        self
    }

    /// Whether a request's path is ours: exactly, not as a prefix.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else {
            return false;
        };
        path.strip_suffix('/').unwrap_or(path) == &*self.path
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
