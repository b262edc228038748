//! F16: the largest message comes back whole, and one byte more is refused as it should be.

use std::io;

use crate::figure::Figures;
use crate::hand::{Answer, Wire};
use crate::options::Effort;
use crate::server::Server;

/// The default of the server: bytes of a body, and of a message.
pub(super) const MAX_PAYLOAD: usize = 1_000_000;

pub(super) fn largest(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F16");
    let server = Server::start(effort.server(&[]))?;
    let (largest, larger) = (event(MAX_PAYLOAD), event(MAX_PAYLOAD + 1));

    let mut wire = Wire::on_websocket(server.address())?;
    wire.send(&bench_load::text(&largest))?;
    let back = wire.answer()? == Answer::Text(largest.clone().into());
    figures.count("over a WebSocket: the largest comes back", back.into(), 1);
    wire.send(&bench_load::text(&larger))?;
    let code = match wire.answer()? {
        Answer::Close(code) => code,
        _ => 0,
    };
    figures.count("over a WebSocket: one byte more is closed with", code.into(), 1009);

    let (mut wire, sid) = Wire::on_polling(server.address())?;
    wire.send(bench_load::post(&sid, &largest).as_bytes())?;
    let taken = status(&wire.answer()?);
    wire.send(bench_load::get(Some(&sid)).as_bytes())?;
    let back = taken == 200 && wire.answer()? == Answer::Response(200, largest.into());
    figures.count("over long-polling: the largest comes back", back.into(), 1);
    wire.send(bench_load::post(&sid, &larger).as_bytes())?;
    figures.count("over long-polling: one byte more is answered with", status(&wire.answer()?), 413);

    let (mut wire, sid) = Wire::on_polling(server.address())?;
    wire.send(&chunked(&sid, larger.as_bytes(), 4096))?;
    figures.count("over long-polling, in chunks: one byte more is answered with", status(&wire.answer()?), 413);
    figures.none("panics", server.gauges()?.panics);
    Ok(figures)
}

/// An event that comes back, of so many bytes.
fn event(bytes: usize) -> String {
    let (head, tail) = (r#"42["max",""#, r#""]"#);
    format!("{head}{}{tail}", "x".repeat(bytes - head.len() - tail.len()))
}

/// A POST whose body comes in chunks of so many bytes.
pub(super) fn chunked(sid: &str, body: &[u8], bytes: usize) -> Vec<u8> {
    let (head, _) = bench_load::post(sid, "")
        .split_once("Content-Length")
        .map_or_else(Default::default, |(head, tail)| (head.to_owned(), tail.to_owned()));
    let mut request = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.chunks(bytes) {
        request.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        request.extend_from_slice(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    request
}

fn status(answer: &Answer) -> u64 {
    match answer {
        Answer::Response(status, _) => (*status).into(),
        _ => 0,
    }
}
