//! Bytes out and in: HTTP and WebSocket frames, as a client has them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// A frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Close,
}

/// A client's text frame. It is masked with zeros, which leave the payload as it is.
pub(crate) fn text(packet: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match packet.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(length).expect("a short packet").to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(packet.as_bytes());
    frame
}

/// The next frame.
///
/// # Errors
///
/// When the stream ends.
pub(crate) async fn receive<R: AsyncRead + Unpin>(io: &mut R) -> io::Result<Received> {
    let opcode = io.read_u8().await? & 0x0f;
    let length = match io.read_u8().await? {
        126 => usize::from(io.read_u16().await?),
        127 => io.read_u64().await? as usize,
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    io.read_exact(&mut payload).await?;
    match opcode {
        0x1 => Ok(Received::Text(String::from_utf8(payload).unwrap())),
        0x8 => Ok(Received::Close),
        opcode => panic!("a frame of kind {opcode}"),
    }
}

/// The head of an answer over HTTP, and not a byte more.
pub(crate) async fn head<R: AsyncRead + Unpin>(io: &mut R) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
