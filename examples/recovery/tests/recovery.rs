//! The example as the official client sees it.

#[tokio::test]
async fn who_is_cut_off_for_a_moment_misses_nothing() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recovery.mjs");
    pintle_tests::example(env!("CARGO_BIN_EXE_example-recovery"), script).await;
}
