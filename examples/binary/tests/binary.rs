//! The example as the official client sees it.

#[tokio::test]
async fn files_arrive_whole() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/binary.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-binary"), script).await;
}
