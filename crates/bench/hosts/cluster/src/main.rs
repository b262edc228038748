//! `bench-cluster-host --port 0 --adapter classic --broker redis://127.0.0.1:6379`: a node of a cluster, for bench-cluster.
//!
//! A package of its own: what the adapters need is nothing that the host of the other benchmarks is to be built with.

use std::io::{self, Write as _};
use std::process::ExitCode;

use axum::Router;
use bench_stand::Options;
use pintle::{Args, EmitError, SocketIo, SocketIoLayer};
use pintle_postgres::PostgresAdapter;
use pintle_redis::{RedisAdapter, ShardedRedisAdapter, StreamsAdapter};

const USAGE: &str = "options: --port PORT --adapter classic|sharded|streams|postgres --broker URL";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [port, adapter, broker] = ["--port", "--adapter", "--broker"].map(|name| value(&arguments, name));
    let (Some(port), Some(adapter), Some(broker)) = (port.and_then(|port| port.parse().ok()), adapter, broker) else {
        writeln!(io::stderr(), "{USAGE}")?;
        return Ok(ExitCode::from(2));
    };
    Options { port, ..Options::default() }.run(async |listener| {
        let layer = with(adapter, broker).await?.on("broadcast", broadcast);
        axum::serve(listener, Router::new().layer(layer)).await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn value<'a>(arguments: &'a [String], name: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == name)?;
    arguments.get(at + 1).map(String::as_str)
}

async fn with(adapter: &str, broker: &str) -> io::Result<SocketIoLayer> {
    let layer = SocketIoLayer::new();
    Ok(match adapter {
        "classic" => layer.adapter(RedisAdapter::connect(broker).await.map_err(io::Error::other)?),
        "sharded" => layer.adapter(ShardedRedisAdapter::connect(broker).await.map_err(io::Error::other)?),
        "streams" => layer.adapter(StreamsAdapter::connect(broker).await.map_err(io::Error::other)?),
        "postgres" => layer.adapter(PostgresAdapter::connect(broker).await.map_err(io::Error::other)?),
        other => return Err(io::Error::other(format!("there is no adapter {other:?}; {USAGE}"))),
    })
}

async fn broadcast(io: SocketIo, args: Args) -> Result<(), EmitError> {
    io.emit("broadcast", args)
}
