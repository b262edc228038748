//! Metrics for Prometheus.

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusBuilder;
use pintle_tests::{Client, Request, TestServer, Transport};

use crate::realtime;

fn app() -> Router {
    // First: a server asks for its counters when its layer is used.
    let recorder = PrometheusBuilder::new().install_recorder().expect("the only recorder of the process");
    Router::new().route("/metrics", get(async move || recorder.render())).layer(realtime())
}

/// The recorder is the process's, so this is the one test that installs it. Other servers may count with it.
#[tokio::test]
async fn the_metrics_can_be_read_at_a_route() {
    let server = TestServer::start(app()).await;
    let read = async || Request::get("/metrics").send(server.address()).await.text().to_owned();
    let before = read().await;
    for line in [
        "# HELP pintle_sessions Sessions that are open",
        "# TYPE pintle_sessions gauge",
        "# TYPE pintle_closes_total counter",
        r#"pintle_events_total{namespace="/",event="echo"} "#,
        r#"pintle_closes_total{reason="ping timeout"} "#,
    ] {
        assert!(before.contains(line), "{line} is not in\n{before}");
    }
    let echoes = |text: &str| {
        let line =
            text.lines().find_map(|line| line.strip_prefix(r#"pintle_events_total{namespace="/",event="echo"} "#));
        line.expect("seen above").parse::<u64>().expect("a number")
    };
    let mut client = Client::join(server.socket_io(), Transport::WebSocket).await;
    client.send(r#"421["echo",1]"#).await;
    assert_eq!(client.text().await, "431[1]");
    assert!(echoes(&read().await) > echoes(&before));
}
