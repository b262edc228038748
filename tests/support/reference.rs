//! Node's own server in Pintle's place, to judge the tests themselves.
//!
//! With `PINTLE_REFERENCE` set, the conformance and interop tests run against `interop/reference.mjs`, Node's Socket.IO
//! with the same events. A case that fails there is wrong, unless Pintle differs on purpose: such a case asks
//! [`judging_reference`], and says why it does not hold in Node.

use std::net::SocketAddr;

use crate::program::Program;
use crate::scripts;

/// Whether the tests run against Node's server.
pub fn judging_reference() -> bool {
    std::env::var_os("PINTLE_REFERENCE").is_some()
}

/// Node's server in a process of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct Reference(Program);

impl Reference {
    /// Starts it with the given variables.
    ///
    /// # Panics
    ///
    /// When it does not start: whoever asks for the reference wants it.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        let mut command = scripts::node_command().expect("the npm packages, for the reference");
        command.arg("reference.mjs").envs(variables.iter().copied());
        Self(Program::start(command).await)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address()
    }
}
