//! Several nodes as one server, in every dialect.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use pintle::{Ack, BroadcastAckError, ClusterStatus, Data, EmitError, Namespace, Socket, SocketIo, SocketIoLayer};
use serde_json::{Value, json};
use support::{Bus, Client, DIALECTS, Make, Server, settle};

/// Three nodes with two clients each.
struct Cluster {
    bus: Bus,
    nodes: Vec<Server>,
    clients: Vec<Vec<Client>>,
}

impl Cluster {
    async fn new(make: Make) -> Self {
        let bus = Bus::new();
        let layer = || {
            SocketIoLayer::new()
                .on_connect(async |socket: Socket| socket.set_data(json!({ "is": "here" })))
                .on_server_event("double", async |Data(n): Data<u32>| Ack(2 * n))
                .on_server_event("silent", async || {})
                .on("join", async |socket: Socket, Data(room): Data<String>| socket.join(room))
                .namespace("/tenant/{id}", Namespace::new())
                .adapter(bus.adapter(make))
        };
        let nodes: Vec<_> = (0..3).map(|_| Server::new(layer())).collect();
        settle().await;
        let mut clients = Vec::new();
        for node in &nodes {
            clients.push(vec![node.join().await, node.join().await]);
        }
        settle().await;
        Self { bus, nodes, clients }
    }

    fn io(&self, node: usize) -> &SocketIo {
        self.nodes[node].io()
    }

    /// Has a client join a room, and waits until everybody could know.
    async fn join(&mut self, node: usize, client: usize, room: &str) {
        self.clients[node][client].send(&format!(r#"2["join","{room}"]"#)).await;
        settle().await;
    }

    /// What every client has heard until an event that all are sent now: by node and client.
    async fn heard(&mut self) -> Vec<Vec<Vec<String>>> {
        settle().await;
        let mut heard = Vec::new();
        for (node, clients) in self.nodes.iter().zip(&mut self.clients) {
            node.io().local().emit("end", ()).unwrap();
            let mut of_node = Vec::new();
            for client in clients {
                let mut events = Vec::new();
                loop {
                    let event = client.hear().await;
                    if event == r#"2["end"]"# {
                        break;
                    }
                    events.push(event);
                }
                of_node.push(events);
            }
            heard.push(of_node);
        }
        heard
    }

    /// Who has heard exactly one event, and that one.
    async fn who_heard(&mut self, event: &str) -> Vec<(usize, usize)> {
        let mut who = Vec::new();
        for (node, clients) in self.heard().await.into_iter().enumerate() {
            for (client, events) in clients.into_iter().enumerate() {
                match &events[..] {
                    [] => {}
                    [heard] => {
                        assert_eq!(heard, event);
                        who.push((node, client));
                    }
                    more => panic!("{more:?}"),
                }
            }
        }
        who
    }
}

const ALL: [(usize, usize); 6] = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)];

/// Runs a scenario in every dialect.
#[expect(clippy::print_stdout, reason = "says in which one it failed")]
async fn in_every_dialect(scenario: impl AsyncFn(Cluster)) {
    for (name, make) in DIALECTS {
        println!("{name}");
        scenario(Cluster::new(make).await).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_emitted_reaches_the_sockets_of_all_nodes() {
    in_every_dialect(async |mut cluster| {
        cluster.io(1).emit("hello", ("world", 1)).unwrap();
        assert_eq!(cluster.who_heard(r#"2["hello","world",1]"#).await, ALL);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn rooms_are_those_of_all_nodes() {
    in_every_dialect(async |mut cluster| {
        cluster.join(0, 0, "a").await;
        cluster.join(1, 1, "a").await;
        cluster.join(2, 0, "b").await;
        cluster.join(1, 1, "c").await;
        cluster.io(2).to("a").emit("one", ()).unwrap();
        assert_eq!(cluster.who_heard(r#"2["one"]"#).await, [(0, 0), (1, 1)]);
        cluster.io(0).to(["a", "b"]).except("c").emit("several", ()).unwrap();
        assert_eq!(cluster.who_heard(r#"2["several"]"#).await, [(0, 0), (2, 0)]);
        cluster.io(0).to("a").local().emit("local", ()).unwrap();
        assert_eq!(cluster.who_heard(r#"2["local"]"#).await, [(0, 0)]);
        let id = cluster.io(1).to("a").sockets()[0].id();
        cluster.io(0).to(id).emit("private", ()).unwrap();
        assert_eq!(cluster.who_heard(r#"2["private"]"#).await, [(1, 1)]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_done_to_sockets_is_done_on_all_nodes() {
    in_every_dialect(async |mut cluster| {
        cluster.io(0).join(["x", "y"]);
        settle().await;
        assert!((0..3).all(|node| cluster.io(node).to("x").count() == 2 && cluster.io(node).to("y").count() == 2));
        cluster.io(1).to("y").leave("x");
        settle().await;
        assert!((0..3).all(|node| cluster.io(node).to("x").count() == 0));
        // In this order, on all nodes.
        cluster.io(2).emit("goodbye", ()).unwrap();
        cluster.io(2).disconnect_sockets();
        for client in cluster.clients.iter_mut().flatten() {
            assert_eq!(client.hear().await, r#"2["goodbye"]"#);
            assert_eq!(client.hear().await, "1");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn sockets_of_other_nodes_are_found_and_reached() {
    in_every_dialect(async |mut cluster| {
        cluster.join(2, 1, "far").await;
        let all = cluster.io(0).fetch_sockets().await.unwrap();
        assert_eq!(all.len(), 6);
        let [far] = &cluster.io(0).to("far").fetch_sockets().await.unwrap()[..] else { panic!("not one") };
        assert!(far.rooms().iter().any(|room| **room == *"far"));
        assert_eq!(far.handshake().query()["EIO"], "4");
        assert_eq!(*far.data::<Value>().unwrap(), json!({ "is": "here" }));
        far.emit("you", ("there", [1, 2])).unwrap();
        assert_eq!(cluster.clients[2][1].hear().await, r#"2["you","there",[1,2]]"#);
        far.join("near").unwrap();
        far.leave("far");
        settle().await;
        assert_eq!((cluster.io(2).to("near").count(), cluster.io(2).to("far").count()), (1, 0));

        let answer = tokio::spawn(far.emit_with_ack::<String>("question", ()));
        let question = cluster.clients[2][1].hear().await;
        let id = question.strip_prefix('2').unwrap().split('[').next().unwrap().to_owned();
        cluster.clients[2][1].send(&format!(r#"3{id}["yes"]"#)).await;
        assert_eq!(answer.await.unwrap().unwrap(), "yes");
        far.disconnect();
        assert_eq!(cluster.clients[2][1].hear().await, "1");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn everybody_is_asked_on_all_nodes() {
    in_every_dialect(async |mut cluster| {
        let all = tokio::spawn(cluster.io(1).emit_with_ack::<usize>("how many", ()));
        for (nth, client) in cluster.clients.iter_mut().flatten().enumerate() {
            let question = client.hear().await;
            let id = question.strip_prefix('2').unwrap().split('[').next().unwrap().to_owned();
            client.send(&format!("3{id}[{nth}]")).await;
        }
        let mut answers = all.await.unwrap().unwrap();
        answers.sort_unstable();
        assert_eq!(answers, [0, 1, 2, 3, 4, 5]);

        // One who does not answer is missed, and what the others have said is kept.
        let all = tokio::spawn(cluster.io(1).timeout(Duration::from_secs(1)).emit_with_ack::<usize>("again", ()));
        for (nth, client) in cluster.clients.iter_mut().flatten().enumerate().skip(1) {
            let question = client.hear().await;
            let id = question.strip_prefix('2').unwrap().split('[').next().unwrap().to_owned();
            client.send(&format!("3{id}[{nth}]")).await;
        }
        let BroadcastAckError::Missing(missing) = all.await.unwrap().unwrap_err() else { panic!("emitted") };
        assert_eq!((missing.responses.len(), missing.missing), (5, 1));

        // Nobody is asked where nobody is.
        let nobody = cluster.io(0).to("nobody").emit_with_ack::<usize>("hello?", ()).await.unwrap();
        assert!(nobody.is_empty());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_other_servers_answer_for_themselves() {
    in_every_dialect(async |cluster| {
        let doubled = cluster.io(0).server_side_emit_with_ack::<u32>("double", 21).await.unwrap();
        assert_eq!(doubled, [42, 42]);
        // Sockets keep this name for themselves, servers do not.
        assert!(cluster.io(0).server_side_emit("disconnect", ()).is_ok());
        assert!(cluster.io(0).server_side_emit("new_namespace", ()).unwrap_err().is_encode());
        let silent = cluster.io(0).timeout(Duration::from_secs(1)).server_side_emit_with_ack::<u32>("silent", ());
        let BroadcastAckError::Missing(missing) = silent.await.unwrap_err() else { panic!("emitted") };
        assert_eq!((missing.responses.len(), missing.missing), (0, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_namespace_of_another_node_is_reached() {
    in_every_dialect(async |cluster| {
        let topics = cluster.bus.topics();
        let mut tenant = cluster.nodes[1].open().await;
        tenant.join("/tenant/7").await;
        settle().await;
        cluster.io(0).of("/tenant/7").emit("rent", 100).unwrap();
        assert_eq!(tenant.hear().await, r#"2/tenant/7,["rent",100]"#);
        // Who spoke has nobody there, and is not waited for.
        let there = cluster.io(1).of("/tenant/7").fetch_sockets().await.unwrap();
        assert_eq!(there.len(), 1);
        // What was listened to for it is not when it has gone.
        drop(tenant);
        settle().await;
        assert_eq!(cluster.bus.topics(), topics);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn clients_of_this_node_are_served_while_the_broker_is_away() {
    in_every_dialect(async |mut cluster| {
        assert_eq!(cluster.io(0).cluster_status(), ClusterStatus::Connected);
        cluster.bus.set_away(true);
        assert_eq!(cluster.io(0).cluster_status(), ClusterStatus::CutOff);
        cluster.io(0).emit("alone", ()).unwrap();
        assert_eq!(cluster.who_heard(r#"2["alone"]"#).await, ALL[..2]);
        // Nobody is waited for in vain longer than that.
        let error = cluster.io(0).timeout(Duration::from_secs(1)).fetch_sockets().await.unwrap_err();
        assert_eq!(error.found.len(), 2);
        assert!(error.missing > 0);
        cluster.bus.set_away(false);
        cluster.io(0).emit("together", ()).unwrap();
        assert_eq!(cluster.who_heard(r#"2["together"]"#).await, ALL);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_has_no_effect() {
    in_every_dialect(async |mut cluster| {
        let channels =
            ["socket.io#/#", "socket.io#/", "socket.io-request#/#", "socket.io-response#/#", "socket.io#/#room#"];
        let bytes: [&[u8]; 7] =
            [b"", b"{", b"[]", b"{\"type\":3}", b"\x93\x01\x02\x03", b"\xc1", b"{\"type\":6,\"data\":[]}"];
        for channel in channels {
            bytes.iter().for_each(|bytes| cluster.bus.publish(channel, *bytes));
        }
        cluster.io(0).emit("still", ()).unwrap();
        assert_eq!(cluster.who_heard(r#"2["still"]"#).await, ALL);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_takes_leave() {
    in_every_dialect(async |cluster| {
        cluster.io(0).close().await;
        assert!(matches!(cluster.io(0).emit("late", ()), Err(error) if EmitError::is_disconnected(&error)));
        // The others do not wait for it.
        let found = cluster.io(1).fetch_sockets().await.unwrap();
        assert_eq!(found.len(), 4);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn rooms_of_all_nodes_are_known_to_classic_nodes() {
    let mut cluster = Cluster::new(DIALECTS[0].1).await;
    cluster.join(0, 0, "a").await;
    cluster.join(1, 0, "a").await;
    cluster.join(2, 0, "b").await;
    let rooms = cluster.io(0).fetch_rooms().await.unwrap();
    assert_eq!(rooms, ["a", "b"].map(Arc::from));
    assert_eq!(cluster.io(0).rooms(), ["a"].map(Arc::from));
}

#[tokio::test(start_paused = true)]
async fn only_nodes_with_somebody_in_a_room_get_what_is_sent_there() {
    let mut cluster = Cluster::new(|| Box::<pintle_adapter::cluster::dialect::Sharded>::default()).await;
    let topics = cluster.bus.topics();
    cluster.join(1, 0, "a").await;
    cluster.join(1, 1, "a").await;
    assert_eq!(cluster.bus.topics(), topics + 1, "one for both");
    cluster.io(0).to("a").emit("hi", ()).unwrap();
    assert_eq!(cluster.who_heard(r#"2["hi"]"#).await, [(1, 0), (1, 1)]);
    assert_eq!(cluster.bus.channels(), ["socket.io#/#a#"]);
    cluster.clients[1].clear();
    settle().await;
    assert_eq!(cluster.bus.topics(), topics);
}
