//! The form that most attacks have: clients that misbehave and go, and a server that is as before.

use std::future::Future;

use pintle::SocketIoLayer;
use pintle_tests::{Endpoint, Polling, Request, Response};

use crate::scene::Scene;

/// Has `attack` run against a server, and sees that nobody else has noticed and that nothing stays of it.
pub(crate) async fn withstand<F>(realtime: SocketIoLayer, attack: impl FnOnce(Endpoint) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let scene = Scene::set(realtime).await;
    scene.elsewhere.run(attack(scene.endpoint())).await;
    scene.unharmed().await;
}

/// Sends a request over a connection of its own.
pub(crate) async fn ask(endpoint: Endpoint, request: Request) -> Response {
    request.send(endpoint.address()).await
}

/// Sends a GET.
pub(crate) async fn get(endpoint: Endpoint, query: &str) -> Response {
    ask(endpoint, Request::get(endpoint.target(query))).await
}

/// What an event without data is acknowledged with, as JSON, in the session that `opened` over long-polling.
pub(crate) async fn ask_session(endpoint: Endpoint, opened: &Response, event: &str) -> String {
    assert_eq!(opened.status, 200, "{}", opened.text());
    let sid = opened.text().split('"').nth(3).expect("an id");
    let target = endpoint.target(&format!("EIO=4&transport=polling&sid={sid}"));
    let pushed = ask(endpoint, Request::post(&target, format!("40\u{1e}420[\"{event}\"]"))).await;
    assert_eq!(pushed.text(), "ok");
    loop {
        let polled = ask(endpoint, Request::get(&target)).await;
        assert_eq!(polled.status, 200, "{}", polled.text());
        if let Some((_, answer)) = polled.text().split_once("430") {
            return answer.to_owned();
        }
    }
}

/// Asserts that a session that was not attacked is as it was, and ends it: its client is not to be waited for.
pub(crate) async fn leave(session: &Polling) {
    session.assert_open().await;
    session.push("1").await;
}
