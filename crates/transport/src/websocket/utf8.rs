//! Text that comes in pieces, checked as it comes.

use std::str;

/// Checks text piece by piece. A character may be cut.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Utf8 {
    /// The beginning of a character whose end has not come yet.
    cut: [u8; 4],
    length: u8,
}

/// No text begins like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl Utf8 {
    /// Takes the next piece.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), NotUtf8> {
        while self.length > 0
            && let Some((byte, rest)) = piece.split_first()
        {
            self.cut[usize::from(self.length)] = *byte;
            self.length += 1;
            piece = rest;
            if incomplete(&self.cut[..self.length.into()])?.is_empty() {
                self.length = 0;
            }
        }
        let cut = incomplete(piece)?;
        if !cut.is_empty() {
            self.cut[..cut.len()].copy_from_slice(cut);
            self.length = cut.len() as u8;
        }
        Ok(())
    }
}

/// The character at the end, if its own end is missing.
fn incomplete(text: &[u8]) -> Result<&[u8], NotUtf8> {
    match str::from_utf8(text) {
        Ok(_) => Ok(&[]),
        Err(error) if error.error_len().is_none() => Ok(&text[error.valid_up_to()..]),
        Err(_) => Err(NotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many bytes it is known that this is no text.
    fn wrong_after(text: &[u8]) -> Option<usize> {
        let mut utf8 = Utf8::default();
        (1..=text.len()).find(|&at| utf8.push(&text[at - 1..at]).is_err())
    }

    #[test]
    fn a_character_may_be_cut_anywhere() {
        let text = "aß水𝕊\u{10ffff}b".as_bytes();
        assert_eq!(wrong_after(text), None);
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut utf8 = Utf8::default();
                for piece in [&text[..first], &[], &text[first..second], &text[second..]] {
                    assert_eq!(utf8.push(piece), Ok(()), "cut at {first} and {second}");
                }
                assert_eq!(utf8.length, 0);
            }
        }
    }

    #[test]
    fn what_cannot_become_text_is_known_at_its_first_wrong_byte() {
        for (text, byte) in [
            (&b"a\xff"[..], 2),
            (b"\x80", 1),
            (b"\xc0\xaf", 1),
            (b"\xe6\xb0a", 3),
            (b"\xed\xa0\x80", 2),
            (b"\xf0\x80\x80\x80", 2),
            (b"\xf4\x90\x80\x80", 2),
            (b"\xf5", 1),
        ] {
            assert_eq!(wrong_after(text), Some(byte), "{text:02x?}");
            assert_eq!(Utf8::default().push(text), Err(NotUtf8), "{text:02x?}");
        }
    }
}
