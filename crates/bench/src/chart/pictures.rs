//! Which pictures there are, and what they show.

use super::bars::{Bar, Bars, Group};
use super::lines::{Line, Lines};
use crate::hosts::HOSTS;
use crate::report::{growth_of, is_memory, title};
use crate::results::{Measures, Results, Row};
use crate::table::{figures, whole};

/// The host to which the others are compared.
const REFERENCE: &str = "socketioxide";

/// All pictures of which these results have something to show, and their names.
pub(crate) fn pictures(results: &Results) -> Vec<(&'static str, String)> {
    let all = [("cpu", cpu(results)), ("memory", memory(results)), ("growth", growth(results))];
    all.into_iter().filter_map(|(name, picture)| Some((name, picture?))).collect()
}

/// The CPU of each host for each work, relative to one.
fn cpu(results: &Results) -> Option<String> {
    let rows = results.rows.iter().filter(|row| !is_memory(row) && growth_of(row).is_none());
    let group = |row: &Row| {
        let reference = row.median(REFERENCE)?.cpu;
        let bar = |measures: &Measures| Some((measures.cpu / reference, format!("{} µs", figures(measures.cpu))));
        Some(Group { label: row.work.clone(), bars: bars(results, row, bar) })
    };
    let groups: Vec<Group> = rows.filter_map(group).collect();
    let rules = [0.5, 1.0, 2.0, 3.0, 4.0].map(|value| (value, format!("{value}")));
    let bars = Bars {
        title: "CPU of the server, relative to socketioxide",
        note: "Less is better. The numbers are microseconds for a unit of the work; bars end at 4.",
        series: series(results),
        groups,
        longest: 4.0,
        rules: rules.into(),
    };
    (!bars.groups.is_empty()).then(|| bars.draw())
}

/// The bytes of a connection that does nothing.
fn memory(results: &Results) -> Option<String> {
    let bar = |measures: &Measures| {
        let bytes = measures.memory?.per_connection;
        Some((bytes, whole(bytes)))
    };
    let group = |row: &Row| {
        let count = row.work.rsplit('-').next()?.parse().ok()?;
        Some(Group { label: format!("{} idle", whole(count)), bars: bars(results, row, bar) })
    };
    let groups: Vec<Group> = results.rows.iter().filter(|row| is_memory(row)).filter_map(group).collect();
    let longest = groups.iter().flat_map(|group| &group.bars).map(|bar| bar.value).fold(1.0, f64::max);
    let steps = (1..).map(|i| f64::from(i) * 10_000.0).take_while(|step| *step <= longest);
    let bars = Bars {
        title: "Resident bytes of an idle WebSocket connection",
        note: "Less is better.",
        series: series(results),
        rules: steps.map(|step| (step, whole(step))).collect(),
        groups,
        longest,
    };
    (!bars.groups.is_empty()).then(|| bars.draw())
}

/// What an event costs when there is more and more of something else.
fn growth(results: &Results) -> Option<String> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (what, count, row) in results.rows.iter().filter_map(growth_of) {
        let (Ok(count), Some(measures)) = (count.parse(), row.median("pintle")) else { continue };
        let index = lines.iter().position(|line| line.name == what).unwrap_or_else(|| {
            lines.push(Line { name: what, points: Vec::new() });
            lines.len() - 1
        });
        lines[index].points.push((count, measures.cpu));
    }
    lines.iter_mut().for_each(|line| line.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
    let lines = Lines {
        title: "What a message costs Pintle when there is more of everything",
        note: "Microseconds of CPU: for an echo among so many, and for a delivery of a broadcast to so many.",
        lines,
    };
    (!lines.lines.is_empty()).then(|| lines.draw())
}

/// The series of a host is its place among all, so that it has the same colour everywhere.
fn place(host: &str) -> usize {
    HOSTS.iter().position(|other| other.name == host).unwrap_or(HOSTS.len())
}

fn series(results: &Results) -> Vec<(usize, &str)> {
    results.hosts.iter().map(|host| (place(&host.name), title(&host.name))).collect()
}

/// A bar for each host of which there is a value, with its text.
fn bars(results: &Results, row: &Row, bar: impl Fn(&Measures) -> Option<(f64, String)>) -> Vec<Bar> {
    let bar = |host: &str| {
        let (value, text) = bar(row.median(host)?)?;
        Some(Bar { series: place(host), value, text })
    };
    results.hosts.iter().filter_map(|host| bar(&host.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::svg::tests::check;
    use crate::results::tests::{results, row};

    fn without_memory(mut row: Row) -> Row {
        row.cells.iter_mut().for_each(|cell| cell.median.as_mut().unwrap().memory = None);
        row
    }

    #[test]
    fn pictures_are_well_formed() {
        let hosts = [("pintle", 2.0), ("socketioxide", 4.0), ("bun", 3.0), ("node", 40.0), ("floor", 1.5)];
        let echo = without_memory(row("echo-16", &hosts));
        let rooms = ["growth-rooms-100", "growth-rooms-1000", "growth-sockets-100"];
        let rooms = rooms.map(|work| without_memory(row(work, &hosts[..1])));
        let rows = [echo, row("idle-5000", &hosts)].into_iter().chain(rooms).collect();
        let pictures = pictures(&results(rows));
        let names: Vec<&str> = pictures.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["cpu", "memory", "growth"]);
        pictures.iter().for_each(|(_, picture)| check(picture));
        let bars = |picture: &str| picture.matches("<rect").count();
        // One for each host, and one in the legend.
        assert_eq!((bars(&pictures[0].1), bars(&pictures[1].1)), (10, 10));
        assert!(pictures[0].1.contains("40.0 µs") && pictures[1].1.contains("40,000"));
        assert_eq!(pictures[2].1.matches("<polyline").count(), 2);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(pictures(&results(Vec::new())).is_empty());
        let alone = without_memory(row("echo-16", &[("pintle", 2.0)]));
        assert!(pictures(&results(vec![alone])).is_empty(), "there is nothing to compare with");
    }
}
