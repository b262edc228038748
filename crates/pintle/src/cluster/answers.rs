//! What other nodes have answered.

use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster::{Answers, Missing, Outcome, RemoteSocket, Targets};
use pintle_proto::{Args, Value};
use serde::de::DeserializeOwned;

use super::link::Pending;
use crate::ack::{self, Gathered};
use crate::nsp::Nsp;

/// Waits for the sockets of other nodes.
pub(crate) async fn sockets(pending: Pending) -> Gathered<RemoteSocket> {
    gather(pending, |answers| match answers {
        Answers::Sockets(sockets) => (sockets, 0),
        _ => (Vec::new(), 0),
    })
    .await
}

/// Waits for the rooms of other nodes.
pub(crate) async fn rooms(pending: Pending) -> Gathered<Arc<str>> {
    gather(pending, |answers| match answers {
        Answers::Rooms(rooms) => (rooms.into_iter().collect(), 0),
        _ => (Vec::new(), 0),
    })
    .await
}

/// Waits for what other nodes, or their sockets, answer to an event. What is of another type counts as missing.
pub(crate) async fn values<T: DeserializeOwned>(pending: Pending) -> Gathered<T> {
    gather(pending, |answers| match answers {
        Answers::Servers(values) => read_all(values, 0),
        Answers::Clients { asked, answers } => {
            let silent = usize::try_from(asked).unwrap_or(usize::MAX).saturating_sub(answers.len());
            read_all(answers, silent)
        }
        _ => (Vec::new(), 0),
    })
    .await
}

async fn gather<T>(pending: Pending, read: impl FnOnce(Answers) -> (Vec<T>, usize)) -> Gathered<T> {
    let Some(Outcome { answers, missing }) = pending.await else {
        return Gathered { answers: Vec::new(), missing: 1 };
    };
    let (answers, silent) = read(answers);
    let nodes = match missing {
        Missing::Nobody => 0,
        Missing::Nodes(nodes) => nodes,
        // At least one that could not even be asked.
        Missing::Unknown => 1,
    };
    Gathered { answers, missing: nodes.saturating_add(silent) }
}

fn read_all<T: DeserializeOwned>(values: Vec<Option<Value>>, silent: usize) -> (Vec<T>, usize) {
    let all = values.len();
    let read = |value: Option<Value>| ack::read(&Args::from_values(value.into_iter().collect()));
    let answers: Vec<T> = values.into_iter().filter_map(read).collect();
    let unread = all - answers.len();
    (answers, silent.saturating_add(unread))
}

/// How long the sockets of this node are waited for: as long as who asks for them waits.
pub(super) fn timeout(nsp: &Nsp, to: &Targets) -> Duration {
    to.flags.timeout.map_or(nsp.ack_timeout(), Duration::from_millis)
}
