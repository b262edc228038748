//! `docs/METRICS.md` and the code say the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pintle::SocketIoLayer;

use crate::recorder::Counts;

#[test]
fn the_page_lists_what_there_is_and_nothing_else() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/METRICS.md");
    let page = fs::read_to_string(page).expect("the page");
    let counts = Counts::default();
    metrics::with_local_recorder(&counts, || SocketIoLayer::<()>::new().io());

    // `| name | kind | labels | what |`
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `pintle_"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split('|').map(str::trim).collect()).collect();
    let on_the_page: BTreeMap<String, String> =
        rows.iter().map(|row| (format!("pintle_{}", row[0].trim_end_matches('`')), row[1].to_owned())).collect();
    assert_eq!(on_the_page, counts.described());

    // Each value of each label, but for those that the app declares. Some are said below the table.
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for name in counts.names() {
        let (name, labels) = name.split_once('{').unwrap_or((&name, ""));
        let row =
            rows.iter().find(|row| format!("pintle_{}", row[0].trim_end_matches('`')) == name).expect("seen above");
        for label in labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()) {
            let (label, value) = label.split_once('=').expect("a label and its value");
            let value = value.trim_matches('"');
            let expected = if label == "namespace" || label == "event" { label } else { value };
            let place = if row[2].contains("see below") { &words } else { row[2] };
            assert!(place.contains(&format!("`{expected}`")), "{name}: {label} {value:?} is not on the page");
        }
    }
}
