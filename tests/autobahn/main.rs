//! RFC 6455 as the Autobahn cases see it: our WebSocket without Engine.IO on it, which says again whatever it is told.
//!
//! `cargo xtask autobahn` installs the suite and runs these tests. What came of each case is checked in: none may fail, and
//! none may come out otherwise. `docs/TESTING.md` says what the cases do not see.

use std::io::Write as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use pintle_tests::TestServer;
use tokio::process::Command;

/// A line a case: its id, how it went, how the closing went, and the code of our close frame.
const EXPECTED: &str = include_str!("results.txt");
/// As much as the largest of the cases.
const MAX_PAYLOAD: usize = 16 << 20;
/// The script gives up before that.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn framing() {
    judge(&["1"]).await;
}

#[tokio::test]
async fn pings() {
    judge(&["2"]).await;
}

#[tokio::test]
async fn reserved_bits() {
    judge(&["3"]).await;
}

#[tokio::test]
async fn opcodes() {
    judge(&["4"]).await;
}

#[tokio::test]
async fn fragmentation() {
    judge(&["5", "10"]).await;
}

#[tokio::test]
async fn utf8() {
    judge(&["6"]).await;
}

#[tokio::test]
async fn closing() {
    judge(&["7"]).await;
}

#[tokio::test]
async fn limits() {
    judge(&["9"]).await;
}

/// Offered, and not agreed to.
#[tokio::test]
async fn compression() {
    judge(&["12", "13"]).await;
}

/// Runs all cases of some chapters.
async fn judge(chapters: &[&str]) {
    let variables = ["PINTLE_PYTHON2", "PINTLE_AUTOBAHN"].map(std::env::var_os);
    let [Some(python), Some(packages)] = variables else {
        // On the real standard error: the test harness swallows what a passing test prints.
        let _ =
            writeln!(std::io::stderr().lock(), "SKIPPED: PINTLE_PYTHON2 and PINTLE_AUTOBAHN name no Autobahn suite");
        return;
    };
    let server = TestServer::start(Router::new().fallback(echo)).await;
    let report = Path::new(env!("CARGO_TARGET_TMPDIR")).join("autobahn").join(chapters.join("-"));
    let mut script = Command::new(python);
    script.env("PYTHONUSERBASE", packages).kill_on_drop(true);
    script.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("autobahn").join("judge.py"));
    script.arg(format!("ws://{}", server.address())).arg(&report);
    script.args(chapters.iter().map(|chapter| format!("{chapter}.*")));

    let ended = tokio::time::timeout(PATIENCE, script.output()).await.expect("the script gives up before that");
    let Output { status, stdout, stderr } = ended.expect("the script starts");
    assert!(status.success(), "the script failed with {status}\n{}", String::from_utf8_lossy(&stderr));
    let results = String::from_utf8(stdout).expect("the script writes text");
    let differing = compare(chapters, &results);
    assert!(differing.is_empty(), "\n{}\nmore in {}\n", differing.join("\n"), report.join("index.html").display());
}

/// What came out otherwise than it should.
fn compare(chapters: &[&str], results: &str) -> Vec<String> {
    let of_chapters = |line: &&str| line.split_once('.').is_some_and(|(chapter, _)| chapters.contains(&chapter));
    let expected: Vec<&str> = EXPECTED.lines().filter(of_chapters).collect();
    let results: Vec<&str> = results.lines().collect();
    let missing = expected.iter().filter(|line| !results.contains(line)).map(|line| format!("expected {line}"));
    let new = results.iter().filter(|line| !expected.contains(line)).map(|line| format!("     got {line}"));
    let failed = results.iter().filter(|line| line.contains("FAILED")).map(|line| format!("  failed {line}"));
    missing.chain(new).chain(failed).collect()
}

async fn echo(request: Request) -> Response {
    let (reply, conversation) = pintle_transport::echo(request, MAX_PAYLOAD);
    tokio::spawn(conversation);
    reply.map(Body::new)
}
