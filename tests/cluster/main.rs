//! Several nodes, some of Node.js with the official adapters and some of this library, in one cluster: what the official
//! adapters' own suites ask of one of Node alone.
//!
//! A case is a function over a cluster; [`run`] has it done by each of the [topologies](TOPOLOGIES), of which the one of Node
//! alone judges the case itself. `PINTLE_TOPOLOGY` names one to be done alone: `PINTLE_TOPOLOGY=NN`.

mod adapter;
mod cases;
mod cluster;
mod host;
mod peer;
mod stage;
mod suites;
mod tap;

use std::env;
use std::pin::Pin;

use tokio::task::JoinSet;

use adapter::Adapter;
use cluster::{Cluster, Maker, Plan};
use stage::RUNTIME;

/// Who is in a cluster. The first node begins, so that each one does in one of them.
const TOPOLOGIES: &[&str] = &["NN", "RR", "RN", "NR", "NNR", "NRN", "RNN"];

type Case = for<'a> fn(&'a mut Cluster) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Does a case in all of these topologies at once.
#[track_caller]
fn run(adapter: Adapter, topologies: &'static [&'static str], plan: fn() -> Plan, case: Case) {
    let only = env::var("PINTLE_TOPOLOGY").ok();
    let chosen = |topology: &&str| only.as_ref().is_none_or(|only| only.split(',').any(|only| only == *topology));
    let failed = RUNTIME.block_on(async {
        let mut runs = JoinSet::new();
        let topologies = topologies.iter().copied().filter(chosen);
        for topology in topologies {
            runs.spawn(run_in(adapter, topology, plan(), case));
        }
        let mut failed = Vec::new();
        while let Some(done) = runs.join_next().await {
            failed.extend(done.expect("it catches what fails"));
        }
        failed
    });
    assert!(failed.is_empty(), "{adapter:?} failed in {}", failed.join("\n and in "));
}

/// Does a case in one topology, and gives what failed.
async fn run_in(adapter: Adapter, topology: &'static str, plan: Plan, case: Case) -> Option<String> {
    let done = tokio::spawn(async move {
        let makers = topology.chars().map(|maker| if maker == 'N' { Maker::Node } else { Maker::Pintle });
        let makers: Vec<_> = makers.collect();
        // What is missing was said.
        if let Some(mut cluster) = Cluster::open(adapter, &makers, &plan).await {
            case(&mut cluster).await;
            cluster.close().await;
        }
    });
    let failed = done.await.err()?.into_panic();
    let why = failed.downcast_ref::<String>().map(String::as_str).or_else(|| failed.downcast_ref::<&str>().copied());
    Some(format!("{topology}: {}", why.unwrap_or("no reason given")))
}
