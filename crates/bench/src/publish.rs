//! The tables and pictures of `docs/PERFORMANCE.md`.

use std::path::Path;
use std::{fs, io};

use crate::chart;
use crate::report;
use crate::results::Results;
use crate::table::Table;

/// Rewrites, in the documentation, what these results say; what they say nothing of stays as it is.
///
/// # Errors
///
/// When a file cannot be written, or a place for a table is missing in the text.
pub(crate) fn publish(results: &Results, docs: &Path) -> io::Result<()> {
    let path = docs.join("PERFORMANCE.md");
    let text = sections(results).iter().try_fold(fs::read_to_string(&path)?, |text, (name, content)| {
        replace(&text, name, content)
            .ok_or_else(|| io::Error::other(format!("{} has no place for {name}", path.display())))
    })?;
    fs::write(path, text)?;

    let pictures = docs.join("performance");
    fs::create_dir_all(&pictures)?;
    for (name, picture) in chart::pictures(results) {
        fs::write(pictures.join(name).with_extension("svg"), picture)?;
    }
    Ok(())
}

/// What there is to say, each under the name of its place.
fn sections(results: &Results) -> Vec<(&'static str, String)> {
    let tables: [(&str, Table); 6] = [
        ("musts", report::musts(results)),
        ("cpu", report::cpu(results)),
        ("rates", report::rates(results)),
        ("latencies", report::latencies(results)),
        ("memory", report::memory(results)),
        ("growth", report::growth(results)),
    ];
    let tables =
        tables.into_iter().filter(|(_, table)| !table.is_empty()).map(|(name, table)| (name, table.markdown()));
    let gaps = match report::all_gaps(results).as_slice() {
        [] => "Nothing is missing.\n".to_owned(),
        gaps => gaps.iter().map(|gap| format!("- {gap}\n")).collect(),
    };
    let texts = [("setting", report::setting(results)), ("gaps", gaps)];
    texts.into_iter().chain(tables).collect()
}

/// Puts the content between `<!-- bench: NAME -->` and the next `<!-- end -->`; `None` if there is no such place.
fn replace(text: &str, name: &str, content: &str) -> Option<String> {
    let start = format!("<!-- bench: {name} -->\n");
    let (before, rest) = text.split_once(&start)?;
    let (_, after) = rest.split_once("<!-- end -->")?;
    Some(format!("{before}{start}\n{content}\n<!-- end -->{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts;
    use crate::results::tests::{results, row};

    const TEXT: &str =
        "before\n<!-- bench: a -->\nold\n<!-- end -->\nbetween\n<!-- bench: b -->\n<!-- end -->\nafter\n";

    #[test]
    fn what_is_outside_of_the_marks_stays() {
        let text = replace(TEXT, "a", "new\n").unwrap();
        let expected =
            "before\n<!-- bench: a -->\n\nnew\n\n<!-- end -->\nbetween\n<!-- bench: b -->\n<!-- end -->\nafter\n";
        assert_eq!(text, expected);
        assert_eq!(replace(&text, "a", "new\n").as_deref(), Some(expected), "a second time changes nothing");
        assert_eq!(replace(TEXT, "c", "new"), None);
        assert_eq!(replace("<!-- bench: a -->\nno end", "a", "new"), None);
    }

    #[test]
    fn the_documentation_has_a_place_for_everything() {
        let docs = hosts::bench().join("../../docs");
        let text = fs::read_to_string(docs.join("PERFORMANCE.md")).unwrap();
        let hosts = [("pintle", 2.0), ("socketioxide", 4.0)];
        let mut rows = ["idle-5000", "echo-16", "growth-rooms-100"].map(|work| row(work, &hosts));
        for row in &mut rows[1..] {
            row.cells.iter_mut().for_each(|cell| cell.median.as_mut().unwrap().memory = None);
        }
        let results = results(rows.into());
        let sections = sections(&results);
        assert_eq!(sections.len(), 8);
        for (name, content) in sections {
            assert!(replace(&text, name, &content).is_some(), "{name}");
        }
        for (name, _) in chart::pictures(&results) {
            assert!(text.contains(&format!("(performance/{name}.svg)")), "{name}");
        }
    }
}
