//! The example as the official client sees it.

#[tokio::test]
async fn rest_and_realtime_show_the_same_todos() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rest_and_realtime.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-rest-and-realtime"), script).await;
}
