//! Floods whose answers are larger than they are.

use pintle::Namespace;
use pintle_tests::{Client, Polling, Transport, split};

use super::mirror::{Departures, mirror};
use crate::scene::{Scene, realtime};

/// What `40/x,` is answered with, which is six times as long.
const REFUSAL: &str = r#"44/x,{"message":"Invalid namespace"}"#;
const FLOOD: usize = 100_000;

#[tokio::test]
async fn h044_h123_who_reads_gets_every_refusal_and_no_more_waits_than_is_allowed() {
    let scene = Scene::set(mirror(Departures::default())).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let session = Polling::open(endpoint).await;
        let read = async {
            let mut refused = 0;
            while refused < FLOOD {
                let response = session.get().await;
                assert_eq!(response.status, 200, "after {refused}: {}", response.text());
                assert!(response.body.len() < 2 << 20, "{} bytes at once", response.body.len());
                for packet in split(response.text()) {
                    match &*packet {
                        "2" => {}
                        packet => assert_eq!(packet, REFUSAL),
                    }
                    refused += usize::from(packet != "2");
                }
            }
        };
        let flood = vec!["40/x,"; FLOOD].join("\u{1e}");
        tokio::join!(read, session.push(flood));
        session.push("1").await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

/// The server stops reading when much waits, and the session ends by its heartbeat: there is no answer to it.
#[tokio::test]
async fn h044_h123_who_does_not_read_is_not_read_from_and_goes() {
    let scene = Scene::set(realtime()).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let session = Polling::open(endpoint).await;
        let response = session.post(vec!["40/x,"; FLOOD].join("\u{1e}")).await;
        assert_eq!((response.status, response.text()), (400, ""));
        session.vanished().await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn h123_a_client_is_in_a_hundred_namespaces_at_most() {
    let scene = Scene::set(realtime().namespace("/room/{number}", Namespace::new())).await;
    for transport in Transport::BOTH {
        let endpoint = scene.endpoint();
        let attack = async move {
            let mut client = Client::open(endpoint, transport).await;
            for number in 0..100 {
                client.send(&format!("40/room/{number},")).await;
                client.connected(&format!("/room/{number},")).await;
            }
            // One that has left makes room for another.
            client.send("41/room/7,").await;
            client.send("40/room/100,").await;
            client.connected("/room/100,").await;
            client.offend("40/room/101,").await;
            client.closed().await;
        };
        scene.elsewhere.run(attack).await;
    }
    // They were made for this client, and have gone with it.
    scene.unharmed().await;
}
