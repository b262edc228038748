use std::sync::{Arc, Mutex};

use bytes::Bytes;
use pintle_adapter::cluster::dialect::{Classic, Dialect, Postgres, Sharded, Streams, Transmit};
use serde::Serialize;
use serde_json::json;

use crate::broker::{Broker, Carried, Cluster};
use crate::{EmitError, Emitter};

/// Takes everything, and remembers it.
#[derive(Debug, Default)]
struct Notebook(Mutex<Vec<Transmit>>);

impl Broker for Notebook {
    fn carry(self: Arc<Self>, transmit: Transmit) -> Carried {
        Box::pin(async move {
            self.0.lock().unwrap().push(transmit);
            Ok(())
        })
    }
}

fn emitter(dialect: impl Dialect + 'static) -> (Emitter, Arc<Notebook>) {
    let notebook = Arc::new(Notebook::default());
    (Emitter::new(Cluster { dialect: Box::new(dialect), broker: notebook.clone() }), notebook)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn published(notebook: &Notebook) -> Vec<(String, Vec<u8>)> {
    let transmits = std::mem::take(&mut *notebook.0.lock().unwrap());
    transmits
        .into_iter()
        .map(|transmit| match transmit {
            Transmit::Publish { channel, payload } => (channel, payload),
            other => panic!("published, not {other:?}"),
        })
        .collect()
}

fn texts(notebook: &Notebook) -> Vec<(String, String)> {
    published(notebook).into_iter().map(|(channel, payload)| (channel, String::from_utf8(payload).unwrap())).collect()
}

/// What notepack.io writes of what `@socket.io/redis-emitter` gives it, but for the order of `rooms`, `except` and `flags`, which
/// is that of a server.
#[tokio::test]
async fn classic_golden_vectors() {
    let (io, notebook) = emitter(Classic::default());
    io.to("room1").emit("test", (1, "2")).await.unwrap();
    io.emit("test", Bytes::from_static(&[3, 4])).await.unwrap();
    let data = json!({ "a": [1.5, null, true] });
    io.of("admin").to(["a", "b"]).except("c").volatile().compress(false).emit("e", data).await.unwrap();
    let published: Vec<_> =
        published(&notebook).into_iter().map(|(channel, payload)| (channel, hex(&payload))).collect();
    let expected = [
        (
            "socket.io#/#room1#",
            "93a7656d697474657283a47479706502a46461746193a47465737401a132a36e7370a12f83a5726f6f6d7391a5726f6f6d31a665786365\
             707490a5666c61677380",
        ),
        (
            "socket.io#/#",
            "93a7656d697474657283a47479706502a46461746192a474657374c4020304a36e7370a12f83a5726f6f6d7390a665786365707490a566\
             6c61677380",
        ),
        (
            "socket.io#/admin#",
            "93a7656d697474657283a47479706502a46461746192a16581a16193cb3ff8000000000000c0c3a36e7370a62f61646d696e83a5726f6f6d\
             7392a161a162a665786365707491a163a5666c61677382a8766f6c6174696c65c3a8636f6d7072657373c2",
        ),
    ];
    assert_eq!(published, expected.map(|(channel, bytes)| (channel.to_owned(), bytes.to_owned())));
}

/// As the official emitter has them, but with an `uid` everywhere, as servers have it.
#[tokio::test]
async fn classic_requests() {
    let (io, notebook) = emitter(Classic { prefix: "app".to_owned(), ..Classic::default() });
    io.in_("room1").join(["r2", "r3"]).await.unwrap();
    io.leave("r").await.unwrap();
    io.of("/admin").except("x").close_connections().await.unwrap();
    io.disconnect().await.unwrap();
    io.server_side_emit("hello", (1, "2")).await.unwrap();
    let expected = [
        ("app-request#/#", r#"{"uid":"emitter","type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["r2","r3"]}"#),
        ("app-request#/#", r#"{"uid":"emitter","type":3,"opts":{"rooms":[],"except":[]},"rooms":["r"]}"#),
        ("app-request#/admin#", r#"{"uid":"emitter","type":4,"opts":{"rooms":[],"except":["x"]},"close":true}"#),
        ("app-request#/#", r#"{"uid":"emitter","type":4,"opts":{"rooms":[],"except":[]},"close":false}"#),
        ("app-request#/#", r#"{"uid":"emitter","type":6,"data":["hello",1,"2"]}"#),
    ];
    assert_eq!(texts(&notebook), expected.map(|(channel, json)| (channel.to_owned(), json.to_owned())));
}

#[tokio::test]
async fn sharded_channels_are_those_of_rooms() {
    let (io, notebook) = emitter(Sharded::default());
    let socket = "x".repeat(20);
    io.to("room1").emit("test", 1).await.unwrap();
    io.to(&socket).emit("test", ()).await.unwrap();
    io.server_side_emit("hello", ()).await.unwrap();
    let expected = [
        (
            "socket.io#/#room1#",
            r#"{"type":3,"data":{"packet":{"type":2,"data":["test",1]},"opts":{"rooms":["room1"],"except":[],"flags":{}}},"uid":"emitter","nsp":"/"}"#,
        ),
        (
            "socket.io#/#",
            r#"{"type":3,"data":{"packet":{"type":2,"data":["test"]},"opts":{"rooms":["xxxxxxxxxxxxxxxxxxxx"],"except":[],"flags":{}}},"uid":"emitter","nsp":"/"}"#,
        ),
        ("socket.io#/#", r#"{"type":9,"data":{"packet":["hello"]},"uid":"emitter","nsp":"/"}"#),
    ];
    assert_eq!(texts(&notebook), expected.map(|(channel, json)| (channel.to_owned(), json.to_owned())));
}

/// All of it goes into the stream, as the official emitter has it.
#[tokio::test]
async fn streams_entries() {
    let (io, notebook) = emitter(Streams { stream_count: 5, ..Streams::default() });
    io.emit("t", Bytes::from_static(&[3, 4])).await.unwrap();
    io.join("r").await.unwrap();
    io.leave("r").await.unwrap();
    io.disconnect().await.unwrap();
    io.server_side_emit("hello", 1).await.unwrap();
    let opts = r#""opts":{"rooms":[],"except":[],"flags":{}}"#;
    let expected = [
        ("3", "gqZwYWNrZXSCpHR5cGUCpGRhdGGSoXTEAgMEpG9wdHODpXJvb21zkKZleGNlcHSQpWZsYWdzgA==".to_owned()),
        ("4", format!(r#"{{{opts},"rooms":["r"]}}"#)),
        ("5", format!(r#"{{{opts},"rooms":["r"]}}"#)),
        ("6", format!(r#"{{{opts},"close":false}}"#)),
        ("9", r#"{"packet":["hello",1]}"#.to_owned()),
    ]
    .map(|(kind, data)| Transmit::Append {
        stream: "socket.io-2".to_owned(),
        fields: vec![("uid", "emitter".to_owned()), ("nsp", "/".to_owned()), ("type", kind.to_owned()), ("data", data)],
    });
    assert_eq!(*notebook.0.lock().unwrap(), expected);
}

/// With the namespace, which the official emitter leaves out and today's adapter asks for.
#[tokio::test]
async fn postgres_notifications() {
    let (io, notebook) = emitter(Postgres::default());
    io.of("/admin").to("r").emit("e", 1).await.unwrap();
    let expected = (
        "socket.io#/admin".to_owned(),
        r#"{"type":3,"data":{"packet":{"type":2,"data":["e",1]},"opts":{"rooms":["r"],"except":[],"flags":{}}},"uid":"emitter","nsp":"/admin"}"#.to_owned(),
    );
    assert_eq!(texts(&notebook), [expected]);
    for data in [Bytes::from_static(&[3, 4]), Bytes::from(vec![0; 8000])] {
        io.emit("t", data).await.unwrap();
        let transmit = notebook.0.lock().unwrap().pop();
        let Some(Transmit::Attach { channel, attachment, .. }) = transmit else {
            panic!("put aside, not {transmit:?}")
        };
        assert_eq!((&*channel, &*attachment.uid, attachment.kind), ("socket.io#/", "emitter", 3));
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error() {
    let (io, notebook) = emitter(Classic::default());
    let emitted = async |event: &str| io.emit(event, 1).await.unwrap_err();
    for reserved in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        assert!(emitted(reserved).await.is_encode(), "{reserved}");
    }
    for reserved in ["connection", "new_namespace"] {
        io.emit(reserved, ()).await.unwrap();
        assert!(io.server_side_emit(reserved, ()).await.unwrap_err().is_encode(), "{reserved}");
    }
    notebook.0.lock().unwrap().clear();

    struct Bad;
    impl Serialize for Bad {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    let ghost = json!({ "_placeholder": true, "num": 7 });
    let errors: [EmitError; 2] =
        [io.emit("e", Bad).await.unwrap_err(), io.emit("e", (Bytes::new(), ghost)).await.unwrap_err()];
    assert!(errors.iter().all(EmitError::is_encode), "{errors:?}");
    assert!(notebook.0.lock().unwrap().is_empty());
}

/// So that handlers of any runtime may hold one.
#[test]
fn what_is_awaited_may_change_threads() {
    fn travels<T: Send + Sync + Clone + 'static>(_: &T) {}
    fn changes_threads<T: Send + 'static>(_: &T) {}
    let (io, _) = emitter(Classic::default());
    travels(&io);
    travels(&io.to("r"));
    let text = "a borrowed one".to_owned();
    changes_threads(&io.emit("e", &text));
}
