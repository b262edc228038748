//! The example as the official client sees it, behind each of the load balancers.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use pintle_tests::{node, terminate};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster.mjs");
const WAYS: [&str; 3] = [r#"["polling"]"#, r#"["websocket"]"#, r#"["polling","websocket"]"#];

#[tokio::test]
async fn three_nodes_behind_nginx_are_one() {
    three_nodes("nginx", "PINTLE_NGINX", &[]).await;
}

#[tokio::test]
async fn three_nodes_behind_haproxy_are_one() {
    three_nodes("haproxy", "PINTLE_HAPROXY", &["--haproxy"]).await;
}

async fn three_nodes(balancer: &str, variable: &str, options: &[&str]) {
    for (program, variable) in [("redis-server", "PINTLE_REDIS_SERVER"), (balancer, variable)] {
        if std::env::var_os(variable).is_none() && !is_installed(program) {
            // On the real standard error: the harness swallows what a passing test prints.
            let _ = writeln!(std::io::stderr().lock(), "SKIPPED: there is no {program}; {variable} names it");
            return;
        }
    }
    for transports in WAYS {
        let cluster = Cluster::start(options);
        node(SCRIPT, cluster.address, &[("TRANSPORTS", transports), ("PATIENCE", "60")]).await;
    }
}

/// All of the example. It is asked to end when this is dropped: killed, it would leave behind what it has started.
struct Cluster {
    process: Child,
    address: SocketAddr,
    _output: BufReader<ChildStdout>,
}

impl Cluster {
    fn start(options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_example-cluster"));
        command.args(["--port", "0"]).args(options).env("NO_COLOR", "1").stdout(Stdio::piped());
        let mut process = command.spawn().expect("the example starts");
        let mut output = BufReader::new(process.stdout.take().expect("its output is piped"));
        let ready = output
            .by_ref()
            .lines()
            .find_map(|line| line.expect("lines of text").strip_prefix("listening on http://").map(str::to_owned));
        let address = ready.expect("the example listens").parse().expect("an address");
        Self { process, address, _output: output }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        terminate(self.process.id());
        let _ = self.process.wait();
    }
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
        || Path::new("/usr/sbin").join(program).is_file()
}

/// So that what the document says is what was tested.
#[test]
fn the_document_has_the_files_of_the_example() {
    let document = include_str!("../../../docs/SCALING.md");
    for (language, file) in [("nginx", include_str!("../nginx.conf")), ("haproxy", include_str!("../haproxy.cfg"))] {
        assert!(document.contains(&format!("```{language}\n{file}```\n")), "docs/SCALING.md has not this:\n{file}");
    }
}
