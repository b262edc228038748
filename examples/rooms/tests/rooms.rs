//! The example as the official client sees it.

#[tokio::test]
async fn rooms_decide_who_hears_what() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rooms.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-rooms"), script).await;
}
