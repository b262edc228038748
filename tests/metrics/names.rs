//! No client makes up a name: what is counted by a label has as many values as the app has declared.

use pintle::{Ack, Namespace, Socket, SocketIoLayer};
use pintle_tests::{Client, Transport};

use crate::Counted;

#[tokio::test]
async fn h148_labels_are_of_what_was_declared_and_all_else_is_other() {
    let anything = async |_: Socket| true;
    let layer = SocketIoLayer::new()
        .on("known", async || {})
        .fallback(async || Ack(()))
        .on_connect(async |socket: Socket| {
            socket.on("made up at run time", async || {});
        })
        .namespace("/tenant/{id}", Namespace::new().on("known", async || {}).fallback(async || Ack(())))
        .dynamic_namespace(anything, Namespace::new().fallback(async || Ack(())));
    let server = Counted::start(layer).await;
    let before = server.counts.names();
    let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
    client.send(r#"42["known"]"#).await;
    client.send(r#"42["made up at run time"]"#).await;
    for number in 0..20 {
        client.send(&format!(r#"421["event{number}"]"#)).await;
        assert_eq!(client.text().await, "431[]");
        for namespace in [format!("/tenant/{number}"), format!("/other{number}")] {
            client.send(&format!("40{namespace},")).await;
            client.connected(&format!("{namespace},")).await;
            client.send(&format!(r#"42{namespace},1["event{number}"]"#)).await;
            assert_eq!(client.text().await, format!("43{namespace},1[]"));
        }
    }
    let events = |namespace, event| format!("pintle_events_total{{namespace={namespace:?},event={event:?}}}");
    server
        .counts(&[
            (r#"pintle_handshakes_total{result="accepted"}"#, 1),
            (r#"pintle_sessions{transport="websocket"}"#, 1),
            (r#"pintle_connects_total{result="accepted"}"#, 41),
            (r#"pintle_sockets{namespace="/"}"#, 1),
            (r#"pintle_sockets{namespace="/tenant/{id}"}"#, 20),
            (r#"pintle_sockets{namespace="other"}"#, 20),
            (&events("/", "known"), 1),
            (&events("/", "other"), 21),
            (&events("/tenant/{id}", "other"), 20),
            (&events("other", "other"), 20),
        ])
        .await;
    assert_eq!(server.counts.names(), before, "all names were known before the first client came");
    drop(client);
    server.count(r#"pintle_sockets{namespace="/tenant/{id}"}"#, 0).await;
    server.count(r#"pintle_sockets{namespace="other"}"#, 0).await;
}
