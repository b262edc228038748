//! A position in the log.

use std::fmt;

/// A position in the log of a namespace: that of a packet, and so of all before it.
///
/// As text it is what a client is told at the end of each event and gives back when it returns: short, and opaque to it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Offset(u64);

impl Offset {
    /// Before everything.
    pub const START: Self = Self(0);

    const RADIX: u32 = 36;
    /// Digits of the greatest.
    const MAX_LEN: usize = 13;

    /// Reads an offset back. What was not printed by one is none: there is one way to write it.
    pub fn parse(text: &str) -> Option<Self> {
        let offset = u64::from_str_radix(text, Self::RADIX).map(Self).ok()?;
        (offset.to_string() == text).then_some(offset)
    }

    /// Where a log starts that has this number. Of it 48 bits count: that many other logs are told apart, and no log
    /// comes to the end of its offsets.
    pub(super) fn origin(number: u64) -> Self {
        Self(number & ((1 << 48) - 1))
    }

    /// The position of the next packet.
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = ['0'; Self::MAX_LEN];
        let mut rest = self.0;
        let mut start = Self::MAX_LEN;
        loop {
            start -= 1;
            let digit = (rest % u64::from(Self::RADIX)) as u32;
            digits[start] = char::from_digit(digit, Self::RADIX).expect("a remainder is a digit");
            rest /= u64::from(Self::RADIX);
            if rest == 0 {
                break;
            }
        }
        digits[start..].iter().try_for_each(|&digit| fmt::Write::write_char(f, digit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn there_is_one_way_to_write_it() {
        for (offset, text) in [(0, "0"), (35, "z"), (36, "10"), (1_000_000, "lfls"), (u64::MAX, "3w5e11264sgsf")] {
            assert_eq!(Offset(offset).to_string(), text);
            assert_eq!(Offset::parse(text), Some(Offset(offset)));
        }
        for bad in ["", "00", "01", "+1", "-1", "Z", "1 ", " 1", "1_0", "é", "3w5e11264sgsg", "3w5e11264sgsf0"] {
            assert_eq!(Offset::parse(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_was_printed(offset in any::<u64>(), text in "[+0-9a-zA-Z]{0,15}") {
            prop_assert_eq!(Offset::parse(&Offset(offset).to_string()), Some(Offset(offset)));
            if let Some(offset) = Offset::parse(&text) {
                prop_assert_eq!(offset.to_string(), text);
            }
        }
    }
}
