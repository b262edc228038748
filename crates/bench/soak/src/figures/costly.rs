//! F22: what the server spends on the worst that it may be sent, for as many bytes of it as one may send at once.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::figure::{Bound, Figures};
use crate::figures::payload::{self, MAX_PAYLOAD};
use crate::hand::{Answer, Wire};
use crate::options::Effort;
use crate::server::Server;

const MOST: f64 = 200.0;
/// A server that has used less than a tenth of that time has nothing to do.
const STEP: Duration = Duration::from_millis(50);
/// The longest that is waited for an answer.
const ANSWER: Duration = Duration::from_secs(3);
/// What comes back, behind everything else.
const AFTER: &str = r#"42["max",1]"#;
const PATIENCE: Duration = Duration::from_secs(20);

/// What is sent, and where.
enum Worst {
    /// The body of a POST.
    Post(String),
    /// The same, in chunks of one byte.
    Chunks(String),
    /// Frames.
    Frames(Vec<u8>),
}

pub(super) fn costly(effort: &Effort) -> io::Result<Figures> {
    let mut figures = Figures::of("F22");
    let server = Server::start(effort.server(&[]))?;
    // What is first is dearer.
    spend(&server, &Worst::Post("3".to_owned()))?;
    spend(&server, &Worst::Frames(bench_load::text("3")))?;
    for (what, worst) in worst() {
        let spent = spend(&server, &worst);
        let (cpu, sent) = spent.map_err(|error| io::Error::new(error.kind(), format!("{what}: {error}")))?;
        // A sender pays for what frames its bytes, too.
        let cpu = cpu.as_secs_f64() * 1e3 / (sent as f64 / MAX_PAYLOAD as f64).max(1.0);
        if effort.short {
            println!("  {what}: {cpu:.1} ms");
        } else {
            figures.add(what, cpu, "ms", Bound::AtMost(MOST));
        }
    }
    let gauges = server.gauges()?;
    figures.none("panics", gauges.panics);
    Ok(figures)
}

/// The CPU time that the server takes for it, until it has nothing to do, and how many bytes were sent.
fn spend(server: &Server, worst: &Worst) -> io::Result<(Duration, usize)> {
    let address = server.address();
    let (mut wire, bytes) = match worst {
        Worst::Post(body) => {
            let (wire, sid) = Wire::on_polling(address)?;
            (wire, bench_load::post(&sid, body).into_bytes())
        }
        Worst::Chunks(body) => {
            let (wire, sid) = Wire::on_polling(address)?;
            (wire, payload::chunked(&sid, body.as_bytes(), 1))
        }
        Worst::Frames(frames) => (Wire::on_websocket(address)?, frames.clone()),
    };
    let before = rest(server)?;
    wire.send(&bytes)?;
    if let Worst::Frames(_) = worst {
        wire.send(&bench_load::text(AFTER))?;
    }
    wire.set_patience(ANSWER)?;
    // A POST is not read on while more waits for the client than it may leave there: that is an answer, too.
    while wire.answer().is_ok_and(|answer| !answer.is_last()) {}
    Ok((rest(server)? - before, bytes.len()))
}

impl Answer {
    /// Whether what was sent before has been read by now: it is the response, the answer to [`AFTER`], or the end.
    fn is_last(&self) -> bool {
        match self {
            Self::Response(..) | Self::Close(_) | Self::End => true,
            Self::Text(text) => text == AFTER.as_bytes(),
            Self::Other => false,
        }
    }
}

/// The CPU time of the server when it has nothing to do.
fn rest(server: &Server) -> io::Result<Duration> {
    let start = Instant::now();
    let mut before = server.process().cpu()?;
    loop {
        thread::sleep(STEP);
        let now = server.process().cpu()?;
        if now - before < STEP / 50 || start.elapsed() > PATIENCE {
            return Ok(now);
        }
        before = now;
    }
}

fn worst() -> Vec<(&'static str, Worst)> {
    let packets = |packet: &str| {
        let count = MAX_PAYLOAD / (packet.len() + 1);
        Worst::Post(vec![packet; count].join("\u{1e}"))
    };
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let often = |depth: usize| vec![deep(depth); MAX_PAYLOAD / (2 * depth + 2)].join(",");
    let event = |arguments: &str| format!(r#"42["up",1,{arguments}]"#);
    let letters = event(&format!("\"{}\"", "x".repeat(MAX_PAYLOAD - 20)));
    let escapes = event(&format!("\"{}\"", r"\u00e9".repeat((MAX_PAYLOAD - 20) / 6)));
    vec![
        ("a POST of 500,000 noops", packets("6")),
        ("a POST of 500,000 pongs", packets("3")),
        ("a POST of 500,000 empty messages", packets("4")),
        ("a POST of 160,000 CONNECTs to a namespace that is not there", packets("40/x,")),
        ("a POST of 100,000 events that nobody handles", packets(r#"42["e"]"#)),
        ("a POST of 80,000 events that are answered", packets(r#"42["up",1,0]"#)),
        ("a POST in chunks of one byte", Worst::Chunks(letters.clone())),
        ("a frame of JSON 500,000 deep", Worst::Frames(bench_load::text(&event(&deep(MAX_PAYLOAD / 2 - 20))))),
        (
            "a frame of JSON 100 deep, again and again",
            Worst::Frames(bench_load::text(&event(&format!("[{}]", often(100))))),
        ),
        ("a frame of escapes", Worst::Frames(bench_load::text(&escapes))),
        ("a message in 1,000 fragments", Worst::Frames(fragments(letters.as_bytes(), MAX_PAYLOAD / 1000 + 1))),
        ("a message in fragments of one byte", Worst::Frames(fragments(letters.as_bytes(), 1))),
        ("frames of one byte", Worst::Frames(bench_load::text("3").repeat(MAX_PAYLOAD / 7))),
    ]
}

/// A text message in fragments of so many bytes, masked with zeros.
fn fragments(text: &[u8], bytes: usize) -> Vec<u8> {
    let count = text.len().div_ceil(bytes);
    let mut frames = Vec::new();
    for (nth, part) in text.chunks(bytes).enumerate() {
        let opcode = if nth == 0 { 1 } else { 0 };
        let last = if nth + 1 == count { 0x80 } else { 0 };
        frames.push(opcode | last);
        match part.len() {
            length @ ..126 => frames.push(0x80 | length as u8),
            length => {
                frames.push(0x80 | 126);
                frames.extend((length as u16).to_be_bytes());
            }
        }
        frames.extend([0; 4]);
        frames.extend_from_slice(part);
    }
    frames
}
