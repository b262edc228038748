//! CORS: a page of another origin reads what it is answered. E-45.

use std::io::Write as _;
use std::net::SocketAddr;

use axum::Router;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method};
use axum::middleware::from_fn;
use axum::response::Html;
use axum::routing::get;
use pintle::SocketIoLayer;
use pintle_tests::{Polling, Request, Response, TestServer, WebSocket};
use tower_http::cors::CorsLayer;
use tower_http::services::ServeDir;

use crate::auth::sign_in;
use crate::cookies::theme;
use crate::{echo, echoes_over_each_transport, realtime, script};

const PAGE: &str = "https://app.example";
const STRANGER: &str = "https://stranger.example";
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

fn app(page: &str) -> Router {
    let realtime = SocketIoLayer::new().on("echo", echo).on("theme", theme).origins([page]);
    Router::new().layer(realtime).layer(cors(page))
}

fn cors(page: &str) -> CorsLayer {
    CorsLayer::new()
        .allow_origin([page.parse::<HeaderValue>().expect("an origin")])
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .allow_credentials(true)
}

fn around_authentication(page: &str) -> Router {
    Router::new().layer(realtime().origins([page])).layer(from_fn(sign_in)).layer(cors(page))
}

async fn start() -> TestServer {
    TestServer::start(app(PAGE)).await
}

/// What the browser wants to see before it shows an answer to the page, cookies included.
#[track_caller]
fn assert_readable(response: &Response, what: &str) {
    let origin = response.header("access-control-allow-origin");
    let credentials = response.header("access-control-allow-credentials");
    assert_eq!((origin, credentials), (Some(PAGE), Some("true")), "{what}: {response:?}");
    // Or a cache would give one page the answer to another.
    let varies = response.headers.iter().any(|(name, value)| name == "vary" && value.contains("origin"));
    assert!(varies, "{what}: {response:?}");
}

#[tokio::test]
async fn a_preflight_is_answered_outside() {
    let server = start().await;
    let preflight = Request::new("OPTIONS", POLLING)
        .header("origin", PAGE)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let response = preflight.send(server.address()).await;
    assert_eq!((response.status, response.text()), (200, ""));
    assert_readable(&response, "preflight");
    assert_eq!(response.header("access-control-allow-methods"), Some("GET,POST"));
    assert_eq!(response.header("access-control-allow-headers"), Some("authorization,content-type"));
}

#[tokio::test]
async fn every_answer_has_the_headers_on_either_transport() {
    let server = start().await;
    let (address, endpoint) = (server.address(), server.socket_io());
    let from_page = |request: Request| request.header("origin", PAGE).header("cookie", "theme=dark");

    let opened = from_page(Request::get(POLLING)).send(address).await;
    assert_eq!(opened.status, 200);
    assert_readable(&opened, "handshake");

    let session = Polling::open(endpoint).await;
    for (request, status) in [
        (Request::post(session.target(), "40"), 200),
        (Request::get(session.target()), 200),
        (Request::get("/socket.io/?EIO=4&transport=carrier-pigeon"), 400),
        (Request::get(format!("{POLLING}&sid=nobody")), 400),
        (Request::post(session.target(), "x".repeat(1_000_001)), 413),
        (WebSocket::request("/socket.io/?EIO=3&transport=websocket"), 400),
        (WebSocket::request("/socket.io/?EIO=4&transport=websocket").without("sec-websocket-key"), 400),
    ] {
        let response = from_page(request.clone()).send(address).await;
        assert_eq!(response.status, status, "{request:?}");
        assert_readable(&response, &format!("{request:?}"));
    }

    let request = from_page(WebSocket::request(endpoint.target("EIO=4&transport=websocket")));
    let mut socket = WebSocket::ask(endpoint, &request).await.expect("a WebSocket");
    assert_readable(socket.switched(), "101");
    socket.assert_open().await;
}

#[tokio::test]
async fn a_page_that_neither_lets_in_is_refused_on_either_transport() {
    let server = start().await;
    let websocket = WebSocket::request("/socket.io/?EIO=4&transport=websocket");
    for request in [Request::get(POLLING), websocket] {
        let response = request.header("origin", STRANGER).send(server.address()).await;
        assert_eq!((response.status, response.header("access-control-allow-origin")), (403, None));
    }
}

/// The two lists are two questions: who may connect, and who may read.
#[tokio::test]
async fn a_page_that_may_read_but_not_connect_reads_why() {
    let server = TestServer::start(Router::new().layer(realtime()).layer(cors(PAGE))).await;
    let response = Request::get(POLLING).header("origin", PAGE).send(server.address()).await;
    assert_eq!(response.status, 403);
    assert!(response.text().contains("origins()"), "{}", response.text());
    assert_readable(&response, "403");
}

/// The browser asks before it shows any token, and who has none is told so.
#[tokio::test]
async fn around_authentication_preflights_pass_and_refusals_are_readable() {
    let server = TestServer::start(around_authentication(PAGE)).await;
    let preflight = Request::new("OPTIONS", POLLING)
        .header("origin", PAGE)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    assert_eq!(preflight.send(server.address()).await.status, 200);
    let get = Request::get(POLLING).header("origin", PAGE);
    let refused = get.send(server.address()).await;
    assert_eq!(refused.status, 401);
    assert_readable(&refused, "401");
    let opened = get.header("authorization", "Bearer ada's token").send(server.address()).await;
    assert_eq!(opened.status, 200);
    assert_readable(&opened, "200");
}

/// As Node has it: the request is served, and the browser keeps the answer from the page.
#[tokio::test]
async fn a_page_that_may_connect_but_not_read_gets_no_headers() {
    let server = TestServer::start(Router::new().layer(realtime().any_origin()).layer(cors(PAGE))).await;
    let response = Request::get(POLLING).header("origin", STRANGER).send(server.address()).await;
    assert_eq!((response.status, response.header("access-control-allow-origin")), (200, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_of_another_origin_works() {
    let server = start().await;
    let headers = format!(r#"{{ "origin": "{PAGE}", "cookie": "theme=dark" }}"#);
    echoes_over_each_transport(server.address(), &headers).await;
}

/// The judge of CORS is a browser: a page of `app.pintle.test` that talks to `api.pintle.test`, with its cookies.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_lets_the_page_read_with_its_cookies() {
    let Ok(chromium) = std::env::var("PINTLE_CHROMIUM") else {
        // On the real standard error: the harness swallows what a passing test prints.
        let _ = writeln!(std::io::stderr().lock(), "SKIPPED: PINTLE_CHROMIUM names no browser");
        return;
    };
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/node_modules/socket.io-client/dist");
    let page = Router::new()
        .route("/", get(async || Html("<!doctype html><title>A page</title><script src=socket.io.js></script>")))
        .fallback_service(ServeDir::new(client));
    let page = TestServer::start(page).await;
    let origin = |host: &str, address: SocketAddr| format!("http://{host}.pintle.test:{}", address.port());
    let page = origin("app", page.address());

    let server = TestServer::start(app(&page)).await;
    let realtime = SocketIoLayer::new().on("theme", theme).any_origin();
    let without = TestServer::start(Router::new().layer(realtime)).await;
    let variables = [
        ("PAGE", page.as_str()),
        ("API", &origin("api", server.address())),
        ("API_WITHOUT_CORS", &origin("api", without.address())),
        ("CHROMIUM", &chromium),
    ];
    script("cors.mjs", server.address(), &variables).await;
}
