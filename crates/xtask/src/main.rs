//! `cargo xtask`: what takes more than one command, in one. It asks for nothing but Rust and Node.js.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to a terminal")]

mod bench;
mod demo;
mod fuzz;
mod guard;
mod npm;
mod place;
mod process;
mod programs;
mod python;
mod soak;
mod summary;
mod test;

use std::process::ExitCode;

/// What went wrong, for the user to read.
type Result<T> = std::result::Result<T, String>;

const USAGE: &str = "\
usage: cargo xtask demo [--port PORT] [--host ADDRESS] [--release]
         builds the chat, fetches the browser client it needs, and serves it
       cargo xtask demo --cluster [--haproxy] [--port PORT] [--release]
         the same with a chat on three nodes, behind nginx or HAProxy; redis-server and one of these have to be there
       cargo xtask test [ARGUMENTS OF cargo test]
         installs what the tests need and runs them all, or those that the arguments name
       cargo xtask autobahn [ARGUMENTS OF cargo test]
         installs the Autobahn cases and has them judge the WebSocket: RFC 6455
       cargo xtask bench [OPTIONS]
         measures Pintle beside its peers; `cargo xtask bench --help` has the options
       cargo xtask bench cluster [OPTIONS]
         measures several nodes that share a broker, beside Node's; `--help` has the options
       cargo xtask guard [--renew]
         counts the instructions of the hot path and compares them with those checked in, or replaces these
       cargo xtask fuzz [TARGET...] [--minutes N | --briefly]
         has a fuzzer look for input that breaks what is promised; ten minutes for all targets together, or N
       cargo xtask soak [figures [F1 F10 ...]] [--minutes N] [OPTIONS]
         loads the server with mixed traffic for long, or takes the figures of load; `cargo xtask soak --help` has the options";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next();
    let rest: Vec<String> = args.collect();
    let done = process::stop_on_interrupt().and_then(|()| match command.as_deref() {
        Some("demo") => demo::run(&rest),
        Some("test") => test::run(&rest),
        Some("autobahn") => test::autobahn(&rest),
        Some("bench") => bench::run(&rest),
        Some("guard") => guard::run(&rest),
        Some("fuzz") => fuzz::run(&rest),
        Some("soak") => soak::run(&rest),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(format!("there is no command {other:?}\n{USAGE}")),
        None => Err(USAGE.to_owned()),
    });
    done.unwrap_or_else(|message| {
        eprintln!("{message}");
        ExitCode::FAILURE
    })
}
