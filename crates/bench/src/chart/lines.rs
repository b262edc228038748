//! Lines over a logarithmic axis.

use super::svg::{Anchor, Svg};
use crate::table::whole;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 40.0;

/// A picture of lines.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) title: &'a str,
    pub(super) note: &'a str,
    pub(super) lines: Vec<Line<'a>>,
}

#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    /// How many there were, and what it cost then. Sorted.
    pub(super) points: Vec<(f64, f64)>,
}

impl Lines<'_> {
    pub(super) fn draw(&self) -> String {
        let mut svg = Svg::new(WIDTH);
        svg.text((10.0, 22.0), Anchor::Start, "t", self.title);
        svg.text((10.0, 40.0), Anchor::Start, "n", self.note);
        let names: Vec<(usize, &str)> = self.lines.iter().map(|line| line.name).enumerate().collect();
        svg.legend((10.0, 60.0), &names);

        let points = || self.lines.iter().flat_map(|line| &line.points);
        let highest = points().map(|point| point.1).fold(f64::MIN_POSITIVE, f64::max) * 1.1;
        let first = points().map(|point| point.0).fold(f64::INFINITY, f64::min).ln();
        let last = points().map(|point| point.0).fold(1.0, f64::max).ln();
        // One point alone stands at the left.
        let span = if last > first { last - first } else { 1.0 };
        let x = |count: f64| LEFT + (count.ln() - first) / span * (WIDTH - LEFT - RIGHT);
        let y = |cost: f64| HEIGHT - BOTTOM - cost / highest * (HEIGHT - TOP - BOTTOM);

        let step = step(highest);
        for mark in (0..).map(|i| f64::from(i) * step).take_while(|mark| *mark <= highest) {
            svg.rule((LEFT, y(mark)), (WIDTH - RIGHT, y(mark)));
            svg.text((LEFT - 8.0, y(mark) + 4.0), Anchor::End, "n", &format!("{mark:.1}"));
        }
        let mut counts: Vec<f64> = points().map(|point| point.0).collect();
        counts.sort_by(f64::total_cmp);
        counts.dedup();
        for count in counts {
            svg.text((x(count), HEIGHT - BOTTOM + 18.0), Anchor::Middle, "n", &whole(count));
        }
        for (series, line) in self.lines.iter().enumerate() {
            let points: Vec<(f64, f64)> = line.points.iter().map(|&(count, cost)| (x(count), y(cost))).collect();
            svg.line(&points, series);
        }
        svg.finish(HEIGHT, self.title)
    }
}

/// A round distance of marks, so that there are three to eight up to `highest`.
fn step(highest: f64) -> f64 {
    let power = 10_f64.powf((highest / 3.0).log10().floor());
    [5.0, 2.0, 1.0].map(|factor| factor * power).into_iter().find(|step| highest / step >= 3.0).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        for highest in [0.07, 0.29, 1.0, 2.2, 5.0, 9.99, 14.0, 400.0] {
            let marks = highest / step(highest);
            assert!((3.0..9.0).contains(&marks), "{marks} marks up to {highest}");
        }
        assert_eq!(step(2.2), 0.5);
    }
}
