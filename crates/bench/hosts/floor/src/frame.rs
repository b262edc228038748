//! WebSocket frames, cut by hand.

use std::io;

/// An unmasked frame of a client.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;

/// The first frame of what was read, and how long it is there; `None` if it is not there as a whole.
///
/// # Errors
///
/// It is no whole message of a client: a fragment, say, or not masked.
pub(crate) fn cut(bytes: &mut [u8]) -> io::Result<Option<(Frame<'_>, usize)>> {
    let &[first, second, ref more @ ..] = &*bytes else { return Ok(None) };
    if first & 0xf0 != 0x80 || second & 0x80 == 0 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (extra, length) = match (second & 0x7f, more) {
        (126, &[a, b, ..]) => (2, u64::from(u16::from_be_bytes([a, b]))),
        (127, more) if more.len() >= 8 => (8, u64::from_be_bytes(more[..8].try_into().expect("eight bytes"))),
        (126 | 127, _) => return Ok(None),
        (length, _) => (0, u64::from(length)),
    };
    let start: usize = 2 + extra + 4;
    let end = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
    let end = end.ok_or(io::ErrorKind::InvalidData)?;
    if bytes.len() < end {
        return Ok(None);
    }
    let key: [u8; 4] = bytes[start - 4..start].try_into().expect("four bytes");
    unmask(&mut bytes[start..end], key);
    Ok(Some((Frame { opcode: first & 0x0f, payload: &bytes[start..end] }, end)))
}

/// A frame with text in it.
pub(crate) fn text(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    append(&mut frame, TEXT, &[payload]);
    frame
}

/// Appends a frame whose payload is made of these parts.
pub(crate) fn append(frames: &mut Vec<u8>, opcode: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    frames.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..126), _) => frames.push(length),
        (_, Ok(length)) => {
            frames.push(126);
            frames.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            frames.push(127);
            frames.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    parts.iter().for_each(|part| frames.extend_from_slice(part));
}

fn unmask(payload: &mut [u8], key: [u8; 4]) {
    let (words, rest) = payload.as_chunks_mut::<8>();
    let wide = u64::from_ne_bytes([key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3]]);
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    rest.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(payload: &[u8]) -> Vec<u8> {
        let mut frame = text(payload);
        frame[1] |= 0x80;
        let start = frame.len() - payload.len();
        frame.splice(start..start, [1, 2, 3, 4]);
        unmask(&mut frame[start + 4..], [1, 2, 3, 4]);
        frame
    }

    #[test]
    fn a_frame_is_cut_when_it_is_there_as_a_whole() {
        for length in [0, 1, 9, 125, 126, 4096, 65_535, 65_536] {
            let payload: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let frame = masked(&payload);
            for part in [0, 1, 2, 5, frame.len() - 1] {
                assert_eq!(cut(&mut frame.clone()[..part]).unwrap(), None, "{part} bytes of {length}");
            }
            let mut two = [frame.clone(), frame.clone()].concat();
            let (cut, end) = cut(&mut two).unwrap().unwrap();
            assert_eq!((cut.opcode, cut.payload, end), (TEXT, payload.as_slice(), frame.len()));
        }
    }

    #[test]
    fn what_no_client_sends_whole_is_an_error() {
        cut(&mut text(b"not masked")).unwrap_err();
        let mut fragment = masked(b"a");
        fragment[0] &= 0x7f;
        cut(&mut fragment).unwrap_err();
        // A length that no memory holds.
        cut(&mut [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).unwrap_err();
    }
}
