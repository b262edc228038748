//! Messages of plain Engine.IO, there and back.

use pintle_tests::{Client, Packet, Polling, Transport, WebSocket, encode_binary};

use crate::Host;

/// E-47
#[tokio::test]
async fn a_text_comes_back() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        client.send("4hello").await;
        assert_eq!(client.receive().await, Packet::from("4hello"));
    }
}

/// E-47
#[tokio::test]
async fn binary_comes_back() {
    let host = Host::start().await;
    let every_byte: Vec<u8> = (0..=255).collect();
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        for data in [&[1, 2, 3, 4][..], &[0], &every_byte] {
            client.send_binary(data).await;
            assert_eq!(client.receive().await, Packet::from(data));
        }
    }
}

/// E-47: nothing and an empty text are the same.
#[tokio::test]
async fn an_empty_text_comes_back() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        client.send("4").await;
        assert_eq!(client.receive().await, Packet::from("4"));
    }
}

/// H-057
#[tokio::test]
async fn a_text_is_not_changed() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        for text in ["4é日本語🦀", "4\u{feff}bom", "4\r\n\t\0\u{7f}", "4\u{2028}\u{2029}", "4b4", "4\"\\", "4 \n "]
        {
            client.send(text).await;
            assert_eq!(client.receive().await, Packet::from(text));
        }
    }
}

#[tokio::test]
async fn messages_keep_their_order() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        for number in 0..100_u8 {
            client.send(&format!("4{number}")).await;
            client.send_binary(&[number]).await;
        }
        for number in 0..100_u8 {
            assert_eq!(client.receive().await, Packet::Text(format!("4{number}")));
            assert_eq!(client.receive().await, Packet::Binary(vec![number]));
        }
    }
}

#[tokio::test]
async fn large_messages_come_back() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        // Around the lengths at which a WebSocket frame's header grows.
        for length in [125, 126, 127, 65_534, 65_535, 65_536, 300_000] {
            let text = format!("4{}", "x".repeat(length - 1));
            client.send(&text).await;
            assert!(client.receive().await == Packet::Text(text), "text of {length}");
            let data = vec![7; length];
            client.send_binary(&data).await;
            assert!(client.receive().await == Packet::Binary(data), "binary of {length}");
        }
    }
}

/// E-48
#[tokio::test]
async fn one_request_carries_several_packets() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    session.push("4first\u{1e}bAQIDBA==\u{1e}4third").await;
    for expected in ["4first", "bAQIDBA==", "4third"] {
        assert_eq!(session.receive().await, expected);
    }
}

/// E-36, E-48: what waits leaves at once.
#[tokio::test]
async fn one_response_carries_all_that_waits() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    session.push("4first").await;
    session.push(encode_binary(b"second")).await;
    session.push("4third").await;
    assert_eq!(session.poll().await, ["4first", "bc2Vjb25k", "4third"]);
}

/// E-47, H-085a
#[tokio::test]
async fn base64_is_binary_on_a_websocket_too() {
    let host = Host::start().await;
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    socket.send("bAQIDBA==").await;
    assert_eq!(socket.receive().await.binary(), Some(&[1, 2, 3, 4][..]));
}

/// H-058: clients differ in what they leave out.
#[tokio::test]
async fn base64_may_lack_its_padding() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    for (sent, back) in [("bAQ", "bAQ=="), ("bAQI", "bAQI="), ("b-_8=", "b+/8="), ("b", "b")] {
        session.push(sent).await;
        assert_eq!(session.receive().await, back, "{sent}");
    }
}

/// H-044: clients do batch thousands.
#[tokio::test]
async fn one_request_carries_thousands_of_packets() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let payload: Vec<String> = (0..5000).map(|number| format!("4{number}")).collect();
    session.push(payload.join("\u{1e}")).await;
    for packet in payload {
        assert_eq!(session.receive().await, packet);
    }
}
