//! What a client may not say, and what becomes of its connection.

use std::time::Duration;

use pintle_tests::{Client, Polling, Transport, judging_reference};

use crate::Host;

/// Asserts that each packet, sent by a client that has joined `/`, ends its connection; on either transport.
async fn assert_each_closes(packets: &[&str]) {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        for packet in packets {
            let mut client = Client::join(host.socket_io(), transport).await;
            client.offend(packet).await;
            client.closed().await;
        }
    }
}

/// P-10, P-22, H-110
#[tokio::test]
async fn an_unknown_packet_type() {
    assert_each_closes(&["4", "47", "48", "49", "4a", "4-1", "4 2[\"message\"]", "4{}"]).await;
}

/// P-11, P-13
#[tokio::test]
async fn a_number_of_attachments_that_is_none() {
    let packets = [
        "45",
        "451",
        "45a-[]",
        "450-[\"message\"]",
        "45-[]",
        "45-1-[]",
        "451.5-[\"message\"]",
        "461",
        "45[\"message\"]",
    ];
    assert_each_closes(&packets).await;
}

/// P-12
#[tokio::test]
async fn too_many_attachments() {
    assert_each_closes(&[r#"4511-["message"]"#, r#"45999999999999999999999-["message"]"#, "4611-1[]"]).await;
}

/// P-16, H-115
#[tokio::test]
async fn a_payload_that_is_no_json() {
    assert_each_closes(&[
        "42{",
        "42[",
        "42[\"message\"",
        "42[\"message\",]",
        "42[\"message\"]x",
        "42[\"message\",NaN]",
        "42[\"message\",01]",
        "42[\"message\",'x']",
        "42[\"message\",\"\u{1}\"]",
        "42abc[\"message\"]",
        "421e3[\"message\"]",
        "42-1[\"message\"]",
    ])
    .await;
}

/// P-17
#[tokio::test]
async fn a_payload_of_the_wrong_shape() {
    assert_each_closes(&[
        "42{}",
        "42\"message\"",
        "42[]",
        "42[null]",
        "42[true]",
        "42[{}]",
        "42[[\"message\"]]",
        "43{}",
        "431{}",
        "41{}",
        "41[]",
    ])
    .await;
}

/// P-17, H-132: a client could otherwise call the server's own handlers.
#[tokio::test]
async fn a_reserved_event() {
    assert_each_closes(&[
        r#"42["connect"]"#,
        r#"42["connect_error"]"#,
        r#"42["disconnect"]"#,
        r#"42["disconnecting"]"#,
        r#"42["newListener"]"#,
        r#"42["removeListener"]"#,
        r#"42["dis\u0063onnect"]"#,
    ])
    .await;
}

/// P-31, H-119
#[tokio::test]
async fn a_packet_for_a_namespace_that_is_not_joined() {
    assert_each_closes(&[
        r#"42/custom,["message"]"#,
        r#"42/random,["message"]"#,
        "43/custom,1[]",
        "41/custom",
        "41/custom,",
    ])
    .await;
}

/// P-31, H-119
#[tokio::test]
async fn a_packet_before_any_namespace_is_joined() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        for packet in [r#"42["message"]"#, "430[]", "41"] {
            let mut client = Client::open(host.socket_io(), transport).await;
            client.offend(packet).await;
            client.closed().await;
        }
    }
}

/// P-31, H-119
#[tokio::test]
async fn a_packet_for_a_namespace_that_was_left() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::join(host.socket_io(), transport).await;
        client.send("41").await;
        if judging_reference() {
            // Node takes what comes in one read as simultaneous.
            client.assert_open().await;
        }
        client.offend(r#"42["message"]"#).await;
        client.closed().await;
    }
}

/// P-31, H-111
#[tokio::test]
async fn a_connection_error_from_a_client() {
    assert_each_closes(&[r#"44{"message":"no"}"#, r#"44"no""#, r#"44/custom,{"message":"no"}"#]).await;
}

/// P-31, H-120
#[tokio::test]
async fn joining_twice() {
    assert_each_closes(&["40", "40{}", "40/,"]).await;
}

/// P-32, H-120: Node makes two sockets of it.
#[tokio::test]
async fn joining_twice_in_one_request() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    let session = Polling::open(host.socket_io()).await;
    session.offend("40\u{1e}40").await;
    session.closed().await;
}

/// P-19
#[tokio::test]
async fn text_in_place_of_an_attachment() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        for packet in [r#"42["message"]"#, "40/custom,", "41", r#"451-["message",{"_placeholder":true,"num":0}]"#] {
            let mut client = Client::join(host.socket_io(), transport).await;
            client.send(r#"451-["message",{"_placeholder":true,"num":0}]"#).await;
            client.offend(packet).await;
            client.closed().await;
        }
    }
}

/// P-20, H-085a
#[tokio::test]
async fn binary_that_nobody_announced() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        for data in [&[1, 2, 3][..], br#"2["message"]"#] {
            let mut client = Client::join(host.socket_io(), transport).await;
            client.offend_with_binary(data).await;
            client.closed().await;
        }
    }
}

/// P-21, H-127
#[tokio::test]
async fn a_placeholder_for_no_attachment() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        for num in ["1", "-1", "99", "\"0\"", "null"] {
            let mut client = Client::join(host.socket_io(), transport).await;
            let packet = format!(r#"451-["message",{{"_placeholder":true,"num":{num}}}]"#);
            client.offend(&packet).await;
            // Node notices with the last attachment.
            client.offend_with_binary(&[1]).await;
            client.closed().await;
        }
    }
}

/// P-15, P-18, H-112, H-113, H-116: Node is lenient, or guesses.
#[tokio::test]
async fn what_node_lets_pass() {
    if judging_reference() {
        return;
    }
    let deep = format!(r#"42["message",{}{}]"#, "[".repeat(1000), "]".repeat(1000));
    assert_each_closes(&["42", "421", r#"42999999999999999999999["message"]"#, "401", &deep]).await;
}

/// E-43, P-31: the client hears of it with its next GET.
#[tokio::test]
async fn a_violation_closes_in_good_order_over_polling() {
    let host = Host::start().await;
    let session = Polling::open(host.socket_io()).await;
    session.push("40").await;
    assert_eq!(session.poll().await.len(), 2, "CONNECT and `auth`");
    session.offend("40").await;
    assert_eq!(session.get().await.text(), "6\u{1e}1");
    session.assert_gone().await;
}

/// E-43, E-57, P-31: what waits leaves with a response of its own. The official client hands an event on a little later
/// than it reads it, and would drop one that comes together with the close packet.
#[tokio::test]
async fn what_waits_is_sent_before_a_violation_closes() {
    let host = Host::start().await;
    let session = Polling::open(host.socket_io()).await;
    session.push("40").await;
    assert_eq!(session.poll().await.len(), 2, "CONNECT and `auth`");
    session.push(r#"42["message","last words"]"#).await;
    session.offend("40").await;
    assert_eq!(session.get().await.text(), r#"42["message-back","last words"]"#);
    assert_eq!(session.get().await.text(), "6\u{1e}1");
    session.assert_gone().await;
}

/// E-43, P-31
#[tokio::test]
async fn a_violation_answers_the_pending_get() {
    let host = Host::start().await;
    let session = Polling::open(host.socket_io()).await;
    session.push("40").await;
    assert_eq!(session.poll().await.len(), 2, "CONNECT and `auth`");
    let mut get = session.start_get().await;
    assert!(get.stays_silent(Duration::from_millis(50)).await);
    session.offend("40").await;
    let last = get.response().await;
    assert!(["1", "6\u{1e}1"].contains(&last.text()), "{}", last.text());
    session.assert_gone().await;
}

/// A violation is its sender's affair.
#[tokio::test]
async fn others_do_not_notice_a_violation() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut other = Client::join(host.socket_io(), transport).await;
        assert_eq!(other.text().await, r#"42["auth",{}]"#);
        for packet in ["40", "42[]", "4511-[\"message\"]"] {
            let mut culprit = Client::join(host.socket_io(), transport).await;
            culprit.offend(packet).await;
            culprit.closed().await;
        }
        other.send(r#"42["message","still here"]"#).await;
        assert_eq!(other.text().await, r#"42["message-back","still here"]"#);
    }
}
