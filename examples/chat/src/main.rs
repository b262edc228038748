//! A chat: nicknames, rooms, who is online and who types, pictures, acknowledgements, a short history, and a REST route
//! that speaks to everyone. Everything is kept in memory.
//!
//! `cargo xtask demo` runs it with the browser client that its page needs.

mod api;
mod check;
mod error;
mod events;
mod history;
mod message;
mod options;
mod page;
mod state;

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use axum::Router;
use tokio::net::{TcpListener, TcpSocket};
use tower_http::services::ServeDir;

use crate::options::Options;
use crate::state::Chat;

/// Connections that may wait to be accepted. The usual 128 turns clients away when all of them reconnect at once.
const BACKLOG: u32 = 4096;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(io::stderr().is_terminal()).init();
    let done = match Options::from_args(std::env::args().skip(1)) {
        Ok(options) => run(options).await.map_err(|error| error.to_string()),
        Err(message) => Err(message),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

async fn run(options: Options) -> io::Result<()> {
    let chat = Chat::default();
    let mut app = Router::new().merge(page::routes()).merge(api::routes());
    match options.client_dir {
        Some(folder) => app = app.nest_service("/client", ServeDir::new(folder)),
        None => tracing::warn!("no --client-dir: the page has no Socket.IO client to load"),
    }
    // The layer comes last: its handle, `SocketIo`, reaches every route above it.
    let app = app.with_state(chat.clone()).layer(events::layer(chat));

    let address = SocketAddr::new(options.host, options.port);
    let listener = listen(address).map_err(|error| {
        let hint = if error.kind() == io::ErrorKind::AddrInUse { "; --port 0 takes a free one" } else { "" };
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}{hint}"))
    })?;
    ready(listener.local_addr()?);
    axum::serve(listener, app).await
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that a restart need not wait for the connections of the run before to be forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[expect(clippy::print_stdout, reason = "whoever started the server, a program perhaps, waits for this line")]
fn ready(address: SocketAddr) {
    println!("listening on http://{address}");
}

#[expect(clippy::print_stderr, reason = "the answer to a wrong command line")]
fn fail(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
