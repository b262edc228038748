//! Inputs that are a sequence: a line is a step, its first character says which. So one can read them, and cut and join
//! them, which is what a fuzzer does.

/// The steps of an input: the character, and the rest of the line.
pub(crate) fn steps(input: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    input.split(|byte| *byte == b'\n').filter_map(|line| line.split_first()).map(|(step, rest)| (*step, rest))
}

/// A number at most `max`, written in digits. What is no number is 0.
pub(crate) fn number(digits: &[u8], max: u64) -> u64 {
    str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0).min(max)
}
