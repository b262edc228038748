//! Identifiers: 20 characters made of 15 random bytes, as Node's base64id makes them.

use std::fmt;
use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;

/// 120 bits of the caller's randomness, as 20 characters of the URL-safe base64 alphabet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token([u8; Self::LEN]);

/// Which bytes are of the URL-safe base64 alphabet.
const ALPHABET: [bool; 256] = {
    let mut alphabet = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        alphabet[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        byte += 1;
    }
    alphabet
};

impl Token {
    /// Characters in a token.
    pub const LEN: usize = 20;
    /// Random bytes that make one.
    pub const ENTROPY: usize = 15;

    /// Makes a token of random bytes. They must come from a cryptographic source: a session id is a bearer secret.
    pub fn from_entropy(bytes: [u8; Self::ENTROPY]) -> Self {
        let mut token = [0; Self::LEN];
        URL_SAFE.encode_slice(bytes, &mut token).expect("15 bytes are 20 characters of base64");
        Self(token)
    }

    /// Reads a token back; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let token: [u8; Self::LEN] = text.as_bytes().try_into().ok()?;
        token.iter().all(|byte| ALPHABET[usize::from(*byte)]).then_some(Self(token))
    }

    /// The token as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("the base64 alphabet is ASCII")
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of an Engine.IO session.
///
/// Whoever knows it can speak for the client as long as that is on long-polling, so it is never shown whole: `Debug`
/// prints its first four characters, and the public `socket.id` is another token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sid(Token);

impl Sid {
    /// Makes an id of random bytes.
    pub fn from_entropy(bytes: [u8; Token::ENTROPY]) -> Self {
        Self(Token::from_entropy(bytes))
    }

    /// Reads the `sid` of a query.
    pub fn parse(text: &str) -> Option<Self> {
        Token::parse(text).map(Self)
    }

    /// The secret itself.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({}…)", &self.as_str()[..4])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_20_url_safe_characters() {
        let token = Token::from_entropy([0xff; 15]);
        assert_eq!(token.as_str(), "____________________");
        assert_eq!(Token::parse(token.as_str()), Some(token));
        for bad in ["", "short", "____________________x", "+___________________", "é__________________"] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_session_id_is_not_printed_whole() {
        assert_eq!(format!("{:?}", Sid::from_entropy([0; 15])), "Sid(AAAA…)");
    }
}
