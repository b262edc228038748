//! Processes that stand still, as when the machine is suspended, or are asked to end.

use std::process::Command;

/// Stops a process, until it is to [go on](resume).
pub fn pause(pid: u32) {
    signal("STOP", pid);
}

/// Has a process go on that was [paused](pause).
pub fn resume(pid: u32) {
    signal("CONT", pid);
}

/// Asks a process to end.
pub fn terminate(pid: u32) {
    signal("TERM", pid);
}

fn signal(name: &str, pid: u32) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().expect("`kill` is there");
    assert!(status.success(), "SIG{name} was sent");
}
