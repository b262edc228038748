//! A client that does not read is closed once its outbox is full, and nobody else is held up.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use pintle::{DisconnectReason, Socket, SocketIoLayer};
use pintle_tests::{Client, Transport, within};

use crate::serve;

type Departures = Arc<Mutex<Vec<(String, String)>>>;

async fn note(State(departures): State<Departures>, socket: Socket, reason: DisconnectReason) {
    departures.lock().expect("no panic").push((socket.id().to_string(), reason.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_closed_and_no_other() {
    let text = "x".repeat(100_000);
    for slow_transport in Transport::BOTH {
        let departures = Departures::default();
        let layer = SocketIoLayer::new().on_disconnect(note).with_state(Arc::clone(&departures));
        let (server, io) = serve(layer).await;
        let mut slow = Client::open(server.socket_io(), slow_transport).await;
        slow.send("40").await;
        let slow_id = slow.connected("").await;
        let mut others = Vec::new();
        for transport in Transport::BOTH {
            others.push(Client::join(server.socket_io(), transport).await);
        }
        let mut emitted = 0;
        let flood = async {
            // The buffers of the operating system fill first; they hold some megabytes at the most.
            while departures.lock().expect("no panic").is_empty() {
                // An error for one recipient is none of the caller's: what is emitted is for whoever can take it.
                io.emit("news", (emitted, &text)).expect("what can be written as JSON");
                for other in &mut others {
                    let expected = format!(r#"42["news",{emitted},"{text}"]"#);
                    assert!(other.text().await == expected, "number {emitted} came as it was");
                }
                emitted += 1;
            }
        };
        within("the slow client to be closed", flood).await;
        assert_eq!(*departures.lock().expect("no panic"), [(slow_id, "outbox overflow".to_owned())]);
        assert_eq!(io.sockets().len(), others.len());
        // More than the outbox holds has gone to the others.
        assert!(emitted * text.len() > 1024 * 1024, "{emitted} events");
        slow.closed().await;
    }
}
