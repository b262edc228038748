//! Who may connect, decided outside by the headers of each request.

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use pintle::{Ack, SocketIoLayer};
use pintle_tests::{Request as Raw, TestServer, WebSocket};
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::{WAYS, echo, echoes_over_each_transport, hears_over_each_transport, realtime, script};

/// The `extraHeaders` of a client that is let in.
const ADA: &str = r#"{ "authorization": "Bearer ada's token" }"#;

#[expect(clippy::result_large_err, reason = "an answer is what tower-http asks for")]
fn with_one_token() -> Router {
    let validate =
        ValidateRequestHeaderLayer::custom(|request: &mut Request| match request.headers().get(AUTHORIZATION) {
            Some(credentials) if credentials == "Bearer ada's token" => Ok(()),
            _ => Err(StatusCode::UNAUTHORIZED.into_response()),
        });
    Router::new().layer(realtime()).layer(validate)
}

#[derive(Clone)]
struct User {
    name: &'static str,
}

fn with_users() -> Router {
    let realtime = SocketIoLayer::new().on("who-am-i", who_am_i).on("echo", echo);
    Router::new().layer(realtime).layer(from_fn(sign_in))
}

pub(crate) async fn sign_in(mut request: Request, next: Next) -> Result<Response, StatusCode> {
    let credentials = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = credentials.and_then(|value| value.strip_prefix("Bearer "));
    let user = token.and_then(user_of).ok_or(StatusCode::UNAUTHORIZED)?;
    request.extensions_mut().insert(user);
    Ok(next.run(request).await)
}

async fn who_am_i(Extension(user): Extension<User>) -> Ack<&'static str> {
    Ack(user.name)
}

fn user_of(token: &str) -> Option<User> {
    match token {
        "ada's token" => Some(User { name: "Ada" }),
        "grace's token" => Some(User { name: "Grace" }),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_the_client_gets_a_connect_error() {
    for app in [with_one_token(), with_users()] {
        let server = TestServer::start(app).await;
        for transports in WAYS {
            for headers in ["{}", r#"{ "authorization": "Bearer stolen" }"#] {
                let variables = [("TRANSPORTS", transports), ("HEADERS", headers)];
                script("refused.mjs", server.address(), &variables).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_token_it_connects() {
    for app in [with_one_token(), with_users()] {
        let server = TestServer::start(app).await;
        echoes_over_each_transport(server.address(), ADA).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_knows_the_user_whom_the_middleware_found() {
    let server = TestServer::start(with_users()).await;
    for (headers, name) in [(ADA, "Ada"), (r#"{ "authorization": "Bearer grace's token" }"#, "Grace")] {
        hears_over_each_transport(server.address(), headers, "who-am-i", name).await;
    }
}

/// A layer outside sees all of a session's requests: knowing the session's id is not enough.
#[tokio::test]
async fn each_request_of_a_session_is_asked_for_the_token() {
    let server = TestServer::start(with_one_token()).await;
    let (address, endpoint) = (server.address(), server.socket_io());
    let token = |request: Raw| request.header("authorization", "Bearer ada's token");
    let opened = token(Raw::get(endpoint.target("EIO=4&transport=polling"))).send(address).await;
    let sid = opened.text().split('"').nth(3).expect("a session id").to_owned();

    let polling = endpoint.target(&format!("EIO=4&transport=polling&sid={sid}"));
    let websocket = endpoint.target(&format!("EIO=4&transport=websocket&sid={sid}"));
    for request in [Raw::get(&polling), Raw::post(&polling, "40"), WebSocket::request(&websocket)] {
        assert_eq!(request.send(address).await.status, 401, "{request:?}");
    }
    assert_eq!(token(Raw::post(&polling, "40")).send(address).await.status, 200);
}
