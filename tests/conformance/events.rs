//! Events and acknowledgements.

use pintle_tests::{Client, Packet, Transport};

use crate::Host;

/// A client that has joined `/` and heard `auth`.
async fn joined(host: &Host, transport: Transport) -> Client {
    let mut client = Client::join(host.socket_io(), transport).await;
    assert_eq!(client.text().await, r#"42["auth",{}]"#);
    client
}

/// P-02
#[tokio::test]
async fn an_event_with_text_comes_back() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        client.send(r#"42["message",1,"2",{"3":[true]}]"#).await;
        assert_eq!(client.text().await, r#"42["message-back",1,"2",{"3":[true]}]"#);
    }
}

#[tokio::test]
async fn an_event_without_arguments_comes_back() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        client.send(r#"42["message"]"#).await;
        assert_eq!(client.text().await, r#"42["message-back"]"#);
    }
}

/// P-03
#[tokio::test]
async fn an_event_with_binary_comes_back() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        let args = r#"{"_placeholder":true,"num":0},"text",[{"_placeholder":true,"num":1}]"#;
        client.send(&format!(r#"452-["message",{args}]"#)).await;
        client.send_binary(&[1, 2, 3]).await;
        client.send_binary(&[4, 5, 6]).await;
        assert_eq!(client.text().await, format!(r#"452-["message-back",{args}]"#));
        assert_eq!(client.receive().await, Packet::Binary(vec![1, 2, 3]));
        assert_eq!(client.receive().await, Packet::Binary(vec![4, 5, 6]));
    }
}

/// P-02
#[tokio::test]
async fn an_event_with_text_is_acknowledged() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        client.send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#).await;
        assert_eq!(client.text().await, r#"43456[1,"2",{"3":[false]}]"#);
        client.send(r#"420["message-with-ack"]"#).await;
        assert_eq!(client.text().await, "430[]");
    }
}

/// P-03
#[tokio::test]
async fn an_event_with_binary_is_acknowledged() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        let args = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
        client.send(&format!(r#"452-789["message-with-ack",{args}]"#)).await;
        client.send_binary(&[1, 2, 3]).await;
        client.send_binary(&[4, 5, 6]).await;
        assert_eq!(client.text().await, format!("462-789[{args}]"));
        assert_eq!(client.receive().await, Packet::Binary(vec![1, 2, 3]));
        assert_eq!(client.receive().await, Packet::Binary(vec![4, 5, 6]));
    }
}

/// P-15, H-113
#[tokio::test]
async fn acknowledgements_carry_the_id_they_were_asked_for() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        for id in [0_u64, 1, 12_345, 4_294_967_296, 9_007_199_254_740_991] {
            client.send(&format!(r#"42{id}["message-with-ack",{id}]"#)).await;
            assert_eq!(client.text().await, format!("43{id}[{id}]"));
        }
    }
}

/// P-12
#[tokio::test]
async fn ten_attachments_are_allowed() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        let args: Vec<_> = (0..10).map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#)).collect();
        let args = args.join(",");
        client.send(&format!(r#"4510-["message",{args}]"#)).await;
        for number in 0..10 {
            client.send_binary(&[number]).await;
        }
        assert_eq!(client.text().await, format!(r#"4510-["message-back",{args}]"#));
        for number in 0..10 {
            assert_eq!(client.receive().await, Packet::Binary(vec![number]));
        }
    }
}

/// P-17: a number is a name, whether somebody listens or not.
#[tokio::test]
async fn p_17_an_event_may_be_called_by_a_number() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        client.send(r#"42[7,"seven"]"#).await;
        client.send("42[-1.5]").await;
        client.send(r#"42["message","still here"]"#).await;
        assert_eq!(client.text().await, r#"42["message-back","still here"]"#);
    }
}

/// P-21
#[tokio::test]
async fn p_21_an_attachment_may_be_meant_twice_or_not_at_all() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        let one = r#"{"_placeholder":true,"num":1}"#;
        client.send(&format!(r#"452-["message",{one},{one}]"#)).await;
        client.send_binary(&[1]).await;
        client.send_binary(&[2]).await;
        let args = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
        assert_eq!(client.text().await, format!(r#"452-["message-back",{args}]"#));
        assert_eq!(client.receive().await, Packet::Binary(vec![2]));
        assert_eq!(client.receive().await, Packet::Binary(vec![2]));
    }
}

/// P-24: a client may well say so.
#[tokio::test]
async fn a_placeholder_in_a_text_event_is_the_users() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        client.send(r#"42["message",{"_placeholder":true,"num":0}]"#).await;
        assert_eq!(client.text().await, r#"42["message-back",{"_placeholder":true,"num":0}]"#);
    }
}

/// H-126: the heartbeat is none of Socket.IO's business.
#[tokio::test]
async fn a_heartbeat_may_come_between_attachments() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        client.send(r#"451-["message",{"_placeholder":true,"num":0}]"#).await;
        client.send("3").await;
        client.send("6").await;
        client.send_binary(&[1]).await;
        assert_eq!(client.text().await, r#"451-["message-back",{"_placeholder":true,"num":0}]"#);
        assert_eq!(client.receive().await, Packet::Binary(vec![1]));
    }
}

/// P-23, H-114
#[tokio::test]
async fn what_nobody_waits_for_is_ignored() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        client.send(r#"42["nobody listens",1]"#).await;
        client.send(r#"4212["nobody listens",1]"#).await;
        client.send("437[]").await;
        client.send(r#"43999999["late"]"#).await;
        client.send(r#"42["message","still here"]"#).await;
        assert_eq!(client.text().await, r#"42["message-back","still here"]"#);
    }
}

/// H-116: as deep as JSON may be everywhere.
#[tokio::test]
async fn arguments_may_be_nested() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        client.send(&format!(r#"42["message",{deep}]"#)).await;
        assert_eq!(client.text().await, format!(r#"42["message-back",{deep}]"#));
    }
}

/// P-36
#[tokio::test]
async fn events_keep_their_order() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = joined(&host, transport).await;
        for number in 0..100_u8 {
            client.send(&format!(r#"42["message",{number}]"#)).await;
            client.send(r#"451-["message",{"_placeholder":true,"num":0}]"#).await;
            client.send_binary(&[number]).await;
        }
        for number in 0..100_u8 {
            assert_eq!(client.text().await, format!(r#"42["message-back",{number}]"#));
            assert_eq!(client.text().await, r#"451-["message-back",{"_placeholder":true,"num":0}]"#);
            assert_eq!(client.receive().await, Packet::Binary(vec![number]));
        }
    }
}

/// E-48
#[tokio::test]
async fn one_request_carries_several_events() {
    let host = Host::start().await;
    let mut client = joined(&host, Transport::Polling).await;
    client.send("42[\"message\",1]\u{1e}451-[\"message\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==\u{1e}42[\"message\",3]").await;
    assert_eq!(client.text().await, r#"42["message-back",1]"#);
    assert_eq!(client.text().await, r#"451-["message-back",{"_placeholder":true,"num":0}]"#);
    assert_eq!(client.receive().await, Packet::Binary(vec![1]));
    assert_eq!(client.text().await, r#"42["message-back",3]"#);
}
