//! The short forms: each figure with small numbers, in seconds, to see that it is met, and the soak with a server that does
//! something wrong, to see that it is not. The real ones are `cargo xtask soak` and `cargo xtask soak figures`.

use std::process::{Command, Output};
use std::thread;

/// Runs it, in its short form.
fn run(arguments: &[&str]) -> Output {
    let mut soak = Command::new(env!("CARGO_BIN_EXE_bench-soak"));
    soak.arg("figures").args(arguments).arg("--short").output().expect("it was built with the tests")
}

#[track_caller]
fn is_met(id: &str) {
    let output = run(&[id]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn f1_connections_are_held_in_short() {
    is_met("F1");
}

#[test]
fn f10_all_come_back_in_short() {
    is_met("F10");
}

#[test]
fn f14_hostile_clients_harm_nobody_in_short() {
    is_met("F14");
}

#[test]
fn f15_those_who_do_not_read_are_closed_in_short() {
    is_met("F15");
}

#[test]
fn f16_the_largest_message_comes_back() {
    is_met("F16");
}

#[test]
fn f17_nothing_is_lost_in_short() {
    is_met("F17");
}

#[test]
fn f18_the_soak_in_short() {
    is_met("F18");
}

#[test]
fn f19_a_busy_server_closes_in_short() {
    is_met("F19");
}

#[test]
fn f20_heartbeats_are_on_time_in_short() {
    is_met("F20");
}

#[test]
fn f22_the_worst_is_survived_in_short() {
    is_met("F22");
}

#[test]
fn what_a_server_does_wrong_is_seen() {
    // The fault, where it is looked for, and what is missed then.
    let faults = [
        ("lose", "F17", "lost"),
        ("double", "F17", "doubled"),
        ("swap", "F17", "reordered"),
        ("drop", "F17", "clients dropped"),
        ("panic", "F18", "panics"),
        ("forget", "F17", "tasks left"),
    ];
    // They wait most of the time: together they take as long as one.
    let runs = faults.map(|(fault, id, what)| (what, thread::spawn(move || run(&[id, "--fault", fault]))));
    for (what, run) in runs {
        let output = run.join().unwrap();
        let said = text(&output.stdout);
        let missed = said.lines().any(|line| line.contains(what) && line.ends_with("MISSED"));
        assert!(missed && !output.status.success(), "{what}: {said}");
    }
}
