//! WebSocket frames: a client's are written, a server's are cut.

use std::io;

/// What our frames are masked with. One key does for all of them: a server has the same work with any that is not zero.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;

/// A text frame as a client sends it.
pub fn text(payload: &str) -> Vec<u8> {
    masked(TEXT, payload.as_bytes())
}

/// A binary frame as a client sends it.
pub fn binary(payload: &[u8]) -> Vec<u8> {
    masked(BINARY, payload)
}

/// A frame that a server has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
}

/// Cuts the first frame off `bytes`, and says how long it was; `None` if it is not complete.
///
/// # Errors
///
/// When it is part of a message, compressed or masked. The servers we know send no such frame.
pub(crate) fn cut(bytes: &[u8]) -> io::Result<Option<(Frame<'_>, usize)>> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    if first & 0xf0 != FINAL || second & MASKED != 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a frame that begins {first:02x} {second:02x}"),
        ));
    }
    let (length, rest) = match (second, rest) {
        (126, &[a, b, ref rest @ ..]) => (u64::from(u16::from_be_bytes([a, b])), rest),
        (127, &[a, b, c, d, e, f, g, h, ref rest @ ..]) => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), rest),
        (126 | 127, _) => return Ok(None),
        (length, rest) => (u64::from(length), rest),
    };
    let payload = usize::try_from(length).ok().and_then(|length| rest.get(..length));
    Ok(payload.map(|payload| {
        let head = bytes.len() - rest.len();
        (Frame { opcode: first & 0x0f, payload }, head + payload.len())
    }))
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![FINAL | opcode];
    match payload.len() {
        length @ ..126 => frame.push(MASKED | length as u8),
        length @ 126..=0xffff => {
            frame.push(MASKED | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(MASKED | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server makes of a client's frame: the payload unmasked, the frame as it would send it on.
    fn unmasked(frame: &[u8]) -> Vec<u8> {
        let head = match frame[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let mut unmasked = frame[..head].to_vec();
        unmasked[1] &= 0x7f;
        let key = &frame[head..head + 4];
        unmasked.extend(frame[head + 4..].iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
        unmasked
    }

    #[test]
    fn a_frame_is_cut_when_its_last_byte_is_there() {
        for length in [0, 1, 5, 125, 126, 127, 4096, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let mut bytes = unmasked(&masked(TEXT, &payload));
            let end = bytes.len();
            bytes.extend(b"more");
            for cut_at in (0..end).filter(|at| *at < 16 || end - at < 3) {
                assert_eq!(cut(&bytes[..cut_at]).unwrap(), None, "{cut_at} of {end}");
            }
            for cut_at in end..=bytes.len() {
                let frame = Frame { opcode: TEXT, payload: &payload };
                assert_eq!(cut(&bytes[..cut_at]).unwrap(), Some((frame, end)));
            }
        }
    }

    #[test]
    fn what_a_client_sends_is_masked() {
        // RFC 6455, 5.7: "Hello".
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(text("Hello"), hello);
        assert_eq!(binary(b"Hello")[0], 0x82);
    }

    #[test]
    fn a_frame_that_no_server_sends_is_an_error() {
        assert!(cut(&[0x01, 0x01, b'x']).is_err(), "not final");
        assert!(cut(&[0xc1, 0x01, b'x']).is_err(), "compressed");
        assert!(cut(&text("x")).is_err(), "masked");
    }

    #[test]
    fn a_length_beyond_all_memory_is_only_not_complete() {
        assert_eq!(cut(&[0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255, 0]).unwrap(), None);
    }
}
