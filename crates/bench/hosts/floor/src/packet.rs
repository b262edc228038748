//! What is answered to a packet. Nothing is parsed that need not be: an answer is the packet with another beginning.

use std::io;

use crate::frame::{self, BINARY, CLOSE, Frame, TEXT};

/// The packet that opens a session. There are no sessions, so all have the same id.
pub(crate) fn open() -> String {
    let heartbeat = r#""pingInterval":25000,"pingTimeout":20000"#;
    format!(r#"0{{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":[],{heartbeat},"maxPayload":1000000}}"#)
}

/// The answers to what came with one read, as frames.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) back: Vec<u8>,
    pub(crate) everybody: Vec<u8>,
}

impl Answers {
    /// Takes a frame. `attachments` says how many of the next ones are the attachments of a packet that came before.
    pub(crate) fn add(&mut self, frame: &Frame<'_>, attachments: &mut usize) -> io::Result<()> {
        match (frame.opcode, *attachments) {
            (TEXT, 0) => self.packet(frame.payload, attachments),
            (BINARY, 1..) => {
                *attachments -= 1;
                frame::append(&mut self.back, BINARY, &[frame.payload]);
                Ok(())
            }
            (CLOSE, _) => Err(io::ErrorKind::ConnectionAborted.into()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn packet(&mut self, packet: &[u8], attachments: &mut usize) -> io::Result<()> {
        let (kind, rest) = packet.split_at(packet.len().min(2));
        match kind {
            b"42" => self.event(b"42", b"43", rest).ok_or(io::ErrorKind::InvalidData.into()),
            b"45" => {
                let (count, event) = split_number(rest);
                *attachments = count.ok_or(io::ErrorKind::InvalidData)?;
                let digits = &rest[..rest.len() - event.len()];
                let event = event.strip_prefix(b"-").ok_or(io::ErrorKind::InvalidData)?;
                let [again, ack] = [b"45", b"46"].map(|kind| [kind, digits, b"-"].concat());
                self.event(&again, &ack, event).ok_or(io::ErrorKind::InvalidData.into())
            }
            b"40" => {
                frame::append(&mut self.back, TEXT, &[br#"40{"sid":"BBBBBBBBBBBBBBBBBBBB"}"#]);
                Ok(())
            }
            // The answer to a ping that nobody sent.
            b"3" => Ok(()),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Answers an event: the packet after its type, which is an id or none, and the array.
    fn event(&mut self, again: &[u8], ack: &[u8], event: &[u8]) -> Option<()> {
        let (_, array) = split_number(event);
        let id = &event[..event.len() - array.len()];
        let name = array.strip_prefix(b"[\"")?;
        let (name, arguments) = name.split_at(memchr::memchr(b'"', name)?);
        // A comma and the arguments, if there are any, and the bracket.
        let arguments = &arguments[1..];
        match name {
            b"message" => frame::append(&mut self.back, TEXT, &[again, b"[\"message-back\"", arguments]),
            b"message-with-ack" => {
                let arguments = arguments.strip_prefix(b",").unwrap_or(arguments);
                frame::append(&mut self.back, TEXT, &[ack, id, b"[", arguments]);
            }
            b"broadcast" => frame::append(&mut self.everybody, TEXT, &[again, b"[\"broadcast\"", arguments]),
            _ => return None,
        }
        Some(())
    }
}

/// The number that this begins with, if it does, and what comes after it.
fn split_number(bytes: &[u8]) -> (Option<usize>, &[u8]) {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = bytes.split_at(digits);
    (str::from_utf8(number).ok().and_then(|number| number.parse().ok()), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is answered to one packet: to its sender, and to everybody.
    fn answers(packet: &str) -> io::Result<[Vec<u8>; 2]> {
        let mut answers = Answers::default();
        answers.add(&Frame { opcode: TEXT, payload: packet.as_bytes() }, &mut 0)?;
        Ok([answers.back, answers.everybody])
    }

    fn back(packet: &str) -> [Vec<u8>; 2] {
        [frame::text(packet.as_bytes()), Vec::new()]
    }

    #[test]
    fn events_are_answered() {
        assert_eq!(answers(r#"42["message","a",1]"#).unwrap(), back(r#"42["message-back","a",1]"#));
        assert_eq!(answers(r#"42["message"]"#).unwrap(), back(r#"42["message-back"]"#));
        assert_eq!(answers(r#"4217["message-with-ack","a"]"#).unwrap(), back(r#"4317["a"]"#));
        assert_eq!(answers(r#"420["message-with-ack"]"#).unwrap(), back("430[]"));
        let [none, everybody] = answers(r#"42["broadcast","a"]"#).unwrap();
        assert_eq!((none, everybody), (Vec::new(), frame::text(br#"42["broadcast","a"]"#)));
        answers(r#"42["join",["a"]]"#).unwrap_err();
        answers("41").unwrap_err();
        answers("").unwrap_err();
    }

    #[test]
    fn an_attachment_follows_its_packet() {
        let mut attachments = 0;
        let mut answers = Answers::default();
        let packet = br#"451-3["message-with-ack",{"_placeholder":true,"num":0}]"#;
        answers.add(&Frame { opcode: TEXT, payload: packet }, &mut attachments).unwrap();
        answers.add(&Frame { opcode: BINARY, payload: b"xyz" }, &mut attachments).unwrap();
        let mut expected = frame::text(br#"461-3[{"_placeholder":true,"num":0}]"#);
        frame::append(&mut expected, BINARY, &[b"xyz"]);
        assert_eq!((answers.back, attachments), (expected, 0));
        let alone = Answers::default().add(&Frame { opcode: BINARY, payload: b"xyz" }, &mut attachments);
        alone.unwrap_err();
    }
}
