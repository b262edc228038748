//! A host as a process.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;

use crate::options::{Options, USAGE};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Connections that wait to be accepted. A benchmark opens thousands at once; the usual 1,024 would drop some.
const BACKLOG: u32 = 4096;

/// Reads the command line, listens, says where, and has `serve` do the rest.
///
/// # Errors
///
/// When there is no runtime or no port to be had, or `serve` fails.
pub fn run(serve: impl AsyncFnOnce(TcpListener) -> io::Result<()>) -> io::Result<ExitCode> {
    let Some(options) = Options::from_args() else {
        writeln!(io::stderr(), "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    options.run(serve)?;
    Ok(ExitCode::SUCCESS)
}

impl Options {
    /// Listens, says where, and has `serve` do the rest.
    ///
    /// # Errors
    ///
    /// As those of [`run`].
    pub fn run(&self, serve: impl AsyncFnOnce(TcpListener) -> io::Result<()>) -> io::Result<()> {
        let mut runtime = Builder::new_multi_thread();
        if let Some(threads) = self.threads {
            runtime.worker_threads(threads);
        }
        runtime.enable_all().build()?.block_on(async {
            let listener = self.listen()?;
            if !self.quiet {
                writeln!(io::stdout(), "listening on http://{}", listener.local_addr()?)?;
            }
            serve(listener).await
        })
    }

    fn listen(&self) -> io::Result<TcpListener> {
        let socket = TcpSocket::new_v4()?;
        // So that a benchmark can start its next round while the last one's connections linger.
        socket.set_reuseaddr(true)?;
        if let Some(bytes) = self.send_buffer {
            // Those who are accepted have it from the one that listens.
            socket.set_send_buffer_size(bytes)?;
        }
        socket.bind(SocketAddr::from(([127, 0, 0, 1], self.port)))?;
        socket.listen(BACKLOG)
    }
}
