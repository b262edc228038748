//! What of a JSON string is written as it is.

/// Bytes that are looked at together.
const CHUNK: usize = 16;

/// How many bytes at the front mean nothing but themselves: no quote, no backslash, no control character.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    const fn is_special(byte: u8) -> bool {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    }
    // Whole chunks first, without a branch for each byte, so that the compiler can use vectors.
    let is_plain = |chunk: &&[u8; CHUNK]| !chunk.iter().fold(false, |special, &byte| special | is_special(byte));
    let chunks = bytes.as_chunks::<CHUNK>().0.iter().take_while(is_plain).count() * CHUNK;
    chunks + bytes[chunks..].iter().take_while(|&&byte| !is_special(byte)).count()
}
