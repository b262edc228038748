//! WebSocket frames, cut by hand: short ones, of at most 65,535 bytes.

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// A client's text frame.
pub fn text(packet: &str) -> Vec<u8> {
    masked(TEXT, packet.as_bytes())
}

/// A client's binary frame.
pub fn binary(data: &[u8]) -> Vec<u8> {
    masked(BINARY, data)
}

/// The text frame that a server sends.
pub fn answer(packet: &str) -> Vec<u8> {
    [&head(TEXT, 0, packet.len())[..], packet.as_bytes()].concat()
}

/// The binary frame that a server sends.
pub fn binary_answer(data: &[u8]) -> Vec<u8> {
    [&head(BINARY, 0, data.len())[..], data].concat()
}

fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(opcode, 0x80, payload.len());
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn head(opcode: u8, mask: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short @ 0..=125) => vec![opcode, mask | short],
        _ => {
            let [high, low] = u16::try_from(length).expect("no frame here is that long").to_be_bytes();
            vec![opcode, mask | 126, high, low]
        }
    }
}
