//! The hot path in fixed pieces of work, each done as often as one asks. `cargo xtask guard` counts the instructions.
//!
//! `bench-guard` lists the pieces, `bench-guard NAME UNITS` does one. What is counted is the difference of two runs that
//! differ only in their units, so neither what comes before the work nor what comes after it is counted.
//!
//! Bytes and batches are fixed, there is one thread, and the allocator is linked in: what is left to vary is the seeds of
//! hash tables, which is well under a percent.

mod decode;
mod encode;
mod server;

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

fn main() -> io::Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    let Some(name) = args.next() else {
        let mut output = io::stdout().lock();
        for piece in PIECES {
            writeln!(output, "{} {}", piece.name, piece.unit)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let piece = PIECES.iter().find(|piece| piece.name == name);
    let units = args.next().and_then(|units| units.parse().ok());
    let (Some(piece), Some(units)) = (piece, units) else {
        writeln!(io::stderr(), "usage: bench-guard [NAME UNITS]")?;
        return Ok(ExitCode::from(2));
    };
    (piece.run)(units);
    Ok(ExitCode::SUCCESS)
}
