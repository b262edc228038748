//! A PostgreSQL of the test's own.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::TcpListener;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};

use crate::scripts::skip;
use crate::{pause, resume};

/// Where Debian and Ubuntu have the programs, below a folder for each version: not in the path.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Below the ports that the system gives to clients: one of those might take it while the server is stopped.
const PORTS: Range<u16> = 20_000..30_000;

/// Quick rather than safe: what is in it is of no worth.
const OPTIONS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200 \
    -c shared_buffers=16MB -c fsync=off -c full_page_writes=off -c synchronous_commit=off";

/// A PostgreSQL in a temporary folder, on a free port of the loopback interface, which lets everybody in. It ends, and
/// its folder goes, when this is dropped.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Postgres {
    /// Starts one; nothing, said loudly, if there is no PostgreSQL here. `PINTLE_POSTGRES` may name the program `postgres`,
    /// which has the others beside it.
    ///
    /// # Panics
    ///
    /// When there is one that does not start.
    pub async fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("there is no PostgreSQL; `apt-get install postgresql` or the like installs it");
            return None;
        };
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("pintle-postgres-{}-{port}", process::id()));
        let postgres = Self { programs, folder, port };
        postgres.make_folder();
        let everybody = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
        postgres.run("initdb", everybody).await;
        postgres.start_again().await;
        Some(postgres)
    }

    /// How a client connects to it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Has it end: all connections are closed, and there is nobody to connect to until it is [started
    /// again](Self::start_again).
    ///
    /// # Panics
    ///
    /// When it does not.
    pub async fn stop(&self) {
        self.run("pg_ctl", ["stop", "--mode=fast"]).await;
    }

    /// Starts it again, on the same port and with what was in it.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_again(&self) {
        let (log, options) = (self.folder.join("log"), format!("-p {} {OPTIONS}", self.port));
        let arguments = [OsStr::new("start"), "--wait".as_ref(), "--log".as_ref(), log.as_ref()];
        self.run("pg_ctl", arguments.into_iter().chain(["--options".as_ref(), options.as_ref()])).await;
    }

    /// Has all of it stand still, until it is to [go on](Self::resume): connections stay open and nobody answers.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn pause(&self) {
        // The first makes the others, so it is the first to stop.
        pause(self.pid());
        self.backends().into_iter().for_each(pause);
    }

    /// Has it go on after a [pause](Self::pause).
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn resume(&self) {
        self.backends().into_iter().for_each(resume);
        resume(self.pid());
    }

    /// All of its processes.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn pids(&self) -> Vec<u32> {
        let mut pids = self.backends();
        pids.push(self.pid());
        pids
    }

    /// What `psql` says: a line a row, with bars between the columns.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub async fn query(&self, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1"]);
        psql.args(["--dbname", &self.url(), "--command", sql]);
        let output = succeeded(sql, tokio::process::Command::from(psql).output().await);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn make_folder(&self) {
        fs::create_dir(&self.folder).expect("a folder for the data");
        if is_root() {
            succeeded("chown", Command::new("chown").arg("postgres").arg(&self.folder).output());
        }
    }

    async fn run<A: AsRef<OsStr>>(&self, program: &str, arguments: impl IntoIterator<Item = A>) {
        let mut command = self.command(program);
        command.args(arguments);
        succeeded(program, tokio::process::Command::from(command).output().await);
    }

    /// One of its programs. As root it does not run, so it runs as the user that its package has made.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder).arg("--pgdata").arg(&self.folder);
        command
    }

    fn pid(&self) -> u32 {
        let file = fs::read_to_string(self.folder.join("postmaster.pid")).expect("the server runs");
        file.lines().next().and_then(|pid| pid.parse().ok()).expect("a process id")
    }

    fn backends(&self) -> Vec<u32> {
        let output = Command::new("pgrep").arg("-P").arg(self.pid().to_string()).output().expect("`pgrep` is there");
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|pid| pid.parse().ok()).collect()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.folder.join("postmaster.pid").is_file() {
            // What is paused would not hear that it is to end. Some of it may have gone meanwhile.
            let pids = self.backends().into_iter().chain([self.pid()]).map(|pid| pid.to_string());
            let _ = Command::new("kill").arg("-CONT").args(pids).output();
            let _ = self.command("pg_ctl").args(["stop", "--mode=immediate"]).output();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The folder of the programs.
fn programs() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("PINTLE_POSTGRES") {
        return fs::canonicalize(program).ok()?.parent().map(Path::to_path_buf);
    }
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let in_debian = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let mut folders = std::env::split_paths(&in_path).chain(in_debian);
    folders.find(|folder| ["postgres", "initdb", "pg_ctl", "psql"].iter().all(|program| folder.join(program).is_file()))
}

fn free_port() -> u16 {
    /// How many were tried. Each process begins at another one.
    static TRIED: AtomicU16 = AtomicU16::new(0);

    loop {
        let tried = u32::from(TRIED.fetch_add(1, Ordering::Relaxed));
        let index = process::id().wrapping_mul(37).wrapping_add(tried) as usize % PORTS.len();
        let port = PORTS.clone().nth(index).expect("one of them");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n")
}

fn succeeded(what: &str, output: io::Result<Output>) -> Output {
    let output = output.unwrap_or_else(|error| panic!("{what} did not start: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what} failed with {}\n{stdout}{stderr}", output.status);
    output
}
