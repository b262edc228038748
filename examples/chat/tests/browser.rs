//! The page in a real browser: `browser.mjs` drives two of them, by way of Node.js.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// What `cargo xtask test` sets.
const VARIABLES: [&str; 3] = ["PINTLE_NODE", "PINTLE_NODE_MODULES", "PINTLE_CHROMIUM"];

#[test]
fn two_people_chat_and_come_back_after_a_restart() {
    let values: Vec<OsString> = VARIABLES.iter().filter_map(std::env::var_os).collect();
    let [node, modules, chromium] = values.as_slice() else {
        // On the real standard error: the harness swallows what a passing test prints.
        let reason = format!("{} are not all set; `cargo xtask test` sets them", VARIABLES.join(", "));
        let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {reason}");
        return;
    };
    let screenshots =
        std::env::var_os("PINTLE_SCREENSHOTS").unwrap_or_else(|| OsString::from(env!("CARGO_TARGET_TMPDIR")));

    let output = Command::new(node)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("browser.mjs"))
        .env("CHAT", env!("CARGO_BIN_EXE_example-chat"))
        .env("MODULES", modules)
        .env("CHROMIUM", chromium)
        .env("SCREENSHOTS", screenshots)
        .output()
        .expect("node starts");
    assert!(
        output.status.success(),
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
