//! A node of a cluster, here or as a process of its own.

use std::env;
use std::io::Write as _;
use std::sync::Once;
use std::time::Duration;

use axum::Router;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use pintle::{Ack, ClusterStatus, Data, JoinError, Socket, SocketIo, SocketIoLayer};
use pintle_redis::{RedisAdapter, ShardedRedisAdapter, StreamsAdapter};
use pintle_tests::{Endpoint, PATIENCE, Program, Redis, TestServer, eventually};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

/// Which adapter a cluster has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Classic,
    Sharded,
    Streams,
}

/// A node in this process.
pub(crate) struct Node {
    pub(crate) io: SocketIo,
    server: TestServer,
    metrics: PrometheusHandle,
}

impl Node {
    pub(crate) async fn start(kind: Kind, url: &str) -> Self {
        let layer = layer(kind, url).await;
        let recorder = PrometheusBuilder::new().build_recorder();
        // A server asks for its counters when it is made.
        let io = metrics::with_local_recorder(&recorder, || layer.io());
        let server = TestServer::start(Router::new().layer(layer)).await;
        Self { io, server, metrics: recorder.handle() }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        self.server.socket_io()
    }

    /// How many messages between nodes came to this: `sent`, `received`, `ignored`, `dropped`.
    pub(crate) fn messages(&self, result: &str) -> u64 {
        let name = format!("pintle_cluster_messages_total{{result=\"{result}\"}} ");
        let page = self.metrics.render();
        page.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.io.cluster_status() == ClusterStatus::Connected
    }
}

/// Nodes in this process that know each other.
pub(crate) async fn cluster(kind: Kind, redis: &Redis, size: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    for _ in 0..size {
        nodes.push(Node::start(kind, &redis.url()).await);
    }
    for node in &nodes {
        others_are(node, size - 1).await;
    }
    nodes
}

/// Waits until this node waits for so many others, all of which answer.
pub(crate) async fn others_are(node: &Node, others: usize) {
    eventually("the node to be connected", || node.is_connected()).await;
    let deadline = Instant::now() + PATIENCE;
    let answered = async || node.io.server_side_emit_with_ack::<u32>("double", 21).await.map_or(0, |all| all.len());
    while answered().await != others {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {others} others");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn layer(kind: Kind, url: &str) -> SocketIoLayer {
    show_logs();
    let layer = SocketIoLayer::new()
        .on("join", async |socket: Socket, Data(room): Data<String>| -> Result<Ack<()>, JoinError> {
            socket.join(room).map(Ack)
        })
        .on_server_event("double", async |Data(n): Data<u32>| Ack(2 * n));
    match kind {
        Kind::Classic => layer.adapter(RedisAdapter::connect(url).await.expect("a broker that is there")),
        Kind::Sharded => layer.adapter(ShardedRedisAdapter::connect(url).await.expect("a broker that is there")),
        Kind::Streams => layer.adapter(StreamsAdapter::connect(url).await.expect("a broker that is there")),
    }
}

/// With `PINTLE_LOG` set, what servers have to say is printed.
fn show_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if env::var_os("PINTLE_LOG").is_some() {
            tracing_subscriber::fmt().init();
        }
    });
}

/// What tells this program to be a node, and nothing else: the adapter and the broker.
const NODE: &str = "PINTLE_BROKER_NODE";

/// A node in a process of its own.
pub(crate) async fn process(kind: Kind, redis: &Redis) -> Program {
    let mut command = Command::new(env::current_exe().expect("the program of this test"));
    command.args(["--exact", "node::is_a_node_for_another_test", "--ignored", "--nocapture"]);
    command.env(NODE, format!("{kind:?} {}", redis.url()));
    Program::start(command).await
}

/// No test of its own: it is how [`process`] has this program be a node.
#[tokio::test]
#[ignore = "runs in processes that other tests start"]
async fn is_a_node_for_another_test() {
    let Ok(node) = env::var(NODE) else {
        return;
    };
    let (kind, url) = node.split_once(' ').expect("an adapter and a broker");
    let kinds = [Kind::Classic, Kind::Sharded, Kind::Streams];
    let kind = kinds.into_iter().find(|known| format!("{known:?}") == kind).expect("an adapter");
    let node = Node::start(kind, url).await;
    writeln!(std::io::stdout(), "listening on http://{}", node.endpoint().address()).expect("somebody who reads");
    std::future::pending::<()>().await;
}
