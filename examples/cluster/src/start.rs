//! Starts everything that the example is made of, on the loopback: Redis, three nodes, and a load balancer in front of them.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, fs};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const USAGE: &str = "\
usage: example-cluster [--haproxy] [--port PORT] [--client-dir FOLDER]
         starts Redis, three nodes, and nginx or HAProxy in front of them
  --haproxy     HAProxy, which gives each browser a cookie; nginx goes by what each tab says
  --port        the port to open in a browser; 0 takes any that is free (3000)
  --client-dir  npm's socket.io-client/dist, served as /client
       example-cluster node NAME REDIS [FOLDER]
         is one of the nodes";

/// As they are in the load balancers' files, which are those of `docs/SCALING.md`.
const NODES: [(&str, &str); 3] = [("a", "127.0.0.1:3001"), ("b", "127.0.0.1:3002"), ("c", "127.0.0.1:3003")];
const FRONT: &str = "127.0.0.1:3000";

/// How long what was asked to end may take.
const GRACE: Duration = Duration::from_secs(10);

/// Runs until it is interrupted.
pub(crate) async fn cluster(args: &[String]) -> Result<(), String> {
    let options = Options::from_args(args)?;
    let balancer = if options.haproxy { &HAPROXY } else { &NGINX };
    let folder = Folder::new()?;
    let mut running = Running::default();

    let redis = free(0).await?;
    let mut command = REDIS.command()?;
    command.args(["--port", &redis.port().to_string(), "--bind", "127.0.0.1", "--save", ""]);
    running.start("Redis", command.current_dir(&folder.0).stdout(Stdio::null()))?;
    running.until_listening(redis).await?;

    let mut file = balancer.file.to_owned();
    for (name, place) in NODES {
        let program = env::current_exe().map_err(|error| format!("this program cannot be started again: {error}"))?;
        let mut command = Command::new(program);
        command.args(["node", name, &format!("redis://{redis}")]).args(&options.client_dir);
        let address = running.start_node(&format!("node {name}"), &mut command).await?;
        file = file.replace(place, &address);
    }

    let front = free(options.port).await?;
    let file = file.replace(FRONT, &front.to_string());
    let mut command = balancer.program.command()?;
    (balancer.prepare)(&mut command, &folder.0, &file).map_err(|error| format!("{}: {error}", folder.0.display()))?;
    running.start(balancer.program.what, command.current_dir(&folder.0).stdout(Stdio::null()))?;
    running.until_listening(front).await?;

    ready(front);
    tokio::select! {
        () = interrupted() => {}
        () = running.until_none_is_left() => return Err("everything has ended by itself".to_owned()),
    }
    running.ask_to_end();
    // Whoever has not ended by then is killed.
    let _ = timeout(GRACE, running.until_none_is_left()).await;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "whoever started the program, another program perhaps, waits for this line")]
pub(crate) fn ready(address: SocketAddr) {
    println!("listening on http://{address}");
}

#[expect(clippy::print_stdout, reason = "what happens is what the example is there to show")]
fn tell(what: &str) {
    println!("{what}");
}

#[expect(clippy::print_stderr, reason = "the last word of a program that fails")]
pub(crate) fn exit(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for Ctrl-C, or for somebody to ask for the end.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

struct Options {
    haproxy: bool,
    port: u16,
    client_dir: Option<String>,
}

impl Options {
    fn from_args(args: &[String]) -> Result<Self, String> {
        let mut options = Self { haproxy: false, port: 3000, client_dir: None };
        let mut args = args.iter();
        while let Some(name) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"));
            match name.as_str() {
                "--haproxy" => options.haproxy = true,
                "--port" => options.port = value()?.parse().map_err(|_| format!("--port needs a port\n{USAGE}"))?,
                "--client-dir" => options.client_dir = Some(value()?.clone()),
                _ => return Err(format!("{name:?} is not known\n{USAGE}")),
            }
        }
        Ok(options)
    }
}

/// A program of another package.
struct Program {
    what: &'static str,
    variable: &'static str,
    names: &'static [&'static str],
    package: &'static str,
}

const REDIS: Program = Program {
    what: "Redis",
    variable: "PINTLE_REDIS_SERVER",
    names: &["redis-server", "valkey-server"],
    package: "redis-server",
};

impl Program {
    fn command(&self) -> Result<Command, String> {
        // Debian keeps servers where only root looks.
        let folders = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&folders).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
        let found = || {
            folders.flat_map(|folder| self.names.iter().map(move |name| folder.join(name))).find(|path| path.is_file())
        };
        let path = env::var_os(self.variable).map(PathBuf::from).or_else(found);
        let Self { what, variable, package, .. } = self;
        path.map(Command::new).ok_or_else(|| {
            format!("{what} is missing: `apt-get install {package}` installs it, {variable} names another one")
        })
    }
}

/// What is in front of the nodes.
struct Balancer {
    program: Program,
    /// What tells it about them.
    file: &'static str,
    /// Adds what lets it run in a folder, in the foreground, and as whoever started it.
    prepare: fn(&mut Command, &Path, &str) -> io::Result<()>,
}

const NGINX: Balancer = Balancer {
    program: Program { what: "nginx", variable: "PINTLE_NGINX", names: &["nginx"], package: "nginx-light" },
    file: include_str!("../nginx.conf"),
    prepare: |command, folder, file| {
        fs::write(folder.join("cluster.conf"), file)?;
        fs::write(folder.join("nginx.conf"), include_str!("nginx-alone.conf"))?;
        command.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "stderr"]);
        Ok(())
    },
};

const HAPROXY: Balancer = Balancer {
    program: Program { what: "HAProxy", variable: "PINTLE_HAPROXY", names: &["haproxy"], package: "haproxy" },
    file: include_str!("../haproxy.cfg"),
    prepare: |command, folder, file| {
        fs::write(folder.join("haproxy.cfg"), file)?;
        command.args(["-db", "-q", "-f", "haproxy.cfg"]);
        Ok(())
    },
};

/// What was started. It is killed when this is dropped.
#[derive(Default)]
struct Running {
    processes: JoinSet<(String, io::Result<ExitStatus>)>,
    ids: Vec<String>,
}

impl Running {
    fn start(&mut self, what: &str, command: &mut Command) -> Result<(), String> {
        let child = spawned(what, command)?;
        self.keep(what, child);
        Ok(())
    }

    /// Starts one that says where it listens.
    async fn start_node(&mut self, what: &str, command: &mut Command) -> Result<String, String> {
        let mut child = spawned(what, command.stdout(Stdio::piped()))?;
        let output = child.stdout.take().ok_or("a process without output")?;
        let id = child.id().unwrap_or_default();
        self.keep(what, child);
        let line = BufReader::new(output).lines().next_line().await.ok().flatten();
        let address = line.and_then(|line| line.strip_prefix("listening on http://").map(str::to_owned));
        let address = address.ok_or_else(|| format!("{what} ended before it listened"))?;
        tell(&format!("{what} is process {id}, on {address}"));
        Ok(address)
    }

    fn keep(&mut self, what: &str, mut child: Child) {
        self.ids.extend(child.id().map(|id| id.to_string()));
        let what = what.to_owned();
        self.processes.spawn(async move { (what, child.wait().await) });
    }

    /// Waits until somebody listens there, as long as all are running.
    async fn until_listening(&mut self, address: SocketAddr) -> Result<(), String> {
        while TcpStream::connect(address).await.is_err() {
            if let Some(Ok((what, _))) = self.processes.try_join_next() {
                return Err(format!("{what} has ended"));
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// A terminal interrupts all of them; others only this program. The standard library only knows how to kill one.
    fn ask_to_end(&self) {
        let _ = process::Command::new("kill").args(&self.ids).stderr(Stdio::null()).status();
    }

    async fn until_none_is_left(&mut self) {
        while let Some(ended) = self.processes.join_next().await {
            if let Ok((what, Ok(status))) = ended {
                tell(&format!("{what} has ended: {status}"));
            }
        }
    }
}

fn spawned(what: &str, command: &mut Command) -> Result<Child, String> {
    command.stdin(Stdio::null()).kill_on_drop(true).spawn().map_err(|error| format!("{what} does not start: {error}"))
}

/// An address that nobody listens on.
async fn free(port: u16) -> Result<SocketAddr, String> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.and_then(|listener| listener.local_addr());
    bound.map_err(|error| {
        let hint = if error.kind() == ErrorKind::AddrInUse { "; --port 0 takes a free one" } else { "" };
        format!("cannot listen on port {port}: {error}{hint}")
    })
}

/// A folder for this run.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let folder = env::temp_dir().join(format!("pintle-cluster-{}", process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whatever is left of it is in a folder that is made for that.
        let _ = fs::remove_dir_all(&self.0);
    }
}
