//! A time limit for the head of a request, which is for who serves to set.

use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use pintle_tests::{Client, Endpoint, HttpConnection, Polling, Transport, within};

use crate::{free_port, realtime};

async fn serve(mut listener: impl Listener, app: Router, patience: Duration) {
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(patience);
    loop {
        let (stream, _) = listener.accept().await;
        let (server, app) = (server.clone(), TowerToHyperService::new(app.clone()));
        tokio::spawn(async move {
            // Clients break off, and nobody is to be told.
            let _ = server.serve_connection_with_upgrades(TokioIo::new(stream), app).await;
        });
    }
}

#[tokio::test]
async fn h017_a_server_with_a_timer_does_not_wait_for_a_head() {
    let (listener, address) = free_port().await;
    let realtime = realtime().ping_interval(Duration::from_millis(500));
    let serving = tokio::spawn(serve(listener, Router::new().layer(realtime), Duration::from_millis(200)));
    let mut slow = HttpConnection::open(address).await;
    slow.send("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: ").await;
    let trickle = async {
        while slow.try_send("a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    within("hyper to give up", trickle).await;
    // Neither a GET that waits nor a WebSocket is a head.
    let endpoint = Endpoint::new(address, "/socket.io/");
    let session = Polling::open(endpoint).await;
    assert_eq!(session.poll().await, ["2"]);
    Client::join(endpoint, Transport::WebSocket).await.assert_open().await;
    serving.abort();
}
