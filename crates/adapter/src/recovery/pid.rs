//! The private id of a socket.

use std::fmt;

use pintle_engine::Token;

/// The private id of a socket, by which its client asks for it again; `pid` in Node.
///
/// Whoever knows it gets what the socket missed, so it is never shown whole: `Debug` prints its first four characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pid(Token);

impl Pid {
    /// Random bytes that make one.
    pub const ENTROPY: usize = Token::ENTROPY;

    /// Makes an id of random bytes, which must come from a cryptographic source.
    pub fn from_entropy(bytes: [u8; Self::ENTROPY]) -> Self {
        Self(Token::from_entropy(bytes))
    }

    /// Reads the `pid` of a CONNECT; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        Token::parse(text).map(Self)
    }

    /// The secret itself.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pid({}…)", &self.as_str()[..4])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_id_is_not_printed_whole() {
        let pid = Pid::from_entropy([0; Pid::ENTROPY]);
        assert_eq!(Pid::parse(pid.as_str()), Some(pid));
        assert_eq!(Pid::parse("lobby"), None);
        assert_eq!(format!("{pid:?}"), "Pid(AAAA…)");
    }
}
