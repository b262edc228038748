use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{FromRef, State};
use pintle_proto::Args;
use serde_json::json;

use super::*;
use crate::ack::Ack;
use crate::extract::{Data, Event, Params};
use crate::layer::SocketIoLayer;
use crate::namespace::Namespace;
use crate::namespaces::Found;

/// What a handler of `/` answers: nothing if there is none, and nothing if it has no answer.
async fn asked(layer: SocketIoLayer, event: &str, args: &str) -> Option<Option<serde_json::Value>> {
    asked_in(&layer.io(), "/", event, args).await
}

async fn asked_in(io: &SocketIo, namespace: &str, event: &str, args: &str) -> Option<Option<serde_json::Value>> {
    let Found::Nsp(nsp) = io.namespaces().find(namespace, 0) else { panic!("{namespace} is a namespace") };
    let (_, args) = Args::of_event(&format!("[\"_\"{args}]")).unwrap();
    let said = nsp.handlers().server_event(io, &nsp, event, args)?.await;
    Some(said.map(|said| match said {
        Said::SideEmit(value) => value.map_or(json!("no value"), |value| serde_json::to_value(value).unwrap()),
        other => panic!("{other:?} is no answer to an event"),
    }))
}

#[derive(Clone)]
struct App {
    calls: Arc<AtomicUsize>,
}

impl FromRef<App> for Arc<AtomicUsize> {
    fn from_ref(app: &App) -> Self {
        app.calls.clone()
    }
}

#[tokio::test]
async fn a_handler_gets_what_it_asks_for_in_any_order_and_answers() {
    async fn handler(
        Data((first, second)): Data<(u8, String)>,
        io: SocketIo,
        State(app): State<App>,
        State(calls): State<Arc<AtomicUsize>>,
        Event(name): Event,
        all: Args,
        event: ServerEvent,
    ) -> Ack<serde_json::Value> {
        assert!(Arc::ptr_eq(&app.calls, &calls));
        calls.fetch_add(1, Ordering::Relaxed);
        let all = serde_json::to_value(&all).unwrap();
        Ack(json!([first, second, &*name, all, event.namespace(), event.event(), io.sockets().len()]))
    }
    let app = App { calls: Arc::default() };
    let layer = SocketIoLayer::new().on_server_event("refresh", handler).with_state(app.clone());
    let answer = asked(layer, "refresh", r#",1,"two",3"#).await;
    assert_eq!(answer, Some(Some(json!([1, "two", "refresh", [1, "two", 3], "/", "refresh", 0]))));
    assert_eq!(app.calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_answer_is_one_value_or_none() {
    let layer = || {
        SocketIoLayer::new()
            .on_server_event("nothing", async || ())
            .on_server_event("done", async || Ack(()))
            .on_server_event("two", async || Ack(("first", "second")))
            .on_server_event("list", async || Ack(vec![1, 2]))
            .on_server_event("perhaps", async |data: Option<Data<u8>>| Ack(data.map(|Data(data)| data)))
    };
    assert_eq!(asked(layer(), "nothing", "").await, Some(None));
    assert_eq!(asked(layer(), "done", "").await, Some(Some(json!("no value"))));
    assert_eq!(asked(layer(), "two", "").await, Some(Some(json!("first"))));
    assert_eq!(asked(layer(), "list", "").await, Some(Some(json!([1, 2]))));
    assert_eq!(asked(layer(), "perhaps", "").await, Some(Some(json!(null))));
    assert_eq!(asked(layer(), "perhaps", ",7").await, Some(Some(json!(7))));
    assert_eq!(asked(layer(), "unheard of", "").await, None);
}

#[tokio::test]
async fn bytes_stay_bytes() {
    let io = SocketIoLayer::<()>::new()
        .on_server_event("double", async |Data(bytes): Data<bytes::Bytes>| Ack(bytes::Bytes::from(bytes.repeat(2))))
        .io();
    let nsp = io.namespaces().fixed("/").unwrap();
    let args = Args::from_values(vec![pintle_proto::Value::Bytes(bytes::Bytes::from_static(b"ab"))]);
    match nsp.handlers().server_event(&io, nsp, "double", args).unwrap().await {
        Some(Said::SideEmit(Some(pintle_proto::Value::Bytes(bytes)))) => assert_eq!(&bytes[..], b"abab"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_asked_is_told_of_an_error_what_a_client_would_be() {
    let layer = || {
        SocketIoLayer::new()
            .on_server_event("refuse", async || Err::<(), _>(ClientError::new("not now").with_data(["later"])))
            .on_server_event("fail", async || Err::<Ack<u8>, _>(ClientError::internal("secret")))
            .on_server_event("data", async |_: Data<u8>| Ack(1))
            .on_server_event("result", async |data: Result<Data<u8>, ClientError>| Ack(data.is_ok()))
    };
    let refusal = json!({ "message": "not now", "data": ["later"] });
    assert_eq!(asked(layer(), "refuse", "").await, Some(Some(refusal)));
    assert_eq!(asked(layer(), "fail", "").await, Some(Some(json!({ "message": "internal error" }))));
    assert_eq!(asked(layer(), "data", r#","x""#).await, Some(Some(json!({ "message": "unexpected arguments" }))));
    assert_eq!(asked(layer(), "result", r#","x""#).await, Some(Some(json!(false))));
}

/// Part of a handler. It is cloned once when the layer is made use of; whoever clones it later panics.
#[derive(Default)]
struct Brittle {
    copies: Arc<AtomicUsize>,
}

impl Clone for Brittle {
    fn clone(&self) -> Self {
        assert!(self.copies.fetch_add(1, Ordering::Relaxed) < 1, "on purpose");
        Self { copies: self.copies.clone() }
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error() {
    async fn now() {
        panic!("on purpose");
    }
    async fn later() {
        tokio::task::yield_now().await;
        panic!("on purpose");
    }
    let brittle = Brittle::default();
    let copies = brittle.copies.clone();
    let cloned = move || {
        let _ = &brittle;
        async {}
    };
    let internal = Some(Some(json!({ "message": "internal error" })));
    assert_eq!(asked(SocketIoLayer::new().on_server_event("now", now), "now", "").await, internal);
    assert_eq!(asked(SocketIoLayer::new().on_server_event("later", later), "later", "").await, internal);
    assert_eq!(asked(SocketIoLayer::new().on_server_event("clone", cloned), "clone", "").await, internal);
    assert!(copies.load(Ordering::Relaxed) > 1, "the handler was cloned");
}

#[tokio::test]
async fn namespaces_have_handlers_of_their_own() {
    let tenant = Namespace::new()
        .on_server_event("who", async |Params(id): Params<u32>, event: ServerEvent| Ack((id, event.namespace().len())));
    let none = Namespace::new().on_server_event("who", async |_: Params<u32>| Ack(()));
    let io = SocketIoLayer::<()>::new().namespace("/tenant/{id}", tenant).namespace("/none", none).io();
    assert_eq!(asked_in(&io, "/tenant/7", "who", "").await, Some(Some(json!(7))));
    assert_eq!(asked_in(&io, "/none", "who", "").await, Some(Some(json!({ "message": "internal error" }))));
    assert_eq!(asked_in(&io, "/", "who", "").await, None);
}
