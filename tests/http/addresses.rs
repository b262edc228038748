//! The client's address: axum's `ConnectInfo` in the handler of an event.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use pintle::{Ack, SocketIoLayer};
use pintle_tests::{Client, Endpoint, Transport};
use tokio::net::TcpListener;

use crate::{ask, free_port, hears_over_each_transport};

async fn serve(listener: TcpListener) -> io::Result<()> {
    let app = Router::new().layer(SocketIoLayer::new().on("address", address));
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn address(ConnectInfo(address): ConnectInfo<SocketAddr>) -> Ack<String> {
    Ack(address.ip().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_knows_the_clients_address_on_either_transport() {
    let (listener, server) = free_port().await;
    let serving = tokio::spawn(serve(listener));
    hears_over_each_transport(server, "{}", "address", "127.0.0.1").await;
    serving.abort();
}

/// Without a connection to be told of, the extractor refuses the event, and no handler runs.
#[tokio::test]
async fn without_it_the_event_is_refused() {
    let (listener, server) = free_port().await;
    let app = Router::new().layer(SocketIoLayer::new().on("address", address));
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    for transport in Transport::BOTH {
        let mut client = Client::join(Endpoint::new(server, "/socket.io/"), transport).await;
        assert_eq!(ask(&mut client, "address").await, r#"430[{"message":"Internal Server Error"}]"#);
    }
    serving.abort();
}
