//! What the nodes share, on the load's core.

use std::io;
use std::time::Duration;

use bench_load::Process;
use pintle_tests::{Postgres, Redis};
use tokio::runtime::{Builder, Runtime};

/// A broker of its own for each measurement. It ends when this is dropped.
pub(crate) struct Broker {
    program: Program,
    url: String,
    /// What it was started on.
    _runtime: Runtime,
}

enum Program {
    Redis(Redis),
    Postgres(Postgres),
}

impl Broker {
    /// The broker of an adapter.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub(crate) fn start(adapter: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let program = runtime.block_on(async {
            match adapter {
                "postgres" => Postgres::start().await.map(Program::Postgres),
                _ => Redis::start().await.map(Program::Redis),
            }
        });
        let program = program.ok_or_else(|| io::Error::other(format!("there is no broker for {adapter}")))?;
        let url = match &program {
            Program::Redis(redis) => redis.url(),
            Program::Postgres(postgres) => postgres.url(),
        };
        Ok(Self { program, url, _runtime: runtime })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The CPU time that it has used, in those of its processes that there are.
    pub(crate) fn cpu(&self) -> Duration {
        let pids = match &self.program {
            Program::Redis(redis) => vec![redis.pid()],
            Program::Postgres(postgres) => postgres.pids(),
        };
        // One of PostgreSQL's may end while it is asked.
        let cpu = |pid| Process::of(pid).and_then(|process| process.cpu()).unwrap_or_default();
        pids.into_iter().map(cpu).sum()
    }
}
