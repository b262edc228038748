//! The example as the official client sees it.

#[tokio::test]
async fn what_is_sent_comes_back() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hello.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-hello"), script).await;
}
