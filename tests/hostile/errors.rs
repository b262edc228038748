//! What a client is told of what goes wrong.

use std::error::Error;

use pintle::{Ack, ClientError, Data, EventRequest, EventResponse, Namespace, Next, Socket};
use pintle_tests::{Client, Request, Transport};

use crate::scene::{Scene, realtime};

/// What nobody outside may read.
const SECRET: &str = "hunter2";

type Anything = Box<dyn Error + Send + Sync>;

async fn returns_an_error() -> Result<Ack<()>, Anything> {
    Err(format!("no connection to postgres://app:{SECRET}@db").into())
}

async fn explains() -> Result<Ack<()>, ClientError> {
    Err(ClientError::new("try again later").with_data([7]).with_source(SECRET))
}

async fn panics() -> Ack<()> {
    panic!("{SECRET}");
}

async fn emits_nonsense(socket: Socket) -> Result<Ack<()>, pintle::EmitError> {
    socket.emit("connect", SECRET)?;
    Ok(Ack(()))
}

#[derive(serde::Deserialize)]
struct Wanted {
    #[expect(dead_code, reason = "it is never sent")]
    hunter2: u8,
}

async fn reads(_: Data<Wanted>) {}

async fn refuses() -> Result<(), Anything> {
    Err(SECRET.into())
}

async fn panics_at_the_door() {
    panic!("{SECRET}");
}

async fn gives_up(_: EventRequest, _: Next) -> Result<EventResponse, Anything> {
    Err(SECRET.into())
}

#[tokio::test]
async fn h149_a_client_is_told_of_an_error_what_was_meant_for_it_and_no_more() {
    let layer = realtime()
        .on("error", returns_an_error)
        .on("explained", explains)
        .on("panic", panics)
        .on("emit", emits_nonsense)
        .on("read", reads)
        .namespace("/refused", Namespace::new().middleware(refuses))
        .namespace("/panics", Namespace::new().middleware(panics_at_the_door))
        .namespace("/layered", Namespace::new().event_middleware(gives_up).on("x", async || Ack(())));
    let scene = Scene::set(layer).await;
    for transport in Transport::BOTH {
        let endpoint = scene.endpoint();
        let attack = async move {
            let mut client = Client::join(endpoint, transport).await;
            for (question, answer) in [
                (r#"421["error"]"#, r#"431[{"message":"internal error"}]"#),
                (r#"421["explained"]"#, r#"431[{"message":"try again later","data":[7]}]"#),
                (r#"421["panic"]"#, r#"431[{"message":"internal error"}]"#),
                (r#"421["emit"]"#, r#"431[{"message":"internal error"}]"#),
                (r#"421["read",{}]"#, r#"431[{"message":"unexpected arguments"}]"#),
                ("40/refused,", r#"44/refused,{"message":"internal error"}"#),
                ("40/panics,", r#"44/panics,{"message":"internal error"}"#),
            ] {
                client.send(question).await;
                assert_eq!(client.text().await, answer, "{question}");
            }
            client.send("40/layered,").await;
            client.connected("/layered,").await;
            client.send(r#"42/layered,1["x"]"#).await;
            assert_eq!(client.text().await, r#"43/layered,1[{"message":"internal error"}]"#);
        };
        scene.elsewhere.run(attack).await;
    }
    scene.unharmed().await;
}

#[tokio::test]
async fn h149_a_refused_handshake_tells_what_was_meant_for_the_client_and_no_more() {
    async fn panics() -> Result<(), ClientError> {
        panic!("{SECRET}");
    }
    async fn refuses() -> Result<(), ClientError> {
        Err(ClientError::new("come back later").with_data(SECRET).with_source(SECRET))
    }
    for (layer, status, body) in [
        (pintle::SocketIoLayer::new().allow_request(panics), 500, ""),
        (pintle::SocketIoLayer::new().allow_request(refuses), 403, r#"{"code":4,"message":"come back later"}"#),
    ] {
        let server = pintle_tests::TestServer::start(axum::Router::new().layer(layer)).await;
        let handshake = Request::get(server.socket_io().target("EIO=4&transport=polling"));
        let response = handshake.send(server.address()).await;
        assert_eq!((response.status, response.text()), (status, body));
    }
}
