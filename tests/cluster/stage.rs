//! What all cases share: the brokers, and the programs that are nodes, clients and a hand on the brokers.

use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};

use pintle_tests::{Driver, Postgres, Redis, node_command};
use serde_json::Value;
use tokio::process::Command;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex, OnceCell};

use crate::cluster::Maker;
use crate::host::Host;
use crate::peer::Peer;

/// Outlives each test, as what is on the stage may.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// It is there as long as a case runs that needs it: what is static is never dropped, and would never be stopped.
static STAGE: Mutex<Weak<Stage>> = Mutex::const_new(Weak::new());

/// Brokers and programs.
#[derive(Debug)]
pub(crate) struct Stage {
    redis: OnceCell<Option<Redis>>,
    postgres: OnceCell<Option<Postgres>>,
    /// Any number of nodes, of Node.js and of this library.
    pub(crate) node: Peer,
    pub(crate) pintle: Host,
    pub(crate) broker: Peer,
    pub(crate) clients: Driver,
}

impl Stage {
    /// The stage; `None`, said loudly, without Node.js and its packages.
    pub(crate) async fn get() -> Option<Arc<Self>> {
        let mut stage = STAGE.lock().await;
        // One case whose messages end Node.js is no reason for the others to fail.
        if let Some(stage) = stage.upgrade().filter(|stage| !stage.node.has_ended()) {
            return Some(stage);
        }
        let made = Arc::new(Self {
            clients: Driver::start_for_many()?,
            node: Peer::start(script("node.mjs")?),
            broker: Peer::start(script("broker.mjs")?),
            pintle: Host::default(),
            redis: OnceCell::new(),
            postgres: OnceCell::new(),
        });
        *stage = Arc::downgrade(&made);
        Some(made)
    }

    /// Has a node of either kind do something; which one, says the command.
    pub(crate) async fn run(&self, maker: Maker, what: &str, command: Value) -> Result<Value, String> {
        match maker {
            Maker::Node => self.node.run(what, command).await,
            Maker::Pintle => self.pintle.run(what, command).await,
        }
    }

    /// Where the Redis is; `None`, said loudly, if there is none.
    pub(crate) async fn redis(&self) -> Option<String> {
        self.redis.get_or_init(Redis::start).await.as_ref().map(Redis::url)
    }

    /// Where the PostgreSQL is; `None`, said loudly, if there is none.
    pub(crate) async fn postgres(&self) -> Option<String> {
        let start = async || {
            let postgres = Postgres::start().await?;
            // Node's adapter leaves that to its user.
            let table = "CREATE TABLE attachments \
                (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)";
            postgres.query(table).await;
            Some(postgres)
        };
        self.postgres.get_or_init(start).await.as_ref().map(Postgres::url)
    }
}

fn script(name: &str) -> Option<Command> {
    let mut command = node_command()?;
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("cluster").join(name));
    Some(command)
}
