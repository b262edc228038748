//! What is said of results: on the terminal as they come, and in the documentation.

use std::fmt::Write as _;

use crate::hosts::Host;
use crate::musts::{self, Measure, Verdict};
use crate::results::{Cell, Measures, Percentiles, Results, Row};
use crate::run::{FLOOR, GROWTH};
use crate::table::{Table, figures, whole};

const MEBIBYTE: f64 = (1 << 20) as f64;

/// What was measured, on what, and how.
pub(crate) fn setting(results: &Results) -> String {
    let machine = &results.machine;
    let mut text = format!(
        "{}, {} cores, {} GiB, {}; {}. Rounds: {}, of {} s each.\n\n",
        machine.cpu,
        machine.cores,
        machine.memory >> 30,
        machine.kernel,
        machine.day,
        results.rounds,
        results.seconds,
    );
    for host in &results.hosts {
        let _ = writeln!(text, "- {}: {}", title(&host.name), host.version);
    }
    text
}

/// What came of one work, and whether that is enough.
pub(crate) fn work(results: &Results, work: &str) -> String {
    let Some(row) = results.row(work) else { return String::new() };
    let mut text = table(row).plain();
    text.extend(gaps(row).map(|gap| format!("  - {gap}\n")));
    text.extend(musts::verdicts(results, Some(work)).iter().map(|verdict| format!("  {}\n", told(verdict))));
    text
}

/// What came of all works.
pub(crate) fn all(results: &Results) -> String {
    let each = results.rows.iter().map(|row| format!("\n{}: {}\n{}", row.work, row.what, work(results, &row.work)));
    setting(results) + &each.collect::<String>()
}

/// What each host came to.
pub(crate) fn table(row: &Row) -> Table {
    if is_memory(row) { memory_of(row) } else { speed_of(row) }
}

/// The CPU of each host for each work, and what Pintle needs of it.
pub(crate) fn cpu(results: &Results) -> Table {
    let mut table = Table::new(2, ["work", "unit"].into_iter().chain(titles(results)));
    for row in results.rows.iter().filter(|row| !is_memory(row) && !is_growth(row)) {
        let own = row.median("pintle").map(|own| own.cpu);
        let cell = |host: &str| match (row.median(host), own) {
            (Some(peer), Some(own)) if host != "pintle" => format!("{} ({:.2})", figures(peer.cpu), own / peer.cpu),
            (measures, _) => or_none(measures.map(|measures| figures(measures.cpu))),
        };
        table.row(by_host(results, row, cell));
    }
    table
}

/// How many units a second each host managed, with its core to itself.
pub(crate) fn rates(results: &Results) -> Table {
    let mut table = Table::new(2, ["work", "unit"].into_iter().chain(titles(results)));
    for row in results.rows.iter().filter(|row| !is_memory(row) && !is_growth(row)) {
        let cell = |host: &str| or_none(row.median(host).map(|measures| whole(measures.rate)));
        table.row(by_host(results, row, cell));
    }
    table
}

/// Latencies in milliseconds: 50 %, 99 % and 99.9 % take no longer.
pub(crate) fn latencies(results: &Results) -> Table {
    let mut table = Table::new(2, ["work", "unit"].into_iter().chain(titles(results)));
    for row in results.rows.iter().filter(|row| !is_memory(row) && !is_growth(row)) {
        let latency = |host: &str| row.median(host).and_then(|measures| measures.latency);
        if results.hosts.iter().all(|host| latency(&host.name).is_none()) {
            continue;
        }
        let told = |l: Percentiles| [l.p50, l.p99, l.p999].map(|millis| format!("{millis:.2}")).join(" / ");
        table.row(by_host(results, row, |host| or_none(latency(host).map(told))));
    }
    table
}

/// What connections occupy that do nothing, and what they cost.
pub(crate) fn memory(results: &Results) -> Table {
    let header =
        ["host", "connections", "bytes each", "CPU of a core", "before", "connected", "after", "after : before"];
    let mut table = Table::new(1, header);
    for row in results.rows.iter().filter(|row| is_memory(row)) {
        let count = row.work.rsplit('-').next().and_then(|count| count.parse().ok()).map(whole);
        for host in &results.hosts {
            let [_, cells @ ..] = memory_cells(&host.name, row.median(&host.name), None);
            table.row([title(&host.name).to_owned(), or_none(count.clone())].into_iter().chain(cells));
        }
    }
    table
}

/// What Pintle must show, and whether it does.
pub(crate) fn musts(results: &Results) -> Table {
    let mut table = Table::new(2, ["work", "what", "is", "must be", ""]);
    for verdict in musts::verdicts(results, None) {
        let [what, is, must] = parts(&verdict);
        table.row([verdict.must.work.to_owned(), what, is, must, verdict.outcome().to_owned()]);
    }
    table
}

/// What an event costs Pintle when there is more and more of something else.
pub(crate) fn growth(results: &Results) -> Table {
    let rows: Vec<(&str, &str, &Row)> = results.rows.iter().filter_map(growth_of).collect();
    let mut counts: Vec<&str> = rows.iter().map(|&(_, count, _)| count).collect();
    counts.sort_by_key(|count| count.parse::<u64>().unwrap_or(u64::MAX));
    counts.dedup();
    let mut table = Table::new(2, ["", "unit"].into_iter().chain(counts.iter().copied()));
    let mut told: Vec<&str> = Vec::new();
    for &(what, _, row) in &rows {
        if told.contains(&what) {
            continue;
        }
        told.push(what);
        for (host, name) in [("pintle", what.to_owned()), (FLOOR, format!("{what}, floor"))] {
            let at = |count: &&str| {
                let of_them = rows.iter().find(|&&(other, at, _)| other == what && at == *count);
                of_them.and_then(|(_, _, row)| row.median(host)).map(|measures| figures(measures.cpu))
            };
            let all: Vec<_> = counts.iter().map(at).collect();
            if all.iter().any(Option::is_some) {
                table.row([name, row.unit.clone()].into_iter().chain(all.into_iter().map(or_none)));
            }
        }
    }
    table
}

/// Of what there is more and more in a work, how much of it there is, and what came of it; `None` of other works.
pub(crate) fn growth_of(row: &Row) -> Option<(&str, &str, &Row)> {
    let (what, count) = row.work.strip_prefix(GROWTH)?.rsplit_once('-')?;
    Some((what, count, row))
}

/// What was not measured, and why.
pub(crate) fn all_gaps(results: &Results) -> Vec<String> {
    results.rows.iter().flat_map(|row| gaps(row).map(move |gap| format!("{}, {gap}", row.work))).collect()
}

/// What a host is called where there is room.
pub(crate) fn title(host: &str) -> &str {
    Host::named(host).map_or(host, |host| host.title)
}

pub(crate) fn is_memory(row: &Row) -> bool {
    row.cells.iter().any(Cell::measured_memory)
}

fn is_growth(row: &Row) -> bool {
    row.work.starts_with(GROWTH)
}

fn titles(results: &Results) -> impl Iterator<Item = &str> {
    results.hosts.iter().map(|host| title(&host.name))
}

fn by_host(results: &Results, row: &Row, cell: impl Fn(&str) -> String) -> Vec<String> {
    let cells = results.hosts.iter().map(|host| cell(&host.name));
    [row.work.clone(), row.unit.clone()].into_iter().chain(cells).collect()
}

fn or_none(cell: Option<String>) -> String {
    cell.unwrap_or_else(|| "-".to_owned())
}

fn speed_of(row: &Row) -> Table {
    let cpu = format!("µs/{}", row.unit);
    let header = ["host", &cpu, "Pintle : it", "a second", "p50 ms", "p99", "p99.9", "host busy", "load busy"];
    let mut table = Table::new(1, header);
    let own = row.median("pintle").map(|own| own.cpu);
    for cell in &row.cells {
        let Some(measures) = &cell.median else {
            table.row([title(&cell.host), "-"]);
            continue;
        };
        let ratio = own.filter(|_| cell.host != "pintle").map(|own| format!("{:.2}", own / measures.cpu));
        let latency = measures.latency.map(|latency| [latency.p50, latency.p99, latency.p999]);
        let [p50, p99, p999] =
            latency.map_or_else(Default::default, |times| times.map(|millis| format!("{millis:.2}")));
        table.row([
            title(&cell.host).to_owned(),
            figures(measures.cpu),
            ratio.unwrap_or_default(),
            whole(measures.rate),
            p50,
            p99,
            p999,
            percent(measures.host_load),
            percent(measures.generator_load),
        ]);
    }
    table
}

fn memory_of(row: &Row) -> Table {
    let header =
        ["host", "Pintle : it", "bytes each", "CPU of a core", "before", "connected", "after", "after : before"];
    let mut table = Table::new(1, header.into_iter().chain(["after : connected"]));
    let own = row.median("pintle").and_then(|own| own.memory).map(|own| own.per_connection);
    for cell in &row.cells {
        let cells = memory_cells(&cell.host, cell.median.as_ref(), own);
        let of_connected = cell.median.as_ref().and_then(|median| median.memory);
        let of_connected = of_connected.map(|memory| format!("{:.2}", memory.after / memory.connected));
        table.row([title(&cell.host).to_owned()].into_iter().chain(cells).chain(of_connected));
    }
    table
}

/// The ratio of Pintle's figure to this one, and what there is to say of the host.
fn memory_cells(host: &str, measures: Option<&Measures>, own: Option<f64>) -> [String; 7] {
    let Some((measures, memory)) = measures.and_then(|measures| Some((measures, measures.memory?))) else {
        return ["", "-", "-", "-", "-", "-", "-"].map(str::to_owned);
    };
    let mebibytes = |bytes: f64| format!("{:.1} MiB", bytes / MEBIBYTE);
    let ratio = own.filter(|_| host != "pintle").map(|own| format!("{:.2}", own / memory.per_connection));
    [
        ratio.unwrap_or_default(),
        whole(memory.per_connection),
        percent(measures.host_load),
        mebibytes(memory.before),
        mebibytes(memory.connected),
        mebibytes(memory.after),
        format!("{:.2}", memory.after / memory.before),
    ]
}

fn gaps(row: &Row) -> impl Iterator<Item = String> {
    row.cells.iter().filter_map(|cell| Some(format!("{}: {}", title(&cell.host), cell.missing.as_ref()?)))
}

fn told(verdict: &Verdict) -> String {
    let [what, is, must] = parts(verdict);
    format!("{:6} {what}: {is}, must be {must}", verdict.outcome())
}

/// What is bounded, what it is, and what it may be.
fn parts(verdict: &Verdict) -> [String; 3] {
    let measure = verdict.must.measure;
    let number = |number: f64| match measure {
        Measure::BytesPerConnection if verdict.must.peer.is_none() => whole(number),
        Measure::Core => percent(number),
        _ => format!("{number:.2}"),
    };
    let beside = verdict.must.peer.map(|peer| format!(" : {}'s", title(peer))).unwrap_or_default();
    [
        format!("{}{beside}", measure.what()),
        or_none(verdict.value.map(number)),
        format!("at most {}", number(verdict.must.at_most)),
    ]
}

fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent < 9.95 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{results, row};

    fn speed(work: &str, hosts: &[(&str, f64)]) -> Row {
        let mut row = row(work, hosts);
        row.cells.iter_mut().for_each(|cell| cell.median.as_mut().unwrap().memory = None);
        row
    }

    #[test]
    fn a_work_is_told_with_its_verdicts_and_gaps() {
        let mut echo = speed("echo-16", &[("pintle", 2.0), ("socketioxide", 4.0), ("bun", 3.0)]);
        echo.cells.push(Cell { missing: Some("it fell over".to_owned()), ..Cell::new("node") });
        let text = work(&results(vec![echo]), "echo-16");
        let expected = "  \
host          µs/message  Pintle : it  a second  p50 ms   p99  p99.9  host busy  load busy
  Pintle              2.00                500,000    2.00  4.00   6.00      100 %       50 %
  socketioxide        4.00         0.50   250,000    4.00  8.00  12.00      100 %       50 %
  Bun                 3.00         0.67   333,333    3.00  6.00   9.00      100 %       50 %
  Node                   -
  - Node: it fell over
  ok     CPU : socketioxide's: 0.50, must be at most 0.50
  MISSED CPU : Bun's: 0.67, must be at most 0.57
";
        assert_eq!(text, expected);
    }

    #[test]
    fn memory_is_told_in_bytes_each() {
        let text = work(&results(vec![row("idle-15000", &[("pintle", 6.5), ("bun", 13.0)])]), "idle-15000");
        for expected in [
            "Pintle               6,500         100 %  9.5 MiB   47.7 MiB  10.5 MiB            1.10               0.22",
            "Bun            0.50      13,000",
            "ok     bytes per connection: 6,500, must be at most 8,000",
            "ok     bytes per connection : Bun's: 0.50, must be at most 0.60",
            "MISSED part of a core: 100 %, must be at most 4.0 %",
        ] {
            let spaces = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(spaces(&text).contains(&spaces(expected)), "{expected} is not in\n{text}");
        }
    }

    #[test]
    fn the_documentation_has_a_column_for_each_host() {
        let rows = vec![
            speed("echo-16", &[("pintle", 2.0), ("bun", 4.0)]),
            row("idle-5000", &[("pintle", 6.5), ("bun", 13.0)]),
            speed("growth-rooms-1000", &[("pintle", 2.5)]),
            speed("growth-rooms-100", &[("pintle", 2.0)]),
            speed("growth-sockets-100", &[("pintle", 3.0)]),
        ];
        let results = results(rows);
        let table = cpu(&results).markdown();
        assert!(
            table.contains("| echo-16 | message |   2.00 |            - | 4.00 (0.50) |    - |     - |"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 3, "{table}");
        let table = growth(&results).markdown();
        assert!(table.contains("| rooms   | message | 2.00 | 2.50 |"), "{table}");
        assert!(table.contains("| sockets | message | 3.00 |    - |"), "{table}");
        let table = memory(&results).markdown();
        assert!(table.contains("| Pintle       |       5,000 |      6,500 |"), "{table}");
        assert!(table.contains("| socketioxide |       5,000 |          - |"), "{table}");
    }
}
