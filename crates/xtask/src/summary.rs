//! What `cargo test` said, counted.

use std::fmt;

/// The results of all suites.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    suites: Vec<Suite>,
    /// What could not be prepared, and what is not tested for it.
    missing: Vec<String>,
    /// A run of cargo that ended badly, though no test did: something does not compile, say.
    broken: Vec<String>,
}

#[derive(Debug, Default)]
struct Suite {
    name: String,
    passed: usize,
    ignored: usize,
    failed: Vec<String>,
    skipped: Vec<String>,
    /// Whether the harness counted its tests; a suite without one is a single test.
    counted: bool,
}

impl Summary {
    /// Takes a line of cargo's output.
    pub(crate) fn line(&mut self, line: &str) {
        let text = line.trim();
        if let Some(what) = text.strip_prefix("Running ") {
            self.suites.extend(started(what).map(Suite::new));
        } else if let Some(package) = text.strip_prefix("Doc-tests ") {
            self.suites.push(Suite::new(format!("{package}: examples in the documentation")));
        }
        let Some(suite) = self.suites.last_mut() else { return };
        if let Some((_, reason)) = text.split_once("SKIPPED: ") {
            suite.skipped.push(reason.to_owned());
        } else if let Some(counts) = text.strip_prefix("test result: ") {
            suite.counted = true;
            suite.passed += count(counts, "passed");
            suite.ignored += count(counts, "ignored");
        } else if let Some(name) = text.strip_prefix("test ").and_then(|test| test.strip_suffix(" ... FAILED")) {
            suite.failed.push(name.to_owned());
        } else if text.starts_with("error: test failed") && suite.failed.is_empty() {
            // It crashed, or has no harness to name a test.
            suite.failed.push(suite.name.clone());
        }
    }

    /// Takes a program or package that the tests have to do without.
    pub(crate) fn missing(&mut self, tests: &str, reason: &str) {
        self.missing.push(format!("{tests}: {reason}"));
    }

    /// Takes the end of a run of cargo.
    pub(crate) fn ended(&mut self, command: &str, success: bool) {
        for suite in &mut self.suites {
            if !suite.counted && suite.failed.is_empty() {
                suite.passed = 1;
            }
            suite.counted = true;
        }
        if !success && self.suites.iter().all(|suite| suite.failed.is_empty()) {
            self.broken.push(command.to_owned());
        }
    }

    fn failed(&self) -> usize {
        self.suites.iter().map(|suite| suite.failed.len()).sum::<usize>() + self.broken.len()
    }

    pub(crate) fn success(&self) -> bool {
        self.failed() == 0
    }
}

impl Suite {
    fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// Tests that said they skipped themselves, which the harness counts as passed. One may have said it more than once.
    fn skipped(&self) -> usize {
        self.skipped.len().min(self.passed)
    }

    fn ran(&self) -> usize {
        self.passed - self.skipped()
    }
}

/// The name of a suite, from `unittests src/lib.rs (target/debug/deps/pintle_engine-0123456789abcdef)`.
fn started(what: &str) -> Option<String> {
    let (target, program) = what.strip_suffix(')')?.split_once(" (")?;
    let stem = program.rsplit(['/', '\\']).next()?.rsplit_once('-')?.0;
    Some(format!("{stem}: {}", target.trim_start_matches("unittests ")))
}

/// The number before a word, in `ok. 12 passed; 0 failed; 1 ignored; ...`.
fn count(counts: &str, word: &str) -> usize {
    let before = counts.split(word).next().unwrap_or_default();
    before.split_whitespace().last().and_then(|number| number.parse().ok()).unwrap_or(0)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A suite without tests (an example, a program) says nothing.
        let spoken = self.suites.iter().filter(|s| s.passed + s.ignored + s.failed.len() > 0);
        for suite in spoken {
            let verdict = if suite.failed.is_empty() { "ok" } else { "FAILED" };
            write!(f, "{verdict:7} {}: {} passed", suite.name, suite.ran())?;
            for (number, word) in [(suite.skipped(), "skipped"), (suite.ignored, "ignored")] {
                if number > 0 {
                    write!(f, ", {number} {word}")?;
                }
            }
            writeln!(f)?;
            suite.failed.iter().try_for_each(|name| writeln!(f, "        FAILED {name}"))?;
            let mut reasons = suite.skipped.clone();
            reasons.dedup();
            reasons.iter().try_for_each(|reason| writeln!(f, "        SKIPPED {reason}"))?;
        }
        self.missing.iter().try_for_each(|reason| writeln!(f, "SKIPPED {reason}"))?;
        self.broken.iter().try_for_each(|command| writeln!(f, "FAILED  {command}"))?;

        let passed: usize = self.suites.iter().map(Suite::ran).sum();
        let skipped: usize = self.suites.iter().map(|suite| suite.skipped() + suite.ignored).sum();
        write!(f, "{passed} passed, {} failed", self.failed())?;
        if skipped > 0 { write!(f, ", {skipped} skipped") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(output: &str, success: bool) -> Summary {
        let mut summary = Summary::default();
        output.lines().for_each(|line| summary.line(line));
        summary.ended("cargo test", success);
        summary
    }

    #[test]
    fn results_are_added_up() {
        let output = "\
     Running unittests src/lib.rs (target/debug/deps/pintle_engine-0123456789abcdef)
running 3 tests
test frame::short ... ok
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running interop/main.rs (target/debug/deps/interop-0123456789abcdef)
SKIPPED: no Python
test rooms ... FAILED
test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
error: test failed, to rerun pass `-p pintle-tests --test interop`
     Running benches/plain.rs (target/release/deps/plain-0123456789abcdef)
   Doc-tests pintle
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        let summary = summary(output, false);
        assert!(!summary.success());
        let text = summary.to_string();
        assert_eq!(text.lines().last(), Some("9 passed, 1 failed, 2 skipped"), "{text}");
        assert!(text.contains("ok      pintle_engine: src/lib.rs: 3 passed, 1 ignored\n"), "{text}");
        assert!(
            text.contains("FAILED  interop: interop/main.rs: 3 passed, 1 skipped\n        FAILED rooms\n"),
            "{text}"
        );
        assert!(text.contains("        SKIPPED no Python\n"), "{text}");
    }

    #[test]
    fn what_does_not_compile_has_failed() {
        let broken = summary("error: could not compile `pintle`", false);
        assert!(!broken.success());
        assert_eq!(broken.to_string(), "FAILED  cargo test\n0 passed, 1 failed");
    }

    #[test]
    fn a_suite_that_crashes_has_failed_once() {
        let output = "\
     Running tests/plain.rs (target/debug/deps/plain-0123456789abcdef)
error: test failed, to rerun pass `-p example-chat --test plain`
";
        assert_eq!(summary(output, false).to_string().lines().last(), Some("0 passed, 1 failed"));
    }
}
