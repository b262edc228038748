//! python-socketio, a client that others wrote from the protocol's description.

use pintle_tests::python;

use crate::Host;
use crate::app::Times;

#[tokio::test(flavor = "multi_thread")]
async fn python_client_over_polling() {
    let host = Host::start(Times::CALM).await;
    python("client.py", host.address(), &[("TRANSPORTS", "polling")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_client_over_websocket() {
    let host = Host::start(Times::CALM).await;
    python("client.py", host.address(), &[("TRANSPORTS", "websocket")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_client_that_upgrades() {
    let host = Host::start(Times::CALM).await;
    python("client.py", host.address(), &[("TRANSPORTS", "polling,websocket")]).await;
}
