//! The ways that nodes speak to each other.

use serde_json::{Value, json};

use crate::stage::Stage;

/// One of Node's adapters, with options, and ours that speaks as it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adapter {
    Classic,
    /// With `publishOnSpecificResponseChannel`.
    ClassicSpecific,
    Sharded,
    ShardedStatic,
    ShardedPrivate,
    Streams,
    Postgres,
}

impl Adapter {
    /// What a node is opened with; `None`, said loudly, without the broker.
    pub(crate) async fn command(self, stage: &Stage) -> Option<Value> {
        let url = self.url(stage).await?;
        let (kind, options) = match self {
            Self::Classic => ("classic", json!({})),
            Self::ClassicSpecific => ("classic", json!({ "publishOnSpecificResponseChannel": true })),
            Self::Sharded => ("sharded", json!({ "subscriptionMode": "dynamic" })),
            Self::ShardedStatic => ("sharded", json!({ "subscriptionMode": "static" })),
            Self::ShardedPrivate => ("sharded", json!({ "subscriptionMode": "dynamic-private" })),
            Self::Streams => ("streams", json!({})),
            Self::Postgres => ("postgres", json!({})),
        };
        Some(json!({ "kind": kind, "url": url, "options": options }))
    }

    /// Where its broker is.
    pub(crate) async fn url(self, stage: &Stage) -> Option<String> {
        match self {
            Self::Postgres => stage.postgres().await,
            _ => stage.redis().await,
        }
    }

    /// Whether a room has a channel of its own, which nodes listen to from when somebody joins it.
    pub(crate) fn has_channel(self, room: &str) -> bool {
        match self {
            Self::Sharded => room.encode_utf16().count() != 20,
            Self::ShardedPrivate => true,
            _ => false,
        }
    }
}
