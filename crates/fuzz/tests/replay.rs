//! Every seed, and everything that a fuzzer has ever found, once more.

#![allow(clippy::print_stdout, reason = "where it fails, one wants to know how far it came")]

use std::fs;
use std::path::Path;

use pintle_fuzz::TARGETS;

/// One test: what an input asks for is counted in the whole process, so nothing else may run.
#[test]
fn seeds_and_what_was_found_before() {
    for target in TARGETS {
        let mut tried = 0;
        for seed in target.seeds() {
            target.run(&seed);
            tried += 1;
        }
        let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target.name);
        // Most have none, and then there is no such folder.
        for file in fs::read_dir(found).into_iter().flatten().flatten() {
            println!("{}", file.path().display());
            target.run(&fs::read(file.path()).expect("a regression can be read"));
            tried += 1;
        }
        println!("{}: {tried} inputs", target.name);
    }
}
