//! The user's code panics, wherever there is some: that costs what it was called for, and nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use pintle::{
    Ack, BoxError, ClientError, Data, EventParts, EventRequest, EventResponse, EventService, FromEventParts,
    HandlerError, IntoAckError, Namespace, Next, Socket, SocketIo, SocketIoLayer,
};
use pintle_tests::{Client, Polling, Request, Transport, WebSocket, eventually};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tower::{Layer, Service};

use crate::scene::{Scene, realtime};

fn fall<T>() -> T {
    panic!("on purpose");
}

/// Panics wherever it is used.
struct Mine;

impl Serialize for Mine {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        fall()
    }
}

impl<'de> Deserialize<'de> for Mine {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        fall()
    }
}

impl<S: Sync> FromEventParts<S> for Mine {
    type Rejection = Infallible;

    async fn from_event_parts(_: &mut EventParts, _: &S) -> Result<Self, Infallible> {
        fall()
    }
}

impl IntoAckError for Mine {
    fn into_ack_error(self) -> ClientError {
        fall()
    }
}

/// Panics when its last owner lets go of it.
#[derive(Clone)]
struct Grenade(#[expect(dead_code, reason = "it is there to be dropped")] Arc<Pin>);

struct Pin;

impl Drop for Pin {
    fn drop(&mut self) {
        // Not while another panic is under way, which ends the process.
        if !std::thread::panicking() {
            fall::<()>();
        }
    }
}

/// What is to panic of a layer is in the event's name.
#[derive(Clone)]
struct Mined<S>(S);

struct MinedLayer;

impl Layer<EventService> for MinedLayer {
    type Service = Mined<EventService>;

    fn layer(&self, inner: EventService) -> Self::Service {
        Mined(inner)
    }
}

impl<S: Service<EventRequest, Response = EventResponse, Error = BoxError>> Service<EventRequest> for Mined<S>
where
    S::Future: Send + 'static,
{
    type Response = EventResponse;
    type Error = BoxError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<EventResponse, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: EventRequest) -> Self::Future {
        if request.event() == "called" {
            fall::<()>();
        }
        let falls = request.event() == "awaited";
        let handling = self.0.call(request);
        Box::pin(async move { if falls { fall() } else { handling.await } })
    }
}

/// Is never made ready: it panics first.
struct NeverReadyLayer;

impl Layer<EventService> for NeverReadyLayer {
    type Service = NeverReady;

    fn layer(&self, _: EventService) -> NeverReady {
        NeverReady
    }
}

struct NeverReady;

impl Service<EventRequest> for NeverReady {
    type Response = EventResponse;
    type Error = BoxError;
    type Future = std::future::Ready<Result<EventResponse, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        fall()
    }

    fn call(&mut self, _: EventRequest) -> Self::Future {
        unreachable!("it is not ready")
    }
}

struct NoLayer;

impl Layer<EventService> for NoLayer {
    type Service = NeverReady;

    fn layer(&self, _: EventService) -> NeverReady {
        fall()
    }
}

async fn echo(Data(number): Data<u64>) -> Ack<u64> {
    Ack(number)
}

/// Events whose handlers panic, each in its own way.
fn events(realtime: SocketIoLayer) -> SocketIoLayer {
    realtime
        .on("at-once", async || fall::<()>())
        .on("later", async || {
            tokio::task::yield_now().await;
            fall::<()>();
        })
        .on("answer", async || Ack(Mine))
        .on("argument", async |Data(_): Data<Mine>| {})
        .on("extractor", async |_: Mine| {})
        .on("error", async || Err::<(), Mine>(Mine))
        .on("emit", async |socket: Socket| socket.emit("never", Mine))
        .on("broadcast", async |io: SocketIo| io.emit("never", Mine))
        .on("data", async |socket: Socket| {
            socket.set_data(Mine);
            // Those who ask for it see what can be shown.
            let _ = serde_json::to_string(&socket.io().sockets().len());
        })
        .on("change", async |socket: Socket| {
            socket.set_data(1u64);
            socket.update_data(|_: &mut u64| fall());
        })
        .on("ask", async |socket: Socket| socket.emit_with_ack::<Mine>("asked", ()).await.map(drop))
        .on("handler-of-its-own", async |socket: Socket| {
            socket.once("again", async || fall::<()>());
        })
        .on("listener", async |socket: Socket| {
            socket.on_any(async || fall::<()>());
        })
        .on("listener-of-what-goes-out", async |socket: Socket| {
            socket.on_any_outgoing(|_, _| fall());
            socket.emit("news", ())
        })
        .on("drop", async |socket: Socket| {
            socket.set_extension(Grenade(Arc::new(Pin)));
        })
        .on_error(async |_: HandlerError| fall::<()>())
}

async fn assert_alive(client: &mut Client) {
    client.send(r#"427["witness",7]"#).await;
    assert_eq!(client.text().await, "437[7]");
}

const INTERNAL: &str = r#"431[{"message":"internal error"}]"#;

#[tokio::test]
async fn h170_a_panic_of_whatever_handles_an_event_costs_that_event() {
    let ends = Arc::<AtomicUsize>::default();
    let ended = ends.clone();
    let realtime = events(realtime()).on_disconnect(async move || {
        ended.fetch_add(1, Ordering::Relaxed);
    });
    let scene = Scene::set(realtime).await;
    for transport in Transport::BOTH {
        let endpoint = scene.endpoint();
        let attack = async move {
            let mut client = Client::join(endpoint, transport).await;
            let events =
                ["at-once", "later", "answer", "argument", "extractor", "error", "emit", "broadcast", "change"];
            for event in events {
                client.send(&format!(r#"421["{event}",1]"#)).await;
                assert_eq!(client.text().await, INTERNAL, "{event}");
                assert_alive(&mut client).await;
            }
            client.send(r#"421["ask"]"#).await;
            let question = client.text().await;
            let id =
                question.strip_prefix("42").and_then(|rest| rest.strip_suffix(r#"["asked"]"#)).expect("a question");
            client.send(&format!("43{id}[1]")).await;
            assert_eq!(client.text().await, INTERNAL);
            for event in ["data", "handler-of-its-own", "again", "listener", "drop"] {
                client.send(&format!(r#"42["{event}"]"#)).await;
                assert_alive(&mut client).await;
            }
            client.send(r#"42["listener-of-what-goes-out"]"#).await;
            assert_eq!(client.text().await, r#"42["news"]"#);
            assert_alive(&mut client).await;
            client.offend("1").await;
        };
        scene.elsewhere.run(attack).await;
    }
    // The grenade notwithstanding.
    eventually("`on_disconnect` to run for each", || ends.load(Ordering::Relaxed) == Transport::BOTH.len()).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn h170_a_panic_of_a_layer_costs_the_event() {
    let realtime = realtime()
        .namespace("/mined", Namespace::new().layer(MinedLayer).on("echo", echo))
        .namespace("/never", Namespace::new().layer(NeverReadyLayer).on("echo", echo))
        .namespace("/none", Namespace::new().layer(NoLayer).on("echo", echo))
        .namespace(
            "/around",
            Namespace::new().on("echo", echo).event_middleware(async |event: EventRequest, next: Next| {
                if event.event() != "echo" {
                    fall::<()>();
                }
                Ok::<_, ClientError>(next.run(event).await)
            }),
        );
    let scene = Scene::set(realtime).await;
    for transport in Transport::BOTH {
        let endpoint = scene.endpoint();
        let attack = async move {
            let mut client = Client::join(endpoint, transport).await;
            for (namespace, bad, good) in [
                ("/mined", &["called", "awaited"][..], true),
                ("/around", &["any"], true),
                ("/never", &["echo", "echo"], false),
                ("/none", &["echo", "echo"], false),
            ] {
                client.send(&format!("40{namespace},")).await;
                client.connected(&format!("{namespace},")).await;
                for event in bad {
                    client.send(&format!(r#"42{namespace},1["{event}",1]"#)).await;
                    let refused = format!(r#"43{namespace},1[{{"message":"internal error"}}]"#);
                    assert_eq!(client.text().await, refused, "{event} of {namespace}");
                }
                if good {
                    client.send(&format!(r#"42{namespace},1["echo",5]"#)).await;
                    assert_eq!(client.text().await, format!("43{namespace},1[5]"));
                }
                assert_alive(&mut client).await;
            }
            client.offend("1").await;
        };
        scene.elsewhere.run(attack).await;
    }
    scene.unharmed().await;
}

#[tokio::test]
async fn h170_a_panic_on_the_way_in_or_out_leaves_the_connection_and_nothing_else() {
    let realtime = realtime()
        .namespace("/middleware", Namespace::new().middleware(async || fall::<()>()))
        .namespace("/auth", Namespace::new().middleware(async |_: pintle::Auth<Mine>| {}))
        .namespace("/connect", Namespace::new().on_connect(async || fall::<()>()).on_disconnect(async || fall::<()>()))
        .namespace("/disconnect", Namespace::new().on_disconnect(async || fall::<()>()))
        .dynamic_namespace(async || fall::<bool>(), Namespace::new());
    let scene = Scene::set(realtime).await;
    for transport in Transport::BOTH {
        let endpoint = scene.endpoint();
        let attack = async move {
            let mut client = Client::join(endpoint, transport).await;
            for _ in 0..2 {
                for namespace in ["/middleware", "/auth"] {
                    client.send(&format!("40{namespace},")).await;
                    assert_eq!(client.text().await, format!(r#"44{namespace},{{"message":"internal error"}}"#));
                }
                client.send("40/nobody-knows,").await;
                assert_eq!(client.text().await, r#"44/nobody-knows,{"message":"Invalid namespace"}"#);
                // It was let in before its handler was called.
                client.send("40/connect,").await;
                client.connected("/connect,").await;
                assert_eq!(client.text().await, "41/connect,");
                client.send("40/disconnect,").await;
                client.connected("/disconnect,").await;
                client.send("41/disconnect,").await;
                assert_alive(&mut client).await;
            }
            client.offend("1").await;
        };
        scene.elsewhere.run(attack).await;
    }
    scene.unharmed().await;
}

#[tokio::test]
async fn h170_a_panic_about_a_request_costs_that_request() {
    let asked = AtomicUsize::new(0);
    let realtime = realtime().generate_id(move |_| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        // The first is the witness.
        if number % 2 == 1 { fall() } else { format!("{number:020}") }
    });
    let scene = Scene::set(realtime).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let refused = Request::get(endpoint.target("EIO=4&transport=polling")).send(endpoint.address()).await;
        assert_eq!(refused.status, 400);
        Polling::open(endpoint).await.push("1").await;
        let refused = WebSocket::try_connect(endpoint, "EIO=4&transport=websocket").await;
        assert_eq!(refused.expect_err("refused").status, 400);
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}
