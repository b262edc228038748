//! `docs/DEFAULTS.md` and the code say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::time::Duration;

use pintle::{Overflow, SocketIoLayer, StateRecovery, TransportKind};

fn as_it_is() -> SocketIoLayer {
    SocketIoLayer::new()
        .path("/socket.io")
        .transports([TransportKind::Polling, TransportKind::WebSocket])
        .allow_upgrades(true)
        .ping_interval(Duration::from_secs(25))
        .ping_timeout(Duration::from_secs(20))
        .upgrade_timeout(Duration::from_secs(10))
        .connect_timeout(Duration::from_secs(45))
        .admission_timeout(Duration::from_secs(10))
        .body_idle_timeout(Duration::from_secs(20))
        .body_timeout(Duration::from_secs(60))
        .message_timeout(Duration::from_secs(60))
        .attachment_timeout(Duration::from_secs(10))
        .write_timeout(Duration::from_secs(20))
        .farewell_timeout(Duration::from_secs(5))
        .ack_timeout(Duration::from_secs(5))
        .close_timeout(Duration::from_secs(10))
        .max_payload(1_000_000)
        .max_fragments(1024)
        .max_attachments(10)
        .max_attachment_bytes(10_000_000)
        .max_namespaces(100)
        .max_namespace_len(512)
        .max_event_len(256)
        .max_room_len(256)
        .max_rooms(usize::MAX)
        .max_pending_acks(1000)
        .max_running(64)
        .max_queued(1024 * 1024, 16 * 1024)
        .min_write_progress(4096)
        .overflow(Overflow::Close)
}

fn recovery_as_it_is() -> StateRecovery {
    StateRecovery::new()
        .max_disconnection(Duration::from_secs(120))
        .max_packets(10_000)
        .max_bytes(16 * 1024 * 1024)
        .max_sessions(10_000)
        .skip_middleware(false)
}

/// Rows of the page that are called otherwise in the code, or that are not of the layer itself.
const CALLED: [(&str, &str); 4] = [
    ("`SocketIoLayer::max_sessions`", "transport.max_sessions"),
    ("`max_queued`, bytes", "max_queued_bytes"),
    ("`max_queued`, packets", "max_queued_packets"),
    ("`close_timeout`", "config.close_timeout"),
];

/// What the code has and the page need not say: what is declared, and what no option changes.
const NOT_ON_THE_PAGE: [&str; 5] =
    ["transport.limits.close_timeout", "root.middleware", "root.layers", "root.sequential", "dynamic_namespaces"];

#[test]
fn the_code_of_the_page_is_the_default() {
    assert_eq!(format!("{:?}", as_it_is()), format!("{:?}", SocketIoLayer::<()>::new()));
    assert_eq!(format!("{:?}", recovery_as_it_is()), format!("{:?}", StateRecovery::new()));
}

#[test]
fn the_tables_have_the_defaults_of_the_code_and_all_of_them() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/DEFAULTS.md");
    let page = fs::read_to_string(page).expect("the page");
    let mut in_the_code = leaves(&SocketIoLayer::<()>::new());
    in_the_code.extend(leaves(&StateRecovery::new()));

    let mut seen = BTreeSet::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let called = CALLED
            .iter()
            .find(|(row, _)| *row == cells[0])
            .map_or_else(|| cells[0].trim_matches('`'), |(_, name)| name);
        let known = in_the_code.iter().find(|(path, _)| *path == called || path.ends_with(&format!(".{called}")));
        if let Some((path, value)) = known {
            assert_eq!(amount(cells[1]), amount(value), "{} on the page, {path} in the code", cells[0]);
            seen.insert(path.as_str());
        }
    }

    let amounts = in_the_code.iter().filter(|(_, value)| amount(value).is_some()).map(|(path, _)| path.as_str());
    let missing: Vec<_> = amounts.filter(|path| !seen.contains(path) && !NOT_ON_THE_PAGE.contains(path)).collect();
    assert!(missing.is_empty(), "the page does not say {missing:?}");
}

/// The values in what `Debug` prints, each by the names of the fields that lead to it.
fn leaves(of: &impl Debug) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    let mut way = Vec::new();
    for line in format!("{of:#?}").lines().map(str::trim).skip(1) {
        if let Some((name, _)) = line.strip_suffix('{').or(line.strip_suffix('(')).and_then(|open| open.split_once(':'))
        {
            way.push(name);
        } else if line.starts_with(['}', ')']) {
            way.pop();
        } else if let Some((name, value)) = line.trim_end_matches(',').split_once(": ") {
            let path: Vec<&str> = way.iter().copied().chain([name]).collect();
            leaves.insert(path.join("."), value.to_owned());
        }
    }
    leaves
}

/// An amount as a person or `Debug` writes it: bytes, pieces or milliseconds; `None` if it is none, or there is no limit.
fn amount(text: &str) -> Option<u64> {
    if text == usize::MAX.to_string() {
        return None;
    }
    let text = text.replace(',', "");
    let digits = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" | "ms" | "bytes" => 1,
        "s" => 1000,
        "min" => 60_000,
        "MiB" => 1024 * 1024,
        other => panic!("{text:?} has the unit {other:?}"),
    };
    Some(number * unit)
}
