//! Many sockets at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pintle::{BroadcastAckError, MissingAcks, SocketIoLayer};
use pintle_tests::{Frame, WebSocket, within};
use serde::{Serialize, Serializer};
use serde_json::json;
use tokio::task::JoinSet;

use crate::scene::Scene;

const CLIENTS: usize = 1_000;
const SILENT: usize = 10;

/// Counts how often it is written.
struct Question(AtomicUsize);

impl Serialize for Question {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_str("are you there?")
    }
}

/// All but a few answer, among them the official client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_32_s_33_a_thousand_are_asked_with_one_encoding_and_one_id() {
    let Some(scene) = Scene::set(SocketIoLayer::new()).await else { return };
    let Scene { io, node, server } = &scene;
    let real = node.connect().await;
    real.answer("question", json!([CLIENTS - 1])).await;
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS - 1 {
        let endpoint = server.socket_io();
        clients.spawn(async move {
            let (mut client, _) = WebSocket::open(endpoint).await;
            client.send("40").await;
            assert!(client.text().await.starts_with("40{"));
            (number, client)
        });
    }
    let clients = clients.join_all().await;
    assert_eq!(io.sockets().len(), CLIENTS);

    let question = Question(AtomicUsize::new(0));
    let asked = io.timeout(Duration::from_secs(5)).emit_with_ack::<usize>("question", &question);
    let mut answering = JoinSet::new();
    for (number, mut client) in clients {
        answering.spawn(async move {
            let frame = client.receive().await;
            if number >= SILENT {
                client.send(format!("43{}[{number}]", id_of(&frame))).await;
            }
            (frame, client)
        });
    }
    let error = within("the answers", asked).await.unwrap_err();
    assert_eq!(error.to_string(), "operation has timed out: 990 answered, 10 did not");
    let BroadcastAckError::Missing(MissingAcks { mut responses, missing, .. }) = error else { panic!("{error}") };
    responses.sort_unstable();
    assert_eq!(missing, SILENT);
    assert!(responses.into_iter().eq(SILENT..CLIENTS), "each answer once");

    assert_eq!(question.0.load(Ordering::Relaxed), 1, "written once");
    let mut asked = answering.join_all().await;
    let (first, _) = &asked[0];
    assert!(asked.iter().all(|(frame, _)| frame == first), "the same bytes for all");
    // An answer that comes too late does no harm.
    let late = format!("43{}[0]", id_of(&asked[0].0));
    for (_, client) in asked.iter_mut().take(2 * SILENT) {
        client.send(&late).await;
        client.assert_open().await;
    }
}

/// The id of the event that a client is to acknowledge.
fn id_of(frame: &Frame) -> u64 {
    let text = frame.text().expect("an event without bytes");
    let id = text.strip_prefix("42").and_then(|rest| rest.strip_suffix(r#"["question","are you there?"]"#));
    id.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("the question with an id, not {text}"))
}
