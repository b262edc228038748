//! Who may connect at all.

use axum::extract::Query;
use axum::http::HeaderMap;
use pintle::{ClientError, SocketIo};
use pintle_tests::Request;
use serde_json::{Value, json};

use crate::stage::{Stage, realtime};

#[tokio::test]
async fn e_09_a_request_that_is_not_allowed_opens_nothing() {
    let allow = async |headers: HeaderMap, Query(query): Query<Value>| {
        let has_key = headers.get("x-api-key").is_some_and(|key| key == "secret") || query["key"] == "secret";
        if has_key { Ok(()) } else { Err(ClientError::new("a key, please")) }
    };
    let Some(mut stage) = Stage::open(realtime().allow_request(allow)).await else { return };
    for (transport, error) in [("polling", "xhr poll error"), ("websocket", "websocket error")] {
        let body = format!(
            "const options = {{ reconnection: false, transports: ['{transport}'], query: {{ key: 'guess' }} }};
            const socket = idle('/', options);
            const failed = new Promise((resolve) => socket.io.once('error', resolve));
            socket.connect();
            return [await life(socket), (await failed).context?.status ?? null];"
        );
        let status = if transport == "polling" { json!(403) } else { json!(null) };
        assert_eq!(stage.run(&body).await, json!([["connect_error", error, null], status]));
    }
    let target = stage.server.socket_io().target("EIO=4&transport=polling&key=guess");
    let refused = Request::get(target).send(stage.server.address()).await;
    assert_eq!((refused.status, refused.text()), (403, r#"{"code":4,"message":"a key, please"}"#));
    assert_eq!(stage.io.engine().clients_count(), 0);

    // It is asked once, not for each request: the upgrade has no header.
    let body = "const socket = await connect('/', {
            transportOptions: { polling: { extraHeaders: { 'x-api-key': 'secret' } } },
        });
        await connect('/', { transports: ['websocket'], query: { key: 'secret' } });
        return socket.io.engine.transport.name;";
    assert_eq!(stage.run(body).await, "websocket");
}

#[tokio::test]
async fn e_09_who_is_allowed_can_depend_on_the_server() {
    let allow =
        async |io: SocketIo| if io.engine().clients_count() < 1 { Ok(()) } else { Err(ClientError::new("full")) };
    let Some(mut stage) = Stage::open(realtime().allow_request(allow)).await else { return };
    let body = "await connect('/', { transports: ['websocket'] });
        return life(idle('/', { transports: ['websocket'], reconnection: false }).connect());";
    assert_eq!(stage.run(body).await[0], "connect_error");
}
