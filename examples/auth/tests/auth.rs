//! The example as the official client sees it.

#[tokio::test]
async fn only_who_has_a_token_gets_in() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/auth.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-auth"), script).await;
}
