//! `cargo run --release -p conformance-host -- --port 3000`: the server that the official protocol suites run against.

use std::io::{self, Write as _};
use std::process::ExitCode;

use conformance_host::Times;
use tokio::net::TcpListener;

const USAGE: &str = "usage: conformance-host [--port PORT]   (3000 if not given; 0 takes a free one)";

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let Some(port) = port() else {
        writeln!(io::stderr(), "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
    axum::serve(listener, conformance_host::app(Times::SUITES)).await?;
    Ok(ExitCode::SUCCESS)
}

fn port() -> Option<u16> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next(), arguments.next()) {
        (None, _, _) => Some(3000),
        (Some("--port"), Some(port), None) => port.parse().ok(),
        _ => None,
    }
}
