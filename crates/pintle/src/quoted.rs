//! What a client has a hand in, as a log may have it.

use std::fmt::{self, Write as _};

/// The most bytes of a name.
const NAME: usize = 128;
/// The most bytes of what an error says.
const MESSAGE: usize = 1024;

/// A text in quotes, escaped, so that it cannot forge a line; and cut, for the client decides how long it is.
#[derive(Clone, Copy)]
pub(crate) struct Quoted<'a> {
    text: &'a str,
    longest: usize,
}

/// The name of an event, a namespace or a room.
pub(crate) const fn name(text: &str) -> Quoted<'_> {
    Quoted { text, longest: NAME }
}

/// What an error or a panic says.
pub(crate) const fn message(text: &str) -> Quoted<'_> {
    Quoted { text, longest: MESSAGE }
}

impl fmt::Debug for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.text.len() <= self.longest {
            return self.text.fmt(f);
        }
        let end = (0..=self.longest).rev().find(|&end| self.text.is_char_boundary(end));
        self.text[..end.unwrap_or(0)].fmt(f)?;
        f.write_char('…')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_escaped_and_cut() {
        assert_eq!(format!("{:?}", name("a\n\u{1b}[31m\"")), r#""a\n\u{1b}[31m\"""#);
        let exactly = "é".repeat(NAME / 2);
        assert_eq!(format!("{:?}", name(&exactly)), format!("{exactly:?}"));
        assert_eq!(format!("{:?}", name(&format!("x{exactly}"))), format!("\"x{}\"…", "é".repeat(NAME / 2 - 1)));
    }
}
