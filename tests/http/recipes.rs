//! The pages and the tests are one: each block of code on them is code of this folder.

use std::path::Path;
use std::{env, fs};

/// The pages with recipes.
const PAGES: [&str; 3] = ["MIDDLEWARE.md", "METRICS.md", "DEFAULTS.md"];

#[test]
fn the_code_of_the_pages_is_the_code_of_the_tests() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: Vec<String> = fs::read_dir(tests.join("http"))
        .expect("this folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| without_indents(&fs::read_to_string(path).expect("a source")))
        .collect();

    for page in PAGES {
        let text = fs::read_to_string(tests.join("../docs").join(page)).expect("the page");
        let blocks: Vec<&str> = text.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(!blocks.is_empty(), "{page} has no code");
        for block in blocks {
            let code = without_indents(block);
            assert!(sources.iter().any(|source| source.contains(&code)), "{page}: no code of the tests:\n{block}");
        }
    }
}

fn without_indents(code: &str) -> String {
    code.lines().flat_map(|line| [line.trim(), "\n"]).collect()
}
