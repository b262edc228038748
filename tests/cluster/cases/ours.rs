//! Our own emitter, which reaches nodes of both kinds.

use bytes::Bytes;
use pintle_emitter::Emitter;
use pintle_emitter::SubscriptionMode;
use serde_json::{Value, json};

use crate::adapter::Adapter;
use crate::cluster::{CLIENTS, Cluster};

pub(crate) async fn our_emitter_reaches_sockets(c: &mut Cluster) {
    let emitter = emitter(c).await;
    let binary = Bytes::from_static(b"\x03\x04");
    emitter.emit("test", (1, "2", binary, json!({ "nested": [null, true] }))).await.expect("a broker");
    c.assert_heard(json!(["test", 1, "2", { "$bytes": "0304" }, { "nested": [null, true] }]), &[0, 1, 2]).await;
    c.join(1, "room1").await;
    emitter.to("room1").emit("test", ()).await.expect("a broker");
    c.assert_heard(json!(["test"]), &[1]).await;
    emitter.except("room1").emit("test", ()).await.expect("a broker");
    c.assert_heard(json!(["test"]), &[0, 2]).await;
    emitter.to(c.id(2)).volatile().emit("test", ()).await.expect("a broker");
    c.assert_heard(json!(["test"]), &[2]).await;

    emitter.of("/custom").emit("test", ()).await.expect("a broker");
    for client in c.others.get_mut("/custom").expect("of the plan") {
        assert_eq!(client.heard().await, json!(["test"]));
    }
    assert_eq!(c.heard().await, vec![Vec::<Value>::new(); CLIENTS]);
}

pub(crate) async fn our_emitter_moves_sockets(c: &mut Cluster) {
    let emitter = emitter(c).await;
    emitter.join("room1").await.expect("a broker");
    c.settled([&["room1"]; CLIENTS]).await;
    emitter.to(c.id(1)).join(["room2", "room3"]).await.expect("a broker");
    c.settled([&["room1"], &["room1", "room2", "room3"], &["room1"]]).await;
    emitter.to("room2").leave("room1").await.expect("a broker");
    c.settled([&["room1"], &["room2", "room3"], &["room1"]]).await;
    emitter.to("room2").disconnect().await.expect("a broker");
    assert_eq!(c.clients[1].heard().await, json!(["disconnect", "io server disconnect"]));
    emitter.close_connections().await.expect("a broker");
    for client in [0, 2] {
        assert_eq!(c.clients[client].heard().await[0], "disconnect");
    }
}

pub(crate) async fn our_emitter_reaches_servers(c: &mut Cluster) {
    emitter(c).await.server_side_emit("hello", (1, "2", json!({ "list": [3] }))).await.expect("a broker");
    for node in &mut c.nodes {
        assert_eq!(node.heard().await, json!(["/", "hello", 1, "2", { "list": [3] }]));
    }
}

async fn emitter(c: &Cluster) -> Emitter {
    let (url, prefix) = (&*c.url, &*c.prefix);
    let sharded = |mode| Emitter::sharded(url).channel_prefix(prefix).subscription_mode(mode);
    let emitter = match c.adapter {
        Adapter::Classic | Adapter::ClassicSpecific => Emitter::redis(url).key(prefix).await,
        Adapter::Sharded => sharded(SubscriptionMode::Dynamic).await,
        Adapter::ShardedStatic => sharded(SubscriptionMode::Static).await,
        Adapter::ShardedPrivate => sharded(SubscriptionMode::DynamicPrivate).await,
        Adapter::Streams => Emitter::streams(url).stream_name(format!("{prefix}-stream")).await,
        Adapter::Postgres => Emitter::postgres(url).channel_prefix(prefix).table_name("attachments").await,
    };
    emitter.expect("the broker of the cluster")
}
