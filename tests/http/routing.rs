//! Where on a router the layer goes: on the outermost, after everything else.

use std::io;

use axum::extract::Request;
use axum::routing::get;
use axum::{Router, ServiceExt};
use pintle::SocketIo;
use pintle_tests::{Polling, Request as Raw, TestServer};
use tokio::net::TcpListener;
use tower::Layer as _;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::services::ServeDir;

use crate::{echoes_over_each_transport, free_port, realtime};

const SITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/http/site");

fn app() -> Router {
    let api = Router::new().route("/clients", get(clients));
    let pages = Router::new().route("/about", get("about us"));
    Router::new().nest("/api", api).merge(pages).fallback_service(ServeDir::new(SITE)).layer(realtime())
}

fn below_a_path() -> Router {
    let api = Router::new().route("/clients", get(clients));
    Router::new().nest("/api", api).layer(realtime().path("/api/socket.io"))
}

async fn serve_normalized(listener: TcpListener) -> io::Result<()> {
    let app = NormalizePathLayer::trim_trailing_slash().layer(app());
    axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).await
}

/// How many clients there are: any route knows, nested or not.
async fn clients(io: SocketIo) -> String {
    io.sockets().len().to_string()
}

/// The status and body of a GET.
async fn get_text(server: &TestServer, target: &str) -> (u16, String) {
    let response = Raw::get(target).send(server.address()).await;
    (response.status, response.text().to_owned())
}

/// The status with which a session is opened at a path, or not.
async fn open(server: &TestServer, path: &str) -> u16 {
    get_text(server, &format!("{path}?EIO=4&transport=polling")).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_outermost_router_everything_is_found() {
    let server = TestServer::start(app()).await;
    echoes_over_each_transport(server.address(), "{}").await;
    let _session = Polling::open(server.socket_io()).await;
    for (target, body) in [("/api/clients", "0"), ("/about", "about us"), ("/page.html", "<title>A page</title>\n")] {
        assert_eq!(get_text(&server, target).await, (200, body.to_owned()), "{target}");
    }
    assert_eq!(get_text(&server, "/nowhere.html").await.0, 404);
}

#[tokio::test]
async fn below_a_path_the_layer_has_the_whole_of_it() {
    let server = TestServer::start(below_a_path()).await;
    assert_eq!(open(&server, "/api/socket.io/").await, 200);
    assert_eq!(open(&server, "/socket.io/").await, 404);
    assert_eq!(get_text(&server, "/api/clients").await, (200, "0".to_owned()));
}

/// axum takes the routes of a nested router and leaves its fallback behind, and with it the layer of all that has no route.
#[tokio::test]
async fn on_a_nested_router_the_layer_is_not_reached() {
    let api = Router::new().route("/clients", get(clients)).layer(realtime());
    let server = TestServer::start(Router::new().nest("/api", api)).await;
    assert_eq!(open(&server, "/socket.io/").await, 404);
    assert_eq!(open(&server, "/api/socket.io/").await, 404);
    // Its routes are under the layer all the same, which makes it hard to see.
    assert_eq!(get_text(&server, "/api/clients").await, (200, "0".to_owned()));
}

/// A service is nested whole. What it sees of the path is the rest of it.
#[tokio::test]
async fn nested_as_a_service_it_is_found_below_the_prefix() {
    let api = Router::new().route("/clients", get(clients)).layer(realtime());
    let server = TestServer::start(Router::new().nest_service("/api", api)).await;
    assert_eq!(open(&server, "/socket.io/").await, 404);
    assert_eq!(open(&server, "/api/socket.io/").await, 200);
}

/// Of two routers without a fallback, axum keeps that of the one that is merged in.
#[tokio::test]
async fn a_router_that_is_merged_in_after_the_layer_takes_the_clients_requests() {
    let pages = Router::new().route("/about", get("about us"));
    let server = TestServer::start(Router::new().layer(realtime()).merge(pages)).await;
    assert_eq!(open(&server, "/socket.io/").await, 404);
}

/// Set later, it is around the layer's.
#[tokio::test]
async fn a_fallback_that_is_set_after_the_layer_takes_the_clients_requests() {
    let server = TestServer::start(Router::new().layer(realtime()).fallback(async || "fallen back")).await;
    let target = server.socket_io().target("EIO=4&transport=polling");
    assert_eq!(get_text(&server, &target).await, (200, "fallen back".to_owned()));
}

/// `route_layer` is for requests that have a route, and a client's has none.
#[tokio::test]
async fn as_a_route_layer_it_is_not_reached() {
    let server = TestServer::start(Router::new().route("/clients", get(clients)).route_layer(realtime())).await;
    assert_eq!(open(&server, "/socket.io/").await, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_may_be_normalized_around_it() {
    let (listener, address) = free_port().await;
    let serving = tokio::spawn(serve_normalized(listener));
    for (target, status) in [("/about/", 200), ("/socket.io/?EIO=4&transport=polling", 200), ("/socket.io/", 400)] {
        assert_eq!(Raw::get(target).send(address).await.status, status, "{target}");
    }
    echoes_over_each_transport(address, "{}").await;
    serving.abort();
}
