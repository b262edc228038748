//! The example as the official client sees it.

#[tokio::test]
async fn namespaces_come_and_go_and_keep_to_themselves() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/namespaces.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-namespaces"), script).await;
}
