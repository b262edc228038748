//! Bytes out and in: HTTP and WebSocket frames, as a client has them.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// An answer over HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Close(Vec<u8>),
    Pong(Vec<u8>),
}

/// A client's frame. It is masked with zeros, which leave the payload as it is.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

/// A client's text frame.
pub(crate) fn text(packet: &str) -> Vec<u8> {
    frame(0x1, packet.as_bytes())
}

/// A POST to a session.
pub(crate) fn push(sid: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /engine.io/?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The next frame.
///
/// # Errors
///
/// When the stream ends: [`io::ErrorKind::UnexpectedEof`] if it was closed in order.
pub(crate) async fn receive<R: AsyncRead + Unpin>(io: &mut R) -> io::Result<Received> {
    let opcode = io.read_u8().await? & 0x0f;
    let length = match io.read_u8().await? {
        126 => usize::from(io.read_u16().await?),
        127 => io.read_u64().await? as usize,
        length => usize::from(length),
    };
    let mut payload = vec![0; length];
    io.read_exact(&mut payload).await?;
    Ok(match opcode {
        0x1 => Received::Text(String::from_utf8(payload).unwrap()),
        0x8 => Received::Close(payload),
        0xa => Received::Pong(payload),
        opcode => panic!("a frame of kind {opcode}"),
    })
}

/// The next frame, which is to be text.
pub(crate) async fn receive_text<R: AsyncRead + Unpin>(io: &mut R) -> String {
    match receive(io).await {
        Ok(Received::Text(text)) => text,
        other => panic!("not a text but {other:?}"),
    }
}

/// An answer over HTTP.
pub(crate) async fn answer<R: AsyncRead + Unpin>(io: &mut R) -> Answer {
    let head = head(io).await;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    io.read_exact(&mut body).await.unwrap();
    Answer { status, body: String::from_utf8(body).unwrap() }
}

/// The head of an answer, and not a byte more.
pub(crate) async fn head<R: AsyncRead + Unpin>(io: &mut R) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
