//! The hot path in fixed pieces of work, each done as often as one asks. `cargo xtask guard` counts the instructions.
//!
//! `bench-guard` lists the pieces, `bench-guard NAME UNITS` does one. What is counted is the difference of two runs that
//! differ only in their units, so neither what comes before the work nor what comes after it is counted.
//!
//! `bench-guard worst` lists the worst that a client may send. Their units are bytes, of one message or payload.
//!
//! Bytes and batches are fixed, there is one thread, and the allocator is linked in: what is left to vary is the seeds of
//! hash tables, which is well under a percent.

mod decode;
mod encode;
mod server;
mod worst;

use std::io::{self, Write as _};
use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A piece of work.
struct Piece {
    name: &'static str,
    /// What is counted.
    unit: &'static str,
    run: fn(units: usize),
}

const PIECES: &[Piece] = &[
    Piece { name: "decode-16", unit: "event", run: |units| decode::text(16, units) },
    Piece { name: "decode-4096", unit: "event", run: |units| decode::text(4096, units) },
    Piece { name: "decode-binary", unit: "event", run: |units| decode::binary(1024, units) },
    Piece { name: "encode-16", unit: "event", run: |units| encode::text(16, units) },
    Piece { name: "encode-4096", unit: "event", run: |units| encode::text(4096, units) },
    Piece { name: "encode-binary", unit: "event", run: |units| encode::binary(1024, units) },
    Piece { name: "echo-16", unit: "message", run: |units| server::echo(16, units) },
    Piece { name: "echo-4096", unit: "message", run: |units| server::echo(4096, units) },
    Piece { name: "echo-binary", unit: "message", run: |units| server::echo_binary(1024, units) },
    Piece { name: "echo-tcp", unit: "message", run: |units| server::echo_over_tcp(16, units) },
    Piece { name: "polling-echo", unit: "round trip", run: server::echo_over_polling },
    Piece { name: "ack-16", unit: "acknowledgement", run: |units| server::acknowledge(16, units) },
    Piece { name: "broadcast-100", unit: "delivery", run: |units| server::broadcast(100, 16, units) },
];

/// How deep values are nested that are read to the end.
const DEEP: &str = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],";

const WORST: &[Piece] = &[
    Piece { name: "f22-noops", unit: "byte", run: |bytes| worst::packets("6", bytes) },
    Piece { name: "f22-pongs", unit: "byte", run: |bytes| worst::packets("3", bytes) },
    Piece { name: "f22-base64", unit: "byte", run: |bytes| worst::packets("bAA", bytes) },
    Piece { name: "f22-ack-id", unit: "byte", run: |bytes| worst::packet("2", "2", r#"["x"]"#, bytes) },
    Piece { name: "f22-attachments", unit: "byte", run: |bytes| worst::packet("5", "5", r#"-["x"]"#, bytes) },
    Piece { name: "f22-namespace", unit: "byte", run: |bytes| worst::packet("2/", "a", r#",["x"]"#, bytes) },
    Piece { name: "f22-name", unit: "byte", run: |bytes| worst::packet(r#"2[""#, r"\ud83d", r#""]"#, bytes) },
    Piece { name: "f22-depth", unit: "byte", run: |bytes| worst::packet(r#"2["x","#, "[", "]", bytes) },
    Piece { name: "f22-depth-closed", unit: "byte", run: |bytes| worst::packet(r#"2["x","#, DEEP, "0]", bytes) },
    Piece { name: "f22-surrogates", unit: "byte", run: |bytes| worst::packet(r#"2["x",""#, r"\ud83d", r#""]"#, bytes) },
    Piece { name: "f22-mismatch", unit: "byte", run: |bytes| worst::packet(r#"2["x",""#, "\u{fffd}", r#""]"#, bytes) },
    Piece { name: "f22-digits", unit: "byte", run: |bytes| worst::packet(r#"2["x","#, "9", "]", bytes) },
    Piece { name: "f22-keys", unit: "byte", run: |bytes| worst::packet(r#"2["x",{"a":0"#, r#","a":0"#, "}]", bytes) },
    Piece { name: "f22-tree", unit: "byte", run: |bytes| worst::packet(r#"51-["x"#, r#"",[],""#, r#""]"#, bytes) },
    Piece {
        name: "f22-placeholders",
        unit: "byte",
        run: |bytes| worst::packet(r#"51-["x"#, r#"",{"_placeholder":true,"num":0},""#, r#""]"#, bytes),
    },
    Piece { name: "h051-dribble", unit: "byte", run: worst::dribble },
];

fn main() -> io::Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    let name = args.next();
    if let None | Some("worst") = name.as_deref() {
        let listed = if name.is_none() { PIECES } else { WORST };
        let mut output = io::stdout().lock();
        for piece in listed {
            writeln!(output, "{} {}", piece.name, piece.unit)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let piece = PIECES.iter().chain(WORST).find(|piece| Some(piece.name) == name.as_deref());
    let units = args.next().and_then(|units| units.parse().ok());
    let (Some(piece), Some(units)) = (piece, units) else {
        writeln!(io::stderr(), "usage: bench-guard [NAME UNITS]")?;
        return Ok(ExitCode::from(2));
    };
    (piece.run)(units);
    Ok(ExitCode::SUCCESS)
}
