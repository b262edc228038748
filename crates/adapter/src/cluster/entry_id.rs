//! The place of an entry in a stream.

use std::fmt;

/// The place of an entry in a Redis stream: when it was added, and the how manyth it was of that millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId {
    millis: u64,
    seq: u64,
}

impl EntryId {
    /// Before every entry.
    pub const START: Self = Self { millis: 0, seq: 0 };

    /// Reads what Redis writes: two whole numbers and a hyphen. There is one way to write it.
    pub fn parse(text: &str) -> Option<Self> {
        let (millis, seq) = text.split_once('-')?;
        let id = Self { millis: number(millis)?, seq: number(seq)? };
        Some(id)
    }

    /// The first place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self.seq.checked_add(1) {
            Some(seq) => Self { seq, ..self },
            None => Self { millis: self.millis.saturating_add(1), seq: 0 },
        }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.seq)
    }
}

/// Digits alone, and no more of them than it takes.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|digit| digit.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_to_write_it() {
        let id = EntryId::parse("1700000000000-12").expect("an id");
        assert_eq!(id.to_string(), "1700000000000-12");
        assert_eq!(EntryId::parse("0-0"), Some(EntryId::START));
        for bad in ["", "-", "1", "1-", "-1", "+1-0", "01-0", "1-00", "1-2-3", "1 -2", "$", "18446744073709551616-0"] {
            assert_eq!(EntryId::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn they_are_in_the_order_of_the_stream() {
        let id = |text| EntryId::parse(text).expect("an id");
        assert!(id("9-9") < id("10-0") && id("10-9") < id("10-10"));
        assert_eq!(id("10-9").next(), id("10-10"));
        assert_eq!(id("10-18446744073709551615").next(), id("11-0"));
    }
}
