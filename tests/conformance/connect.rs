//! Joining and leaving namespaces.

use std::time::{Duration, Instant};

use pintle_tests::{Client, Polling, Transport, judging_reference};
use serde_json::{Value, json};

use crate::Host;

/// P-35: the answer is the socket's id and nothing else.
fn assert_connected(answer: &str, namespace: &str) -> String {
    let body = answer.strip_prefix(&format!("40{namespace}")).expect(answer);
    let body: Value = serde_json::from_str(body).expect("JSON");
    let sid = body["sid"].as_str().expect("an id").to_owned();
    assert_eq!(body, json!({ "sid": sid }));
    assert_eq!(sid.len(), 20);
    sid
}

/// P-35
#[tokio::test]
async fn a_client_joins_the_main_namespace() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.socket_io(), transport).await;
        client.send("40").await;
        assert_connected(&client.text().await, "");
        assert_eq!(client.text().await, r#"42["auth",{}]"#);
    }
}

/// S-41
#[tokio::test]
async fn a_client_joins_the_main_namespace_with_auth() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.socket_io(), transport).await;
        client.send(r#"40{"token":"123","deep":[1,{"é":null}]}"#).await;
        assert_connected(&client.text().await, "");
        let event = client.text().await;
        let event: Value = serde_json::from_str(event.strip_prefix("42").expect("an event")).expect("JSON");
        assert_eq!(event, json!(["auth", { "token": "123", "deep": [1, { "é": null }] }]));
    }
}

/// P-14, P-35
#[tokio::test]
async fn a_client_joins_a_custom_namespace() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        // The comma may be missing when nothing follows.
        for connect in ["40/custom,", "40/custom"] {
            let mut client = Client::open(host.socket_io(), transport).await;
            client.send(connect).await;
            assert_connected(&client.text().await, "/custom,");
            assert_eq!(client.text().await, r#"42/custom,["auth",{}]"#);
        }
    }
}

/// S-41
#[tokio::test]
async fn a_client_joins_a_custom_namespace_with_auth() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.socket_io(), transport).await;
        client.send(r#"40/custom,{"token":"abc"}"#).await;
        assert_connected(&client.text().await, "/custom,");
        assert_eq!(client.text().await, r#"42/custom,["auth",{"token":"abc"}]"#);
    }
}

/// S-40: the connection's id is a secret, and a socket's is not.
#[tokio::test]
async fn every_socket_has_an_id_of_its_own() {
    let host = Host::start().await;
    let session = Polling::open(host.socket_io()).await;
    let connection = session.sid().to_owned();
    let mut client = Client::Polling(session);
    client.send("40").await;
    let main = assert_connected(&client.text().await, "");
    client.text().await;
    client.send("40/custom,").await;
    let custom = assert_connected(&client.text().await, "/custom,");
    assert!(main != custom && main != connection && custom != connection);
}

/// P-34, H-122
#[tokio::test]
async fn an_unknown_namespace_is_refused_and_the_connection_kept() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.socket_io(), transport).await;
        for namespace in ["/random", "/custom/", "/CUSTOM", "/custom?token=abc", "//custom", "/a/../custom", "/é"] {
            client.send(&format!("40{namespace},")).await;
            let refusal = format!(r#"44{namespace},{{"message":"Invalid namespace"}}"#);
            assert_eq!(client.text().await, refusal);
        }
        client.send("40").await;
        assert_connected(&client.text().await, "");
    }
}

/// P-17, H-121
#[tokio::test]
async fn auth_that_is_no_object_ends_the_connection() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        for packet in ["40[]", "40\"abc\"", "40null", "40true", "40{", "40/custom,\"abc\"", "40abc"] {
            let mut client = Client::open(host.socket_io(), transport).await;
            client.offend(packet).await;
            client.closed().await;
        }
    }
}

/// S-05, P-30
#[tokio::test]
async fn a_client_that_joins_nothing_is_closed() {
    let host = Host::hasty().await;
    for transport in Transport::BOTH {
        let opened = Instant::now();
        let mut client = Client::open(host.socket_io(), transport).await;
        client.closed().await;
        assert!(opened.elapsed() >= Duration::from_millis(980), "{:?}", opened.elapsed());
    }
}

/// S-05: who was refused has joined nothing.
#[tokio::test]
async fn a_client_that_was_only_refused_is_closed() {
    let host = Host::hasty().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.socket_io(), transport).await;
        client.send("40/random,").await;
        client.closed().await;
    }
}

/// S-05, P-33: who left is connected all the same.
#[tokio::test]
async fn a_client_that_left_has_time_to_join_again() {
    let host = Host::hasty().await;
    let mut client = Client::join(host.socket_io(), Transport::WebSocket).await;
    client.send("41").await;
    let left = Instant::now();
    let Client::WebSocket(socket) = &mut client else { unreachable!("as opened") };
    // `auth` and heartbeats come meanwhile.
    while left.elapsed() < Duration::from_millis(500) {
        if socket.text().await == "2" {
            socket.send("3").await;
        }
    }
    client.send("40").await;
    client.connected("").await;
}

/// S-05: a connection without a namespace is of no use to anybody. Node keeps it.
#[tokio::test]
async fn a_client_that_left_for_good_is_closed() {
    if judging_reference() {
        return;
    }
    let host = Host::hasty().await;
    for transport in Transport::BOTH {
        let mut client = Client::join(host.socket_io(), transport).await;
        client.send("41").await;
        let left = Instant::now();
        client.closed().await;
        assert!(left.elapsed() >= Duration::from_millis(980), "{:?}", left.elapsed());
    }
}

/// P-33
#[tokio::test]
async fn a_client_leaves_and_joins_again() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.socket_io(), transport).await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            client.send("40").await;
            ids.push(assert_connected(&client.text().await, ""));
            assert_eq!(client.text().await, r#"42["auth",{}]"#);
            client.send("41").await;
            if judging_reference() {
                // Node takes what comes in one read as simultaneous.
                client.assert_open().await;
            }
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3, "each time a new socket");
    }
}

/// P-33
#[tokio::test]
async fn a_client_leaves_one_namespace_and_stays_in_another() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::join(host.socket_io(), transport).await;
        assert_eq!(client.text().await, r#"42["auth",{}]"#);
        client.send("40/custom,").await;
        client.connected("/custom,").await;
        assert_eq!(client.text().await, r#"42/custom,["auth",{}]"#);
        client.send("41/custom,").await;
        client.send(r#"42["message","still here"]"#).await;
        assert_eq!(client.text().await, r#"42["message-back","still here"]"#);
    }
}
