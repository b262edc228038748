//! What the packets of `soak-host` say. They are read by hand: the load must cost less than the server.

/// A Socket.IO packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet<'a> {
    /// An event, its name and the numbers that its arguments begin with. `binary`: an attachment follows.
    Event { name: &'a str, numbers: Numbers, binary: bool },
    /// The acknowledgement with this id.
    Ack(u64),
}

/// The first arguments of an event.
pub(super) type Numbers = [u64; 3];

impl<'a> Packet<'a> {
    /// Reads a packet; `None` if it is another.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.split_at_checked(1)?;
        let (rest, binary) = match kind {
            "2" | "3" => (rest, false),
            "5" => (rest.strip_prefix("1-")?, true),
            _ => return None,
        };
        let rest = if rest.starts_with('/') { rest.split_once(',')?.1 } else { rest };
        if kind == "3" {
            return rest.split_once('[')?.0.parse().ok().map(Self::Ack);
        }
        let (name, arguments) = rest.strip_prefix("[\"")?.split_once('"')?;
        let mut numbers = Numbers::default();
        for (number, argument) in numbers.iter_mut().zip(arguments.split([',', ']']).skip(1)) {
            match argument.parse() {
                Ok(argument) => *number = argument,
                Err(_) => break,
            }
        }
        Some(Self::Event { name, numbers, binary })
    }
}

/// The attachment of event `number`: it says whose it is.
pub(super) fn attachment(number: u64, length: usize) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(length.max(8)).collect()
}

/// Whether it is the attachment of event `number`.
pub(super) fn belongs(attachment: &[u8], number: u64) -> bool {
    attachment.len() >= 8 && attachment.chunks(8).all(|chunk| number.to_le_bytes().starts_with(chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read() {
        let event = |name, numbers, binary| Some(Packet::Event { name, numbers, binary });
        assert_eq!(Packet::read(r#"2["down",1,2,"x"]"#), event("down", [1, 2, 0], false));
        assert_eq!(Packet::read(r#"2/dyn/3,["joined",4,17]"#), event("joined", [4, 17, 0], false));
        let binary = r#"51-["down-binary",1,2,{"_placeholder":true,"num":0}]"#;
        assert_eq!(Packet::read(binary), event("down-binary", [1, 2, 0], true));
        assert_eq!(Packet::read("312[12]"), Some(Packet::Ack(12)));
        assert_eq!(Packet::read("3/dyn/1,12[12]"), Some(Packet::Ack(12)));
        assert_eq!(Packet::read("1"), None);
    }

    #[test]
    fn an_attachment_says_whose_it_is() {
        for length in [0, 8, 11, 300] {
            assert!(belongs(&attachment(7, length), 7));
            assert!(!belongs(&attachment(7, length), 8));
        }
        assert!(!belongs(b"", 7));
    }
}
