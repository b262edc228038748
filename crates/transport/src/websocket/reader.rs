//! Frames in: RFC 6455 as a machine over the bytes that were read.

use std::borrow::Cow;
use std::io::Cursor;
use std::str;

use pintle_engine::Config;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use super::utf8::{NotUtf8, Utf8};

/// The longest payload of a control frame.
const MAX_CONTROL: u64 = 125;

/// What the peer said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    Text(Cow<'a, str>),
    Binary(Cow<'a, [u8]>),
    Ping(&'a [u8]),
    Pong,
    /// With the code to answer with, if the peer gave one.
    Close(Option<u16>),
}

/// A violation of the protocol: the close code that says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation(pub(super) u16);

impl Violation {
    pub(super) const POLICY: Self = Self(1008);
    const PROTOCOL: Self = Self(1002);
    const UTF8: Self = Self(1007);
    const SIZE: Self = Self(1009);
}

/// Cuts frames out of what was read and puts messages together.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// How much of the payload of the frame in front is unmasked: it has come only in part yet.
    begun: usize,
    /// Of the text that has come only in part yet.
    utf8: Utf8,
    /// Boxed, because hardly any client ever fragments.
    fragments: Option<Box<Fragments>>,
}

#[derive(Debug)]
struct Fragments {
    text: bool,
    count: usize,
    data: Vec<u8>,
}

impl Reader {
    /// Whether a message has begun, and its last frame has not come.
    pub(super) const fn is_in_message(&self) -> bool {
        self.fragments.is_some()
    }

    /// Takes one message or control frame off the front of `input`, unmasking it in place; `None` if it is not all there
    /// yet. What is left of `input` then comes first the next time.
    ///
    /// # Errors
    ///
    /// As soon as a header proves that the frame must not be, or a byte that a text is none. Nothing may be read after that.
    pub(super) fn next<'a>(
        &mut self,
        config: &Config,
        input: &mut &'a mut [u8],
    ) -> Result<Option<Incoming<'a>>, Violation> {
        while let Some((header, head, length)) = self.header(config, input)? {
            let mask = header.mask.unwrap_or_default();
            let Some(end) = head.checked_add(length).filter(|end| *end <= input.len()) else {
                self.part(header.opcode, mask, &mut input[head..])?;
                return Ok(None);
            };
            let (frame, rest) = std::mem::take(input).split_at_mut(end);
            *input = rest;
            let payload = &mut frame[head..];
            if header.is_final && self.begun == 0 {
                unmask(payload, mask);
            } else {
                self.part(header.opcode, mask, payload)?;
                self.begun = 0;
            }
            if let Some(incoming) = self.frame(config, &header, payload)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    /// Reads and checks a header: itself, its length and that of its payload.
    fn header(&self, config: &Config, input: &[u8]) -> Result<Option<(FrameHeader, usize, usize)>, Violation> {
        let mut cursor = Cursor::new(input);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| Violation::PROTOCOL)?;
        let Some((header, length)) = parsed else {
            return Ok(None);
        };
        let head = cursor.position() as usize;
        let reserved = header.rsv1 || header.rsv2 || header.rsv3;
        let minimal = header.len(length) == head;
        if reserved || header.mask.is_none() || !minimal || length > i64::MAX as u64 {
            return Err(Violation::PROTOCOL);
        }
        if let OpCode::Control(_) = header.opcode {
            if !header.is_final || length > MAX_CONTROL {
                return Err(Violation::PROTOCOL);
            }
        } else {
            let continues = header.opcode == OpCode::Data(Data::Continue);
            if continues != self.fragments.is_some() {
                return Err(Violation::PROTOCOL);
            }
            let so_far = self.fragments.as_ref().map_or(0, |fragments| fragments.data.len());
            if length > config.max_payload().saturating_sub(so_far) as u64 {
                return Err(Violation::SIZE);
            }
        }
        Ok(Some((header, head, length as usize)))
    }

    /// Takes what there is of a frame, or of a message in several: unmasks what is new, and checks it where it is text. What
    /// is none already need not be waited for.
    #[cold]
    fn part(&mut self, opcode: OpCode, mut mask: [u8; 4], payload: &mut [u8]) -> Result<(), Violation> {
        let fresh = &mut payload[self.begun..];
        mask.rotate_left(self.begun % 4);
        unmask(fresh, mask);
        let text = match opcode {
            OpCode::Data(Data::Text) => {
                if self.begun == 0 {
                    self.utf8 = Utf8::default();
                }
                true
            }
            OpCode::Data(Data::Continue) => self.fragments.as_ref().is_some_and(|fragments| fragments.text),
            _ => false,
        };
        if text {
            self.utf8.push(fresh).map_err(|NotUtf8| Violation::UTF8)?;
        }
        self.begun += fresh.len();
        Ok(())
    }

    fn frame<'a>(
        &mut self,
        config: &Config,
        header: &FrameHeader,
        payload: &'a [u8],
    ) -> Result<Option<Incoming<'a>>, Violation> {
        match header.opcode {
            OpCode::Control(control) => self::control(control, payload).map(Some),
            OpCode::Data(data) if header.is_final && data != Data::Continue => {
                message(data == Data::Text, Cow::Borrowed(payload)).map(Some)
            }
            OpCode::Data(data) => self.fragment(config, data, header.is_final, payload),
        }
    }

    fn fragment<'a>(
        &mut self,
        config: &Config,
        data: Data,
        last: bool,
        payload: &[u8],
    ) -> Result<Option<Incoming<'a>>, Violation> {
        let fragments = self
            .fragments
            .get_or_insert_with(|| Box::new(Fragments { text: data == Data::Text, count: 0, data: Vec::new() }));
        fragments.count += 1;
        if fragments.count > config.max_fragments() {
            return Err(Violation::POLICY);
        }
        fragments.data.extend_from_slice(payload);
        if !last {
            return Ok(None);
        }
        let Some(whole) = self.fragments.take() else {
            return Ok(None);
        };
        message(whole.text, Cow::Owned(whole.data)).map(Some)
    }
}

fn message(text: bool, payload: Cow<'_, [u8]>) -> Result<Incoming<'_>, Violation> {
    if !text {
        return Ok(Incoming::Binary(payload));
    }
    let text = match payload {
        Cow::Borrowed(bytes) => str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Violation::UTF8)?,
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Violation::UTF8)?,
    };
    Ok(Incoming::Text(text))
}

fn control(control: Control, payload: &[u8]) -> Result<Incoming<'_>, Violation> {
    match control {
        Control::Ping => Ok(Incoming::Ping(payload)),
        Control::Pong => Ok(Incoming::Pong),
        Control::Close => close(payload).map(Incoming::Close),
        Control::Reserved(_) => Err(Violation::PROTOCOL),
    }
}

fn close(payload: &[u8]) -> Result<Option<u16>, Violation> {
    match payload {
        [] => Ok(None),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !CloseCode::from(code).is_allowed() {
                return Err(Violation::PROTOCOL);
            }
            str::from_utf8(reason).map_err(|_| Violation::UTF8)?;
            Ok(Some(code))
        }
        _ => Err(Violation::PROTOCOL),
    }
}

/// Undoes the client's mask, a word at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut wide = [0; 8];
    wide[..4].copy_from_slice(&mask);
    wide[4..].copy_from_slice(&mask);
    let word = u64::from_ne_bytes(wide);
    let mut words = payload.chunks_exact_mut(8);
    for chunk in &mut words {
        let bytes: &mut [u8; 8] = chunk.try_into().expect("chunks are 8 bytes");
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(wide) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::{MASK, frame};
    use super::*;

    fn config(max_payload: usize) -> Config {
        let mut config = Config::default();
        config.set_max_payload(max_payload);
        config
    }

    /// Everything there is in `bytes`, as text for comparison.
    fn read(bytes: &[u8]) -> Result<Vec<String>, Violation> {
        let mut bytes = bytes.to_vec();
        let mut input = &mut bytes[..];
        let config = config(200_000);
        let mut reader = Reader::default();
        let mut all = Vec::new();
        while let Some(incoming) = reader.next(&config, &mut input)? {
            all.push(match incoming {
                Incoming::Text(text) => format!("text {text}"),
                Incoming::Binary(bytes) => format!("binary {}", bytes.len()),
                other => format!("{other:?}"),
            });
        }
        Ok(all)
    }

    #[test]
    fn frames_of_every_length() {
        for length in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536] {
            let text = "x".repeat(length);
            assert_eq!(read(&frame(0x81, text.as_bytes())).unwrap(), [format!("text {text}")]);
            assert_eq!(read(&frame(0x82, text.as_bytes())).unwrap(), [format!("binary {length}")]);
        }
    }

    #[test]
    fn a_part_of_a_frame_waits_for_the_rest() {
        let whole = frame(0x81, &[b'x'; 300]);
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]).unwrap(), Vec::<String>::new(), "{length} bytes");
        }
    }

    #[test]
    fn fragments_are_put_together_and_control_frames_may_come_between() {
        let mut bytes = frame(0x01, "é".as_bytes().get(..1).unwrap());
        bytes.extend(frame(0x89, b"hi"));
        bytes.extend(frame(0x00, b""));
        bytes.extend(frame(0x80, "é".as_bytes().get(1..).unwrap()));
        bytes.extend(frame(0x88, &[0x03, 0xe8]));
        assert_eq!(read(&bytes).unwrap(), ["Ping([104, 105])", "text é", "Close(Some(1000))"]);
    }

    #[test]
    fn what_rfc_6455_forbids() {
        let unmasked = vec![0x81, 0x01, 0x32];
        let ping_126 = frame(0x89, &[0; 126]);
        let not_minimal = [&[0x82, 0x80 | 126, 0, 1][..], &MASK, &[0]].concat();
        let huge = [&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0][..], &MASK].concat();
        for (bytes, code) in [
            (unmasked, 1002),
            (frame(0xc1, b""), 1002),
            (frame(0x83, b""), 1002),
            (frame(0x8b, b""), 1002),
            (frame(0x09, b""), 1002),
            (ping_126, 1002),
            (not_minimal, 1002),
            (huge, 1002),
            (frame(0x80, b"x"), 1002),
            ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), 1002),
            (frame(0x81, b"\xff"), 1007),
            (frame(0x88, b"\x03"), 1002),
            (frame(0x88, &[0x03, 0xed]), 1002),
            (frame(0x88, &[0x00, 0x00]), 1002),
            (frame(0x88, &[0x03, 0xe8, 0xff]), 1007),
            (frame(0x82, &[0; 200_001]), 1009),
            ([frame(0x02, &[0; 200_000]), frame(0x80, b"x")].concat(), 1009),
        ] {
            assert_eq!(read(&bytes), Err(Violation(code)), "{:02x?}", &bytes[..bytes.len().min(20)]);
        }
    }

    #[test]
    fn a_frame_too_large_is_refused_by_its_header() {
        let bytes = frame(0x82, &[0; 200_001]);
        assert_eq!(read(&bytes[..14]), Err(Violation(1009)));
    }

    /// Reads what comes in these parts, and gives after how many of them it was known to be wrong.
    fn wrong_after(parts: &[Vec<u8>]) -> Option<(usize, Violation)> {
        let config = config(200_000);
        let mut reader = Reader::default();
        let mut left = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            left.extend_from_slice(part);
            let mut input = &mut left[..];
            loop {
                match reader.next(&config, &mut input) {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(violation) => return Some((at + 1, violation)),
                }
            }
            left = input.to_vec();
        }
        None
    }

    /// A message in so many pieces of so many bytes.
    fn pieces(count: usize, length: usize) -> Vec<Vec<u8>> {
        let piece = vec![b'x'; length];
        (0..count).map(|at| frame(if at == 0 { 0x01 } else { 0x00 }, &piece)).collect()
    }

    #[test]
    fn a35_h076_a_message_in_too_many_pieces() {
        for length in [0, 1, 100] {
            assert_eq!(wrong_after(&pieces(1024, length)), None, "{length} bytes each");
            assert_eq!(wrong_after(&pieces(1026, length)), Some((1025, Violation::POLICY)), "{length} bytes each");
        }
    }

    /// The Autobahn cases 6.4.1 and 6.4.2 as bytes.
    #[test]
    fn h078_what_is_no_text_is_known_at_the_piece_that_has_it() {
        let start = "κόσμε".as_bytes();
        for wrong in [&b"\xf4\x90"[..], b"\x80", b"\xed\xa0"] {
            let parts = [frame(0x01, start), frame(0x00, wrong), frame(0x80, b"more")];
            assert_eq!(wrong_after(&parts), Some((2, Violation::UTF8)), "{wrong:02x?}");
        }
        let cut = [frame(0x01, b"\xf0"), frame(0x00, b"\x9d"), frame(0x00, b""), frame(0x80, b"\x95")];
        assert_eq!(wrong_after(&cut), Some((4, Violation::UTF8)), "a character without its end");
        let binary = [frame(0x02, b"\xff"), frame(0x00, b"\xff"), frame(0x80, b"\xff")];
        assert_eq!(wrong_after(&binary), None);
        let two = [frame(0x01, b"\xc3"), frame(0x80, b"\xa9"), frame(0x01, b"a"), frame(0x80, b"b")];
        assert_eq!(wrong_after(&two), None, "one message has nothing to do with the one before");
    }

    /// The Autobahn cases 6.4.3 and 6.4.4: nobody need wait for the end of a frame either.
    #[test]
    fn h078_what_is_no_text_is_known_at_the_byte_that_is_wrong() {
        let mut text = "κόσμε".as_bytes().to_vec();
        let good = text.len();
        text.extend_from_slice(b"\xf4\x90\x80\x80 and more");
        for frames in [frame(0x81, &text), [frame(0x01, b""), frame(0x80, &text)].concat()] {
            let head = frames.len() - text.len();
            let parts: Vec<Vec<u8>> = frames.iter().map(|byte| vec![*byte]).collect();
            assert_eq!(wrong_after(&parts), Some((head + good + 2, Violation::UTF8)));
        }
        let binary: Vec<Vec<u8>> = frame(0x82, &text).iter().map(|byte| vec![*byte]).collect();
        assert_eq!(wrong_after(&binary), None);
    }

    #[test]
    fn a_frame_may_be_cut_anywhere() {
        let text = "0123456789 aß水𝕊 ".repeat(20);
        let frames = [frame(0x81, text.as_bytes()), frame(0x89, b"hi"), frame(0x01, b"a"), frame(0x80, b"b")].concat();
        for cut in 0..frames.len() {
            let config = config(1000);
            let mut reader = Reader::default();
            let mut heard = Vec::new();
            let mut left = Vec::new();
            for part in [&frames[..cut], &frames[cut..]] {
                left.extend_from_slice(part);
                let mut input = &mut left[..];
                while let Some(incoming) = reader.next(&config, &mut input).unwrap() {
                    heard.push(format!("{incoming:?}"));
                }
                left = input.to_vec();
            }
            assert_eq!(heard, [format!("Text({text:?})"), "Ping([104, 105])".to_owned(), r#"Text("ab")"#.to_owned()]);
        }
    }
}
