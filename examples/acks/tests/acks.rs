//! The example as the official client sees it.

#[tokio::test]
async fn both_sides_ask_and_are_answered() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acks.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-acks"), script).await;
}
