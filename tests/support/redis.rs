//! A redis-server of a test's own, which can go away and come back.

use std::env;
use std::io::{ErrorKind, Write as _};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::signal::{pause, resume, terminate};
use crate::time::within;

/// A redis-server on a free port of the loopback, in a folder of its own. Both are gone when this is dropped.
///
/// `PINTLE_REDIS_SERVER` names the program; without it, it is looked for in the path.
#[derive(Debug)]
pub struct Redis {
    /// None while it is stopped.
    process: Option<Child>,
    port: u16,
    folder: Folder,
    options: Vec<String>,
}

impl Redis {
    /// Starts one that keeps nothing; `None`, said loudly, when there is no redis-server.
    pub async fn start() -> Option<Self> {
        Self::start_with(&[]).await
    }

    /// Starts one that keeps everything, so that it is there again after [`stop`](Self::stop) or [`kill`](Self::kill) and
    /// [`start_again`](Self::start_again).
    pub async fn start_persistent() -> Option<Self> {
        Self::start_with(&["--appendonly", "yes", "--appendfsync", "always"]).await
    }

    /// Starts one with options as on the command line: `["--maxclients", "10"]`.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with(options: &[&str]) -> Option<Self> {
        Self::start_in(Folder::new(), options).await
    }

    /// Starts a sentinel that knows this server as a master by that name.
    pub async fn start_sentinel(&self, name: &str) -> Option<Self> {
        let folder = Folder::new();
        let config = format!("sentinel monitor {name} 127.0.0.1 {} 1\n", self.port);
        std::fs::write(folder.0.join("sentinel.conf"), config).expect("a folder that can be written to");
        Self::start_in(folder, &["sentinel.conf", "--sentinel"]).await
    }

    async fn start_in(folder: Folder, options: &[&str]) -> Option<Self> {
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        // Whoever is given the port between our asking for it and the server's is one that we cannot know.
        for _ in 0..10 {
            let port = free_port().await;
            match spawn(port, &folder.0, &options) {
                Ok(mut process) => {
                    if within("redis-server to answer", answers(&mut process, port)).await {
                        return Some(Self { process: Some(process), port, folder, options });
                    }
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    skip();
                    return None;
                }
                Err(error) => panic!("redis-server did not start: {error}"),
            }
        }
        panic!("redis-server ended at once, on ten ports");
    }

    /// What it is connected to with.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port, which stays the same.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder, where files of a test may be put as well.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Its process.
    ///
    /// # Panics
    ///
    /// When it is stopped.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("redis-server runs")
    }

    /// Has it stand still: it keeps its connections, and says nothing.
    pub fn pause(&self) {
        pause(self.pid());
    }

    /// Has it go on.
    pub fn resume(&self) {
        resume(self.pid());
    }

    /// Has it end as an operator does, and waits for it. Its connections are closed.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            terminate(process.id().expect("redis-server runs"));
            within("redis-server to end", process.wait()).await.expect("a process that ends");
        }
    }

    /// Ends it at once, and waits for that.
    pub async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.expect("a process that ends");
        }
    }

    /// Starts it again, on the same port and in the same folder, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_again(&mut self) {
        self.stop().await;
        let mut process = spawn(self.port, &self.folder.0, &self.options).expect("redis-server started before");
        assert!(within("redis-server to answer", answers(&mut process, self.port)).await, "its port is still free");
        self.process = Some(process);
    }

    /// What `redis-cli` prints for these arguments, without the end of the last line.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub async fn cli(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(redis_cli());
        command.args(["-p", &self.port.to_string()]).args(arguments).kill_on_drop(true);
        let output = within("redis-cli to end", command.output()).await.expect("redis-cli starts");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "redis-cli {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
        text.trim_end().to_owned()
    }
}

fn server() -> PathBuf {
    env::var_os("PINTLE_REDIS_SERVER").map_or_else(|| PathBuf::from("redis-server"), PathBuf::from)
}

/// It comes with the server, and stands beside it.
fn redis_cli() -> PathBuf {
    let beside = server().with_file_name("redis-cli");
    if beside.is_file() { beside } else { PathBuf::from("redis-cli") }
}

fn spawn(port: u16, folder: &Path, options: &[String]) -> std::io::Result<Child> {
    Command::new(server())
        // A file comes before everything else.
        .args(options)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

/// Waits until it answers; false if it ends instead.
async fn answers(process: &mut Child, port: u16) -> bool {
    loop {
        if process.try_wait().expect("a process that can be asked").is_some() {
            return false;
        }
        if ping(port).await.is_ok_and(|pong| pong) {
            return true;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// It says something else while it reads what it kept. One that wants a password answers as well.
async fn ping(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await?;
    Ok(matches!(&answer, b"+PONG\r\n" | b"-NOAUTH"))
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    listener.local_addr().expect("a bound listener").port()
}

/// Says so on the real standard error: the test harness swallows what a passing test prints.
fn skip() {
    let _ = writeln!(
        std::io::stderr().lock(),
        "SKIPPED: there is no redis-server; `apt-get install redis-server` installs it, PINTLE_REDIS_SERVER names it"
    );
}

/// A folder for as long as it is needed.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("pintle-redis-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
